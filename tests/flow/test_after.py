"""An `after` proves what ECS calls successful, and only its failure goes back."""

from __future__ import annotations

import pytest

from chalicelib.errors import Denied, NotStarted, Unavailable
from chalicelib.flow.rollback import rollback_by_hand
from chalicelib.model.commands import AfterSettings
from chalicelib.model.deployments import Status
from chalicelib.model.runs import RunOutcome
from tests.fixtures import examples
from tests.fixtures.examples import NAME, OLD_DIGEST, at
from tests.flow.fakes import Aws, Fault
from tests.flow.steps import pushed, step

AFTER = AfterSettings(command=("python", "smoke.py"))
S = Status


def proving(**fields: object) -> Aws:
    """ECS calls the push of the examples' image successful, and its `after` was asked for."""
    world = pushed(after=AFTER, **fields)
    world.services.complete(NAME)
    step(world)
    return world


def proven(world: Aws) -> bool:
    return world.ledger.heads[NAME].proven_revision(world.record().revision) is not None


def test_the_command_runs_in_the_new_revision_once_ecs_calls_it_successful() -> None:
    world = proving()
    record = world.record()
    assert record.status is S.IN_PROGRESS
    assert world.ecs_acts[-1] == "run_task a"
    (request,) = world.services.requests
    assert request["taskDefinition"] == record.revision
    assert world.topic.published[-1].subject.endswith("abc1234 runs; its `after` task tests it")


def test_exit_code_0_makes_it_successful_and_proven() -> None:
    world = proving()
    world.services.ends(0)
    assert step(world).status is S.SUCCESSFUL
    assert proven(world)


def test_another_exit_code_goes_back_by_update_service() -> None:
    world = proving()
    world.services.ends(2)
    record = step(world)
    assert record.status is S.ROLLBACK_IN_PROGRESS
    assert "its `after` task failed" in record.reason
    assert world.ecs_acts[-1] == "update conflicto-backend-dev:7"
    world.services.complete(NAME)
    assert step(world).status is S.ROLLBACK_SUCCESSFUL
    assert not proven(world)


def test_the_time_out_while_it_runs_stops_it_and_goes_back() -> None:
    world = proving()
    world.services.runs_now()
    step(world)
    world.now += at(301) - at(0)
    step(world)
    assert world.ecs_acts[-1].startswith("stop_task")
    assert step(world).status is S.ROLLBACK_IN_PROGRESS


def test_one_that_cannot_start_leaves_it_successful_and_not_proven() -> None:
    world = pushed(after=AFTER)
    world.services.complete(NAME)
    world.services.refusals = [NotStarted("ECS could start no task: RESOURCE:CPU")] * 99
    for _ in range(12):
        step(world)
    record = world.record()
    assert record.status is S.SUCCESSFUL
    assert "its `after` task proved nothing" in record.reason
    assert "RESOURCE:CPU" in record.reason
    assert not proven(world)
    assert "update conflicto-backend-dev:7" not in world.ecs_acts


def test_one_whose_end_is_not_known_leaves_it_successful_and_not_proven() -> None:
    world = proving()
    world.services.runs_now()
    world.services.ends(None, stop_code="TerminationNotice")
    assert step(world).status is S.SUCCESSFUL
    assert not proven(world)


@pytest.mark.parametrize(
    "error", [Unavailable("throttled"), Denied("may not ecs:DescribeServices")]
)
def test_settings_that_cannot_be_read_never_keep_the_rollout_from_being_judged(
    error: Exception,
) -> None:
    world = pushed(after=AFTER)
    world.services.complete(NAME)
    for _ in range(9):
        world.restart()
        world.faults = [Fault(0, error, name="task_settings")]
        step(world)
    assert world.record().status is S.SUCCESSFUL
    assert not proven(world)


def test_spot_that_ends_it_says_nothing_about_the_image() -> None:
    world = proving()
    world.services.runs_now()
    world.services.ends(143, stop_code="SpotInterruption")
    assert step(world).status is S.SUCCESSFUL
    assert not proven(world)


def test_what_somebody_else_deployed_meanwhile_is_never_touched() -> None:
    world = proving()
    world.services.definitions[examples.revision(3)] = examples.task_definition(3)
    world.services.now = world.now
    world.services.begin(NAME, examples.revision(3))
    world.services.ends(2)
    record = step(world)
    assert record.status is S.SUCCESSFUL
    assert not [act for act in world.ecs_acts if act == "update conflicto-backend-dev:7"]


def test_one_that_runs_while_something_else_was_deployed_is_stopped() -> None:
    world = proving()
    world.services.definitions[examples.revision(3)] = examples.task_definition(3)
    world.services.runs_now()
    world.services.begin(NAME, examples.revision(3))
    assert step(world).status is S.SUCCESSFUL
    assert world.ecs_acts[-1].startswith("stop_task")


def test_a_rollback_by_hand_while_it_runs_goes_back_and_stops_it() -> None:
    world = proving()
    world.services.runs_now()
    step(world)
    reply = rollback_by_hand(world.world(), {"service": NAME, "by": "ana", "why": "wrong"})
    assert reply["status"] == "ROLLBACK_IN_PROGRESS"
    assert [act.split()[0] for act in world.ecs_acts[-2:]] == ["update", "stop_task"]


def test_a_rollback_by_hand_runs_no_after() -> None:
    world = proving()
    world.images.all.append(examples.image(OLD_DIGEST, at(-9000), tags=("old",)))
    world.services.ends(0)
    step(world)
    rollback_by_hand(world.world(), {"service": NAME, "by": "ana", "why": "wrong"})
    world.services.complete(NAME)
    record = step(world)
    assert (record.cause, record.status, record.after) == ("rollback", S.SUCCESSFUL, None)


def test_a_service_without_tasks_is_tested_and_not_proven() -> None:
    world = pushed(after=AFTER)
    world.services.all[NAME] = world.services.all[NAME].model_copy(update={"desired": 0})
    world.services.complete(NAME)
    step(world)
    world.services.ends(0)
    assert step(world).status is S.SUCCESSFUL
    assert not proven(world)


def test_a_target_that_lost_its_after_is_successful_without_one() -> None:
    world = pushed(after=AFTER)
    world.targets = examples.targets()
    world.services.complete(NAME)
    step(world)
    record = step(world)
    assert record.status is S.SUCCESSFUL
    assert record.after is not None
    assert record.after.outcome is RunOutcome.NOT_STARTED
