"""A `before` runs once, and only a good end lets its deployment go."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chalicelib.errors import Denied, NotStarted, Refused, Unanswered, Unavailable
from chalicelib.flow.hold import hold_by_hand
from chalicelib.flow.image_event import image_event
from chalicelib.flow.rollback import rollback_by_hand
from chalicelib.model.commands import BeforeSettings
from chalicelib.model.deployments import Status
from chalicelib.model.runs import RunOutcome
from chalicelib.model.scans import Scan, Severity
from chalicelib.model.targets import Gate, ScanGate
from tests.fixtures import examples
from tests.fixtures.examples import DIGEST, NAME, OLD_DIGEST, OTHER_DIGEST, at, push_event
from tests.flow.fakes import Aws, Died, Fault, aws
from tests.flow.steps import pushed, step

BEFORE = BeforeSettings(command=("python", "manage.py", "migrate"))
S = Status


def preparing(**fields: Any) -> Aws:
    """After the push of the examples' image: its `before` was asked for."""
    return pushed(before=BEFORE, **fields)


def test_a_push_runs_the_command_in_the_new_revision_before_it_updates_the_service() -> None:
    world = preparing()
    record = world.record()
    assert record.status is S.PREPARING
    assert world.ecs_acts == ["register", "run_task b"]
    (request,) = world.services.requests
    assert request["taskDefinition"] == record.revision == examples.revision(8)
    (override,) = request["overrides"]["containerOverrides"]
    assert override["command"] == ["python", "manage.py", "migrate"]
    assert request["startedBy"] == f"slipway/{record.id}-b"
    assert request["launchType"] == "FARGATE"


def test_exit_code_0_updates_the_service_and_the_rollout_goes_on_as_ever() -> None:
    world = preparing()
    world.services.runs_now()
    assert step(world).status is S.PREPARING
    world.services.ends(0)
    record = step(world)
    assert record.status is S.IN_PROGRESS
    assert world.ecs_acts == ["register", "run_task b", f"update {record.revision.split('/')[1]}"]
    world.services.complete(NAME)
    assert step(world).status is S.SUCCESSFUL
    assert world.told == ["PREPARING", "IN_PROGRESS", "SUCCESSFUL"]


def test_another_exit_code_fails_it_and_leaves_the_service_alone() -> None:
    world = preparing()
    world.services.runs_now()
    world.services.ends(3)
    record = step(world)
    assert (record.status, record.before and record.before.exit_code) == (S.FAILED, 3)
    assert "exited with code 3" in record.reason
    assert not [act for act in world.ecs_acts if act.startswith("update")]
    failed = world.topic.published[-1]
    assert "nothing has changed; it still runs conflicto-backend-dev:7." in failed.text
    assert "the changes that its `before` task made stay" in failed.text


def test_a_request_is_saved_before_it_is_sent() -> None:
    world = aws(examples.target(before=BEFORE))
    world.faults.append(Fault(0, Died(), name="run_task"))
    with pytest.raises(Died):
        image_event(world.world(), push_event())
    record = world.record()
    assert record.before is not None
    assert json.loads(record.before.request)["clientToken"] == f"{record.id}-b"
    assert world.ledger.heads[NAME].befores[0].deployment == record.id


@pytest.mark.parametrize("after", [False, True], ids=["before ECS has it", "after ECS has it"])
@pytest.mark.parametrize("error", [Died(), Unanswered("no answer")], ids=["died", "no answer"])
def test_the_same_request_is_sent_again_and_starts_no_second_task(
    error: BaseException, after: bool
) -> None:
    world = aws(examples.target(before=BEFORE))
    world.faults.append(Fault(0, error, after=after, name="run_task"))
    try:
        image_event(world.world(), push_event())
    except Died:
        world.now += at(120) - at(0)  # its lease is over
    step(world)
    first, *others = world.services.requests
    assert all(other == first for other in others)
    assert len(world.services.runs) == 1
    world.services.ends(0)
    assert step(world).status is S.IN_PROGRESS


def test_after_an_hour_without_a_task_nobody_knows_whether_it_ran_and_it_never_runs_again() -> None:
    world = aws(examples.target(before=BeforeSettings(command=("up",), timeout=7200)))
    world.faults.append(Fault(0, Unanswered("no answer"), name="run_task"))
    image_event(world.world(), push_event())
    world.now += at(3500) - at(0)
    record = step(world)
    assert record.status is S.FAILED
    assert "whether its `before` task ran is not known" in record.reason
    assert world.services.requests == []
    assert world.ledger.heads[NAME].befores[0].outcome is RunOutcome.UNKNOWN


def test_after_an_hour_a_task_that_ecs_lists_is_found_by_its_name() -> None:
    world = aws(examples.target(before=BeforeSettings(command=("up",), timeout=7200)))
    world.faults.append(Fault(0, Unanswered("no answer"), after=True, name="run_task"))
    image_event(world.world(), push_event())
    world.services.ends(0)
    world.now += at(3500) - at(0)
    assert step(world).status is S.IN_PROGRESS
    assert len(world.services.requests) == 1


def test_a_task_that_could_not_start_is_tried_again_under_a_new_token() -> None:
    world = aws(examples.target(before=BEFORE))
    world.services.refusals = [NotStarted("ECS could start no task: RESOURCE:CPU")]
    image_event(world.world(), push_event())
    assert world.record().reason.endswith("RESOURCE:CPU")
    step(world)
    tokens = [request["clientToken"].rsplit("-", 1)[1] for request in world.services.requests]
    assert tokens == ["b", "b2"]
    assert list(world.services.runs) == [f"{world.record().id}-b2"]


def test_a_container_that_never_started_is_tried_again_until_the_time_out() -> None:
    world = preparing()
    for _ in range(40):
        if world.record().status is not S.PREPARING:
            break
        if world.services.runs and not list(world.services.runs.values())[-1].stopped:
            world.services.ends(None, stop_code="TaskFailedToStart")
        step(world)
    record = world.record()
    assert record.status is S.FAILED
    assert "could not be started within 15 minutes" in record.reason
    assert record.before is not None
    assert record.before.attempt > 2
    assert record.before.outcome is RunOutcome.NOT_STARTED
    assert record.before.ended is not None
    assert 900 <= (record.before.ended - record.before.began).total_seconds() <= 1260


def test_a_task_that_runs_too_long_is_stopped_and_fails_it() -> None:
    world = preparing()
    world.services.runs_now()
    step(world)
    world.now += at(901) - at(0)
    record = step(world)
    assert record.status is S.PREPARING  # until its task has stopped, so that no other one begins
    assert world.ecs_acts[-1].startswith("stop_task")
    record = step(world)
    assert record.status is S.FAILED
    assert "did not end within 15 minutes" in record.reason


def test_a_task_that_ends_well_at_the_last_moment_counts() -> None:
    world = preparing()
    world.services.runs_now()
    step(world)
    world.faults.append(Fault(0, Unavailable("throttled"), name="stop_task"))
    world.now += at(901) - at(0)
    step(world)
    world.services.ends(0)
    assert step(world).status is S.IN_PROGRESS


def test_a_task_without_an_exit_code_is_not_known_to_have_ended_well() -> None:
    world = preparing()
    world.services.runs_now()
    world.services.ends(None, stop_code="TerminationNotice")
    record = step(world)
    assert record.status is S.FAILED
    assert "whether it ended well is not known" in record.reason
    assert len(world.services.requests) == 1


def test_a_task_that_ecs_does_not_show_for_a_moment_is_looked_for_again() -> None:
    world = preparing()
    world.services.unshown.add(f"{world.record().id}-b")
    assert step(world).status is S.PREPARING
    world.services.unshown.clear()
    world.services.ends(0)
    assert step(world).status is S.IN_PROGRESS


def test_a_task_that_is_gone_for_minutes_ends_it() -> None:
    world = preparing()
    world.services.unshown.add(f"{world.record().id}-b")
    for _ in range(7):
        step(world)
    assert world.record().status is S.FAILED
    assert "does not show its `before` task any more" in world.record().reason


def test_what_ecs_refuses_for_good_fails_it_at_once() -> None:
    world = aws(examples.target(before=BEFORE))
    world.services.refusals = [Refused("could not run the task: no such subnet")]
    image_event(world.world(), push_event())
    record = world.record()
    assert record.status is S.FAILED
    assert "no such subnet" in record.reason


def test_a_missing_permission_is_told_once_and_the_task_runs_when_it_is_granted() -> None:
    world = aws(examples.target(before=BEFORE))
    world.services.refusals = [Denied("watch may not ecs:RunTask on x")] * 2
    image_event(world.world(), push_event())
    step(world)
    assert len([one for one in world.topic.published if "permission" in one.subject]) == 1
    step(world)
    world.services.ends(0)
    assert step(world).status is S.IN_PROGRESS


def test_a_newer_push_waits_for_it_and_never_runs_beside_it() -> None:
    world = preparing()
    first = world.record()
    world.images.all.append(examples.image(OTHER_DIGEST, at(90), tags=("def5678",)))
    image_event(world.world(), push_event(OTHER_DIGEST, "def5678", at(90)))
    second = world.record()
    assert second.status is S.PENDING
    assert second.reason == f"the `before` task of {first.id} runs"
    world.services.ends(1)
    assert step(world, first).status is S.FAILED
    assert step(world, second).status is S.PREPARING
    assert len(world.services.runs) == 2


def test_a_hold_comes_first_and_one_that_comes_later_stops_nothing() -> None:
    world = aws(examples.target(before=BEFORE, approval=86_400))
    image_event(world.world(), push_event())
    assert world.record().status is S.HELD
    assert world.services.requests == []
    world = preparing()
    hold_by_hand(world.world(), {"service": NAME, "by": "ana", "why": "incident"})
    world.services.ends(0)
    assert step(world).status is S.IN_PROGRESS


def test_a_gate_comes_first_and_is_not_asked_again_afterwards() -> None:
    world = aws(examples.target(before=BEFORE, gate=Gate(scan=ScanGate(max=Severity.HIGH))))
    image_event(world.world(), push_event())
    assert (world.record().status, world.services.requests) == (S.PENDING, [])
    world.scans.all[DIGEST] = Scan(state="done")
    assert step(world).status is S.PREPARING
    world.services.ends(0)
    world.restart()
    assert step(world).status is S.IN_PROGRESS
    assert "scan" not in world.calls


def test_observe_mode_runs_nothing() -> None:
    world = preparing(mode="observe")
    assert world.record().status is S.OBSERVED
    assert world.ecs_acts == []


def test_a_container_that_the_revision_does_not_have_refuses_it_and_registers_nothing() -> None:
    world = pushed(before=BeforeSettings(command=("up",), container="wrong"))
    assert world.record().status is S.REFUSED
    assert "names the container wrong" in world.record().reason
    assert world.ecs_acts == []


def apply_newer(world: Aws) -> None:
    """A newer deployment was applied, as HEAD tells."""
    head = world.ledger.heads[NAME]
    world.ledger.heads[NAME] = head.model_copy(
        update={"applied_deployment": "newer", "applied_order": at(9000)}
    )


def apply_fails(world: Aws, error: Exception) -> None:
    """The `before` has ended well, and the next UpdateService is answered with an error."""
    world.services.ends(0)
    world.faults.append(Fault(0, error, name="update"))
    world.restart()


def test_what_was_deployed_meanwhile_stops_it() -> None:
    world = preparing()
    record = world.record()
    apply_newer(world)
    world.services.runs_now()
    step(world, record)
    assert world.ecs_acts[-1].startswith("stop_task")
    record = step(world, record)
    assert (record.status, record.reason) == (S.FAILED, "a newer deployment was applied (newer)")


def test_what_ecs_refuses_after_the_before_is_refused_and_the_data_stays() -> None:
    world = preparing()
    apply_fails(world, Refused("could not update: no such role"))
    assert step(world).status is S.REFUSED
    assert "its `before` task ended well, and its changes stay" in world.topic.published[-1].text


def test_one_that_prepared_while_a_newer_one_was_applied_is_superseded() -> None:
    world = preparing()
    apply_fails(world, Unavailable("throttled"))
    assert step(world).status is S.PREPARING
    apply_newer(world)
    assert step(world).status is S.SUPERSEDED


def test_a_foreign_rollout_that_began_meanwhile_is_waited_for() -> None:
    world = preparing()
    world.services.definitions[examples.revision(3)] = examples.task_definition(3)
    world.services.begin(NAME, examples.revision(3))
    world.services.ends(0)
    record = step(world)
    assert record.status is S.PREPARING
    assert "waiting for a rollout" in record.reason
    world.services.complete(NAME)
    assert step(world).status is S.IN_PROGRESS
    assert len(world.services.requests) == 1


BY = {"service": NAME, "by": "ana", "why": "wrong numbers"}


def test_a_rollback_by_hand_stops_it_returns_its_id_and_leaves_the_service_alone() -> None:
    world = preparing()
    world.services.runs_now()
    step(world)
    reply = rollback_by_hand(world.world(), BY)
    assert reply == {"deployment": world.record().id, "status": "PREPARING"}
    assert world.ecs_acts[-1].startswith("stop_task")
    record = step(world)
    assert (record.status, record.reason) == (S.FAILED, "stopped by hand by ana: wrong numbers")
    assert not [act for act in world.ecs_acts if act.startswith("update")]


def test_a_rollback_by_hand_ends_one_that_waits_to_be_applied() -> None:
    world = preparing()
    apply_fails(world, Unavailable("throttled"))
    assert step(world).status is S.PREPARING
    reply = rollback_by_hand(world.world(), BY)
    assert reply["status"] == "FAILED"
    assert step(world).status is S.FAILED


def test_a_good_end_after_it_was_stopped_lets_nothing_go() -> None:
    world = preparing()
    world.faults.append(Fault(0, Unavailable("throttled"), name="stop_task"))
    rollback_by_hand(world.world(), BY)
    world.services.ends(0)
    record = step(world)
    assert record.status is S.FAILED
    assert world.ledger.heads[NAME].befores[0].outcome is RunOutcome.SUCCEEDED


def test_an_automatic_rollback_crosses_it_and_says_that_the_data_stays() -> None:
    world = preparing()
    world.services.ends(0)
    step(world)
    world.services.breaker(NAME)
    step(world)
    world.services.rolled_back(NAME)
    assert step(world).status is S.ROLLBACK_SUCCESSFUL
    assert "its `before` task ended well, and its changes stay" in world.topic.published[-1].text


def test_an_older_push_waits_while_a_newer_one_has_prepared_and_is_not_applied_yet() -> None:
    world = aws(examples.target(before=BEFORE))
    world.images.all.append(examples.image(OTHER_DIGEST, at(60), tags=("def5678",)))
    world.services.definitions[examples.revision(3)] = examples.task_definition(3)
    world.services.begin(NAME, examples.revision(3))  # somebody's, so that the first push waits
    image_event(world.world(1), push_event())
    older = world.record()
    assert older.status is S.PENDING
    world.services.complete(NAME)
    image_event(world.world(), push_event(OTHER_DIGEST, "def5678", at(60)))
    newer = world.record()
    assert (newer.digest, newer.status) == (OTHER_DIGEST, S.PREPARING)
    world.services.ends(0)
    world.services.begin(NAME, examples.revision(7))
    assert step(world, newer).status is S.PREPARING
    assert step(world, older).reason == f"a newer deployment goes first ({newer.id})"


def test_a_rollback_without_to_forgets_one_that_never_changed_the_service() -> None:
    world = preparing()
    world.images.all.append(examples.image(OLD_DIGEST, at(-9000), tags=("old",)))
    world.services.ends(0)
    step(world)
    world.services.breaker(NAME)
    step(world)
    world.services.rolled_back(NAME)
    assert step(world).status is S.ROLLBACK_SUCCESSFUL
    world.images.all.append(examples.image(OTHER_DIGEST, world.now, tags=("def5678",)))
    image_event(world.world(), push_event(OTHER_DIGEST, "def5678", world.now))
    world.services.ends(1)
    assert step(world).status is S.FAILED
    with pytest.raises(Refused, match="is already back on conflicto-backend-dev:7"):
        rollback_by_hand(world.world(), {**BY, "override": True})
