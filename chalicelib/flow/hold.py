"""payload -> hold -> reply: `hold` keeps pushes to a service from beginning."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import BaseModel, ConfigDict

from chalicelib.decide.head import met
from chalicelib.decide.hold import held_by, holding
from chalicelib.errors import Refused, Unavailable
from chalicelib.explain.hold import hold_words
from chalicelib.explain.notice import holding as holding_notice
from chalicelib.flow.payload import Name, Text, parsed, target_named
from chalicelib.flow.ports import World
from chalicelib.flow.retry import retried
from chalicelib.model.base import iso
from chalicelib.model.heads import Head
from chalicelib.model.holds import Hold

_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
_LONGEST = timedelta(days=366)


class HoldRequest(BaseModel):
    """The payload of `hold`. `until` is like "90m", "4h" or "2d", or a time (ISO 8601)."""

    model_config = ConfigDict(defer_build=True, extra="forbid", strict=True)

    service: Name
    by: Text
    why: Text
    until: Text | None = None
    key: Text | None = None


def hold_by_hand(world: World, payload: object) -> dict[str, Any]:
    """Hold pushes to a service, and return `{"service", "holds", "held"}`.

    A new hold of a person takes the place of an earlier one. The same `key` again changes nothing
    while that hold stands.
    A service that Slipway has not met yet can be held, too.
    What waits becomes HELD at its next step. What has begun goes on, and rollbacks go through.
    `holds` are all holds in words, and `held` is the id of the deployment that is HELD, if any.

    Raises:
        Refused: when the payload is wrong, or no target has this service.
        Unavailable: when the ledger does not answer; then nothing was held.
    """
    asked = parsed(HoldRequest, payload)
    target = target_named(world, asked.service)
    hold = Hold(
        kind="person",
        by=asked.by,
        why=asked.why,
        since=world.now,
        until=_until(asked.until, world.now),
        key=asked.key or "",
        request=world.holder,
        reminded=world.now,
    )
    head, new = retried(target.name, lambda: _held(world, target.name, hold))
    if new:
        tell_holds(world, head, "set")
    return replied(world, head)


def replied(world: World, head: Head) -> dict[str, Any]:
    """Return the reply that tells a service's holds, and what is HELD."""
    return {
        "service": head.service,
        "holds": [described(hold) for hold in holding(head, world.now)],
        "held": head.held.deployment if head.held else "",
    }


def described(hold: Hold) -> dict[str, Any]:
    """Return a hold in the form of a reply; its times are ISO 8601 in UTC."""
    return {
        "kind": hold.kind,
        "by": hold.by,
        "why": hold.why,
        "since": iso(hold.since),
        "until": iso(hold.until) if hold.until else None,
        "words": hold_words(hold),
        "request": hold.request,
    }


def _held(world: World, service: str, hold: Hold) -> tuple[Head, bool]:
    """Return HEAD with the hold, and whether the hold is new."""
    head = world.ledger.head(service) or met(service, None, world.now)
    if hold.key and any(hold.key == other.key for other in head.holds):
        return head, False
    return world.ledger.save(held_by(head, hold)), True


def tell_holds(world: World, head: Head, kind: str) -> None:
    """Tell people of a service's holds; when nobody can be reached, they stand all the same.

    `kind` is "set" for a new hold, and "again" for a reminder.
    """
    holds = holding(head, world.now)
    waiting = head.held.deployment if head.held else ""
    try:
        world.topic.publish(
            holding_notice(head.service, holds, waiting, world.now, kind), waiting, head.service
        )
    except Unavailable:
        return


def _until(text: str | None, now: datetime) -> datetime | None:
    """Return the moment (UTC) that `until` means.

    Raises:
        Refused: when it is neither a span nor a time, or not within the next 366 days.
    """
    if text is None:
        return None
    found = re.fullmatch(r"(\d{1,5})([mhd])", text)
    try:
        until = now + int(found[1]) * _UNITS[found[2]] if found else _time(text)
    except (ValueError, OverflowError):
        raise Refused(
            f'`until`: expected a span like "4h" or "2d", or a time like '
            f'"2026-12-24T08:00:00Z", found {text!r}'
        ) from None
    if not now < until <= now + _LONGEST:
        raise Refused(
            f"`until`: expected a moment after now and within 366 days, found {iso(until)}"
        )
    return until


def _time(text: str) -> datetime:
    time = datetime.fromisoformat(text)
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
