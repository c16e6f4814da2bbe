"""HEAD + a rollback by hand -> nothing goes on: what waits is held, what is rolled out stopped."""

from __future__ import annotations

from typing import NamedTuple

from chalicelib.decide.head import bar
from chalicelib.decide.hold import held_back, held_by, holding
from chalicelib.flow.ports import World
from chalicelib.flow.retry import retried
from chalicelib.flow.withdraw import withdraw
from chalicelib.model.base import Frozen
from chalicelib.model.deployments import Cause, Deployment, Status
from chalicelib.model.heads import Head

_WAITS = frozenset({Status.PENDING, Status.HELD})


class Stop(Frozen):
    """Who stops, and why. `hold` says whether pushes are held afterwards."""

    by: str
    why: str
    hold: bool


class Stopped(NamedTuple):
    """The newest deployment that was rolled out, and the newest that waits; each may be None."""

    ended: Deployment | None
    waits: Deployment | None


def stop_open(world: World, head: Head, stop: Stop, but: str = "") -> Stopped:
    """Stop all open deployments but the one with the id `but`, and return what became of them.

    Waiting ones become HELD. Without a hold they are refused, and the newest of them is `ended` if
    no deployment was rolled out.

    Raises:
        Unavailable: when another step is acting on the service; the person may ask again.
    """
    opened = [deployment for deployment in head.open_deployments if deployment != but]
    waiting = [deployment for deployment in opened if deployment != head.applied_deployment]
    rolling = [deployment for deployment in opened if deployment == head.applied_deployment]
    if opened:
        retried(head.service, lambda: _bar_open(world, head, opened, stop))
    why = f"stopped by hand by {stop.by}: {stop.why}"
    records = [
        withdraw(world, head.service, deployment, why, refuse_waiting=not stop.hold)
        for deployment in (*waiting, *rolling)
    ]
    waits = [record for record in records if record.status in _WAITS]
    stopped = [record for record in records if record.status not in _WAITS]
    begun = [record for record in stopped if record.status is not Status.REFUSED]
    return Stopped(next(reversed(begun or stopped), None), next(reversed(waits), None))


def _bar_open(world: World, head: Head, opened: list[str], stop: Stop) -> None:
    """Hold pushes, and bar the digests of what is stopped, first: so both stay if a call fails."""
    records = (world.ledger.deployment(head.service, deployment) for deployment in opened)
    waits = _WAITS if stop.hold else frozenset()
    digests = [
        record.digest
        for record in records
        if record is not None and (record.acting or record.status not in waits)
    ]
    newest = world.ledger.head(head.service) or head
    after = bar(newest, *digests)
    if stop.hold:
        after = held_by(after, held_back(stop.by, stop.why, world.now, world.holder))
    if after != newest:
        world.ledger.save(after)


def stay_back(world: World, record: Deployment, stop: Stop) -> None:
    """Hold pushes to a service that is back already, and bar the digest that was rolled back.

    A hold that an earlier rollback left stays as it is.
    """
    head = world.ledger.head(record.service)
    if head is None:
        return
    after = head if record.cause is Cause.ROLLBACK else bar(head, record.digest)
    if stop.hold and not any(hold.kind == "rollback" for hold in holding(head, world.now)):
        after = held_by(after, held_back(stop.by, stop.why, world.now, world.holder))
    if after != head:
        world.ledger.save(after)
