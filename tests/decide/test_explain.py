"""stopped tasks + service events -> case."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.decide.explain import explain
from chalicelib.model.services import ServiceEvent, StoppedTask
from tests.fixtures import examples
from tests.fixtures.examples import at


def _task(**fields: Any) -> StoppedTask:
    return StoppedTask(id="1", **{"stop_code": "EssentialContainerExited", **fields})


EXITED = _task(reason="Essential container in task exited", container="web", exit_code=1)
PULL = "CannotPullContainerError: not found"


@pytest.mark.parametrize(
    ("task", "cause"),
    [
        pytest.param(EXITED, "container web exited with code 1", id="an exit code"),
        pytest.param(
            _task(container="web", exit_code=137, container_reason="OutOfMemoryError: killed"),
            "container web exited with code 137 (killed, SIGKILL); OutOfMemoryError: killed",
            id="out of memory",
        ),
        pytest.param(
            _task(stop_code="TaskFailedToStart", reason=PULL), PULL, id="it never started"
        ),
        pytest.param(
            _task(container="web", exit_code=0),
            "container web exited with code 0",
            id="exit code 0",
        ),
        pytest.param(
            _task(reason="Essential container in task exited"),
            "Essential container in task exited",
            id="nothing better is known",
        ),
        pytest.param(_task(stop_code="", reason=""), "no reason given", id="nothing is known"),
        pytest.param(
            _task(stop_code="ServiceSchedulerInitiated", reason="Task failed ELB health checks"),
            "Task failed ELB health checks",
            id="the load balancer's checks",
        ),
    ],
)
def test_a_stopped_task_tells_its_cause(task: StoppedTask, cause: str) -> None:
    assert explain([task], None, None) == f"What stopped the tasks:\n- 1 task: {cause}"


def test_causes_are_counted_the_most_frequent_first_and_only_four() -> None:
    rare = [_task(reason=f"rare {number}") for number in range(5)]
    lines = explain([rare[0], EXITED, EXITED, *rare[1:]], None, None).splitlines()
    assert lines[1] == "- 2 tasks: container web exited with code 1"
    assert len(lines) == 5


@pytest.mark.parametrize(
    "code", ["UserInitiated", "SpotInterruption", "TerminationNotice", "InfrastructureHealth"]
)
def test_what_says_nothing_about_the_image_is_left_out(code: str) -> None:
    assert explain([_task(stop_code=code, reason="x")], None, None) == ""


def test_the_services_own_events_since_it_was_applied_are_told() -> None:
    said = [
        (50, "was unable to place a task because no container instance met its requirements."),
        (40, "has reached a steady state."),
        (30, "has started 1 tasks: (task 1)."),
        (20, "has stopped 1 running tasks: (task 1)."),
        (10, "has begun draining connections on 1 tasks."),
        (-10, "was unable to assume a role."),
    ]
    events = tuple(
        ServiceEvent(at=at(when), message=f"(service web) {what}") for when, what in said
    )
    case = explain([], examples.service(events=events), at(0))
    assert case.startswith("What ECS says:\n- ")
    assert case.count("\n") == 1
    assert "unable to place a task" in case


def test_nothing_seen_is_no_case() -> None:
    assert explain([], None, None) == ""
    assert explain([], examples.service(), at(0)) == ""
