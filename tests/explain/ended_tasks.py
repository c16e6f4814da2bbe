"""Ended tasks, and a service with events, for the tests of cases."""

from __future__ import annotations

from typing import Any

from chalicelib.explain.case import explain
from chalicelib.model.services import Service, ServiceEvent, StoppedTask
from tests.fixtures import examples
from tests.fixtures.examples import at

EXITED = "EssentialContainerExited"
NO_HOST = (
    "was unable to place a task because no container instance met all of its requirements. The "
    "closest matching container-instance 0a1b2c3d has insufficient memory available."
)
STARTED = (20, "has started 2 tasks: (task 1) (task 2).")


def ended(seconds: float | None = None, **fields: Any) -> StoppedTask:
    stopped = None if seconds is None else at(seconds)
    return StoppedTask(**{"id": "1", "stop_code": EXITED, "stopped_at": stopped, **fields})


def exited(code: int, seconds: float | None = None, **fields: Any) -> StoppedTask:
    reason = "Essential container in task exited"
    return ended(seconds, reason=reason, container="web", exit_code=code, **fields)


def service_that_said(*said: tuple[float, str]) -> Service:
    """A service with these events, the newest first as ECS tells them."""
    name = examples.SERVICE
    return examples.service(
        name=name,
        events=tuple(
            ServiceEvent(at=at(when), message=f"(service {name}) {what}") for when, what in said
        ),
    )


def whole_case(*read: Any, **also_read: Any) -> str:
    """The case and the log lines, as a notice shows them together."""
    return "\n".join(text for text in explain(*read, **also_read) if text)
