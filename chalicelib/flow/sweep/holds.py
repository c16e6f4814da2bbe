"""HEAD -> outcomes: drop holds whose time is over, and remind people of the others once a day."""

from __future__ import annotations

from chalicelib.decide.hold import DAY, holding
from chalicelib.flow.hold import tell_holds
from chalicelib.flow.outcome import Outcome
from chalicelib.flow.ports import World
from chalicelib.model.base import Moment
from chalicelib.model.changes import changed_head, changed_hold
from chalicelib.model.heads import Head
from chalicelib.model.holds import Hold


def remind(world: World, head: Head) -> list[Outcome]:
    """Save the holds without those that ended; remind people when the last time was a day ago.

    A hold that has an end needs no reminder. Return an outcome for a service that changed.
    """
    kept = holding(head, world.now)
    due = [hold for hold in kept if _is_due(hold, world.now)]
    if not due and kept == head.holds:
        return []
    reminded = tuple(
        changed_hold(hold, reminded=world.now) if hold in due else hold for hold in kept
    )
    head = world.ledger.save(changed_head(head, holds=reminded))
    if due:
        tell_holds(world, head, "again")
    return [Outcome(outcome="reminded" if due else "hold ended", service=head.service)]


def _is_due(hold: Hold, now: Moment) -> bool:
    return hold.until is None and now - (hold.reminded or hold.since) >= DAY
