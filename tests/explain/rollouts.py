"""A deployment that was closed, and what ECS tells of its tasks, in seconds after its record."""

from __future__ import annotations

from typing import Any

from chalicelib.explain.breakdown import times_of
from chalicelib.model.deployments import Deployment, Status
from chalicelib.model.services import ServiceEvent
from chalicelib.model.times import RolloutTimes, TaskTimes, Times
from tests.fixtures import examples
from tests.fixtures.examples import at

SERVICE = "(service conflicto-backend-service-dev)"
NEW, OLD = "0" * 31 + "1", "0" * 31 + "2"


def closed(**fields: Any) -> Deployment:
    """A record that was applied after a second."""
    base = {"status": Status.SUCCESSFUL, "applied_at": at(1), "ecs_ended": at(60)}
    return examples.rolling_out(**{**base, **fields})


def event(seconds: float, message: str) -> ServiceEvent:
    return ServiceEvent(at=at(seconds), message=f"{SERVICE} {message}")


def new(*times: float | None, identity: str = NEW, ended: float | None = None) -> TaskTimes:
    """A task of revision 8: created, pull started and stopped, started; and when it was stopped."""
    names = ("created", "pull_started", "pull_stopped", "started")
    known = {
        name: at(seconds)
        for name, seconds in zip(names, times, strict=False)
        if seconds is not None
    }
    if ended is not None:
        known |= {"stopping": at(ended), "stopped": at(ended + 2)}
    revision = "conflicto-backend-dev:8"
    return TaskTimes(id=identity, revision=revision, started_by="ecs-svc/8", **known)


def old(ended: float) -> TaskTimes:
    stopping, stopped = at(ended - 5), at(ended)
    return TaskTimes(id=OLD, revision="conflicto-backend-dev:7", stopping=stopping, stopped=stopped)


DRAINS = event(40, "has begun draining connections on 1 tasks.")
GOOD = RolloutTimes(tasks=(new(4, 10, 20, 25), old(55)), events=(DRAINS,))


def told(
    record: Deployment | None = None, rollout: RolloutTimes = GOOD, end: float = 62, **keys: Any
) -> Times:
    return times_of(record or closed(), at(end), rollout, **keys)


def seconds(times: Times) -> dict[str, float]:
    return {one.phase: one.milliseconds / 1000 for one in times.phases}
