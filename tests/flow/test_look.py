"""What is read of ECS while a rollout is judged, and what a target leaves to ECS."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.flow.image_event import image_event
from chalicelib.flow.look import look, with_log
from chalicelib.model.deployments import Status
from chalicelib.model.services import BreakerThreshold, StoppedTask, Tasks
from chalicelib.model.verdicts import Observation
from tests.fixtures import examples
from tests.fixtures.examples import NAME, at, push_event
from tests.flow.fakes import Aws, aws
from tests.flow.steps import pushed, step


def _looping(ended: int, *, threshold: BreakerThreshold | None = None, **fields: Any) -> Aws:
    """A rollout of two tasks of which so many have crashed."""
    world = aws(examples.target(**fields))
    image_event(world.world(), push_event())
    world.services.all[NAME] = world.services.all[NAME].model_copy(
        update={"breaker_threshold": threshold}
    )
    world.services.ended = [
        StoppedTask(
            id=str(number), stop_code="EssentialContainerExited", container="web", exit_code=1,
            started_at=at(1), stopped_at=at(20),
        )
        for number in range(ended)
    ]  # fmt: skip
    world.restart()
    return world


def _looked(world: Aws) -> Any:
    return look(world.world(60), world.record(), task_ended=True).tasks


@pytest.mark.parametrize(
    ("world", "read"),
    [
        (_looping(4), False),
        (_looping(5), True),
        (_looping(5, threshold=BreakerThreshold(kind="COUNT", value=6)), False),
        (_looping(6, threshold=BreakerThreshold(kind="COUNT", value=6)), True),
    ],
    ids=["too few", "enough", "fewer than the service's threshold", "as many as it"],
)
def test_running_tasks_are_read_once_a_loop_may_be_called(world: Aws, read: bool) -> None:
    assert (_looked(world).running is not None) is read
    assert ("running_tasks" in world.calls) is read


def test_a_crash_loop_is_left_to_ecs_where_the_target_says_so() -> None:
    world = _looping(50, crash_loop=False)
    tasks = _looked(world)
    assert (len(tasks.stopped), tasks.running) == (50, None)
    assert "running_tasks" not in world.calls


def test_a_read_of_the_log_keeps_the_alarms_that_were_read_before() -> None:
    world = _looping(2)
    at_once = [
        task.model_copy(update={"started_at": at(1), "stopped_at": at(2)})
        for task in world.services.ended
    ]
    world.services.complete(NAME)
    seen = look(world.world(60), world.record(), task_ended=True)
    tasks = Tasks(stopped=tuple(at_once))
    before = Observation(at=seen.at, service=seen.service, tasks=tasks, alarms=("errors",))
    after = with_log(world.world(60), world.record(), before)
    assert after.alarms == ("errors",)
    assert after.ours is not None


def test_a_restart_whose_halves_were_seen_apart_is_judged_by_the_newer_service_deployment() -> None:
    """One look showed the new ECS deployment, another one the service deployment before it."""
    world = pushed()
    record, own = world.record(), world.services.service_deployments[NAME]
    world.services.begin(NAME, record.revision)
    primary = world.services.all[NAME].primary
    assert primary is not None
    mixed = {"ecs_deployment": primary.id, "service_deployment": own[-2].arn}
    world.ledger.records[NAME, record.id] = record.model_copy(update=mixed)
    world.services.complete(NAME)
    assert step(world).status is Status.SUCCESSFUL
    assert world.record().service_deployment == own[-1].arn
