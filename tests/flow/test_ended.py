"""The ended tasks of a rollout: when the task definition is read for them, and what if not."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.errors import DeployerError, Refused, Unavailable
from chalicelib.flow.advance import advance
from chalicelib.flow.ended import ended_tasks
from chalicelib.flow.image_event import image_event
from chalicelib.model.deployments import Status
from chalicelib.model.services import StoppedContainer, StoppedTask
from tests.fixtures import examples
from tests.fixtures.examples import NAME, at, push_event, revision
from tests.flow.fakes import Aws, Fault, aws

WEB = StoppedContainer(name="web", exit_code=127)
ROUTER = StoppedContainer(name="log_router", exit_code=1)


def _ended(*containers: StoppedContainer) -> Aws:
    """A rollout of which two tasks ended, and their containers so."""
    world = aws()
    seven = world.services.definitions[revision(7)]
    names: list[dict[str, Any]] = [{"name": "log_router", "essential": False}]
    body = seven.body | {"containerDefinitions": [*seven.body["containerDefinitions"], *names]}
    world.services.definitions[revision(7)] = seven.model_copy(update={"body": body})
    image_event(world.world(), push_event())
    first, *_ = containers
    world.services.ended = [
        StoppedTask(
            id=str(number), stop_code="EssentialContainerExited", container=first.name,
            exit_code=first.exit_code, started_at=at(1), stopped_at=at(2), containers=containers,
        )
        for number in range(2)
    ]  # fmt: skip
    world.restart()
    return world


def test_one_container_needs_no_task_definition() -> None:
    world = _ended(WEB)
    assert ended_tasks(world.world(), world.record()) == tuple(world.services.ended)
    assert world.calls == ["stopped_tasks"]


def test_of_two_the_essential_one_tells() -> None:
    name = examples.task_definition().body["containerDefinitions"][0]["name"]
    essential = WEB.model_copy(update={"name": name})
    world = _ended(ROUTER, essential)
    told = ended_tasks(world.world(), world.record())
    assert {(task.container, task.exit_code) for task in told} == {(name, 127)}
    assert world.calls == ["stopped_tasks", "task_definition"]


@pytest.mark.parametrize("error", [Refused, Unavailable])
def test_a_definition_that_cannot_be_read_keeps_no_task_from_being_told(
    error: type[DeployerError],
) -> None:
    world = _ended(ROUTER, WEB)
    world.faults = [Fault(0, error("not now"), name="task_definition")]
    told = ended_tasks(world.world(), world.record())
    assert [task.id for task in told] == ["0", "1"]
    assert all(task.container for task in told)


def test_a_command_that_is_missing_is_rolled_back_at_once_beside_a_sidecar_listed_first() -> None:
    name = examples.task_definition().body["containerDefinitions"][0]["name"]
    router = ROUTER.model_copy(update={"exit_code": 0})
    world = _ended(router, WEB.model_copy(update={"name": name}))
    service = world.services.all[NAME]
    deployments = tuple(
        one.model_copy(update={"failed": 2}) if one.status == "PRIMARY" else one
        for one in service.deployments
    )
    world.services.all[NAME] = service.model_copy(update={"deployments": deployments})
    record = advance(world.world(30), NAME, world.record().id)
    assert record.status is Status.ROLLBACK_IN_PROGRESS
    assert f"container {name} exited with code 127" in record.reason
