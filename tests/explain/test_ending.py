"""Which container ended a task."""

from __future__ import annotations

from collections.abc import Collection

import pytest

from chalicelib.explain.causes import Kind
from chalicelib.explain.classify import classify
from chalicelib.explain.ending import ambiguous, essential_containers, told_by_its_end
from chalicelib.model.services import StoppedContainer, StoppedTask, Tasks
from chalicelib.verdict.hopeless import certain_cause

OOM = "OutOfMemoryError: Container killed due to memory usage"


def ended(
    *containers: tuple[str, int | None] | tuple[str, int | None, str],
    stop_code: str = "EssentialContainerExited",
) -> StoppedTask:
    return StoppedTask(
        id="1",
        stop_code=stop_code,
        containers=tuple(
            StoppedContainer(name=name, exit_code=code, reason="".join(reason))
            for name, code, *reason in containers
        ),
    )


@pytest.mark.parametrize(
    ("task", "essential", "container"),
    [
        (ended(("web", 1)), (), "web"),
        (ended(("log_router", 0), ("web", 1)), (), "web"),
        (ended(("datadog", 0), ("log_router", 143), ("web", 127)), (), "web"),
        (ended(("log_router", 143), ("web", 1)), (), "web"),
        (ended(("log_router", 137), ("web", 0)), (), "web"),
        (ended(("web", 143), ("migrate", 0)), (), "migrate"),
        (ended(("web", 137), ("migrate", 0)), (), "migrate"),
        (ended(("log_router", 0), ("web", 0)), ("web",), "web"),
        (ended(("log_router", 0), ("web", 0)), ("log_router", "web"), "log_router"),
        (ended(("log_router", 0), ("web", 137)), ("web",), "web"),
        (ended(("init", 1), ("web", 2)), ("web",), "web"),
        (ended(("init", 1), ("web", 143)), ("web",), "web"),
        (ended(("init", 1), ("web", None)), ("web",), "init"),
        (ended(("web", 1), ("log_router", 143)), ("log_router",), "log_router"),
        (ended(("log_router", 1), ("web", 137, OOM)), (), "web"),
        (ended(("init", 1, "a reason"), ("web", 1)), ("web",), "web"),
        (ended(("web", None), ("log_router", None)), (), "web"),
        (ended(("log_router", 0), ("web", 137), stop_code="ServiceSchedulerInitiated"), (), "web"),
        (ended(("log_router", 0), ("web", 143), stop_code="UserInitiated"), (), "web"),
    ],
    ids=[
        "one container",
        "a sidecar that handles SIGTERM well is listed first",
        "two sidecars, one of each kind",
        "a sidecar was stopped",
        "it ended by itself with 0, the sidecar ignored SIGTERM",
        "a sidecar ended by itself with 0, the application was stopped",
        "a sidecar ended by itself with 0, the application ignored SIGTERM",
        "all ended with 0, one is essential",
        "all ended with 0, all are essential: the first",
        "the only essential one was killed",
        "a container that is not essential failed too",
        "only what is essential ends a task",
        "what is essential waited for another and never ran",
        "the only essential one is the sidecar",
        "out of memory has a reason",
        "a reason of what is not essential",
        "none ever ran",
        "the scheduler stopped it",
        "a person stopped it",
    ],
)
def test_a_task_is_told_by_the_container_that_ended_it(
    task: StoppedTask, essential: Collection[str], container: str
) -> None:
    told = told_by_its_end(task, essential)
    assert told.container == container
    (chosen,) = (each for each in task.containers if each.name == container)
    assert (told.exit_code, told.container_reason) == (chosen.exit_code, chosen.reason)


@pytest.mark.parametrize("first", [True, False], ids=["sidecar first", "sidecar last"])
def test_a_missing_command_will_not_heal_whatever_its_sidecar_exits_with(first: bool) -> None:
    pair = (("log_router", 0), ("web", 127))
    task = told_by_its_end(ended(*pair if first else pair[::-1]))
    assert classify(task).kind is Kind.COMMAND_NOT_FOUND
    assert "container web exited with code 127" in certain_cause(Tasks(stopped=(task, task)))


def test_a_task_without_containers_is_told_as_it_is() -> None:
    task = StoppedTask(id="1", reason="x", container="web", exit_code=3)
    assert told_by_its_end(task) == task


@pytest.mark.parametrize(
    ("task", "matters"),
    [
        (ended(("web", 1)), False),
        (ended(("web", 1), ("sidecar", None)), False),
        (ended(("web", 1), ("sidecar", 0)), True),
        (ended(("web", None, "cannot start"), ("sidecar", 143)), True),
        (ended(), False),
    ],
)
def test_essential_ones_matter_where_two_containers_ended(task: StoppedTask, matters: bool) -> None:
    assert ambiguous(task) is matters


def test_a_container_is_essential_unless_it_says_otherwise() -> None:
    others = [{"name": "b", "essential": False}, {"name": "c", "essential": True}]
    assert essential_containers({"containerDefinitions": [{"name": "a"}, *others]}) == {"a", "c"}
    assert essential_containers({}) == frozenset()
