"""The step after the push: what it builds on, how it fails, who may act, the loop."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from chalicelib.definition.render import PROVENANCE
from chalicelib.errors import Conflict, Denied, Refused, Unanswered, Unavailable
from chalicelib.flow.advance import advance
from chalicelib.flow.image_event import image_event
from chalicelib.flow.watch import poll, watch
from chalicelib.model.deployments import Deployment, Return, Status
from chalicelib.model.heads import Lease
from chalicelib.model.services import Strategy
from tests.fixtures import examples
from tests.fixtures.examples import DIGEST, NAME, OTHER_DIGEST, at, push_event, revision
from tests.flow.fakes import Aws, Fault, aws


def _step(world: Aws, record: Deployment | None = None) -> Deployment:
    record = record or world.record()
    return advance(world.world(), record.service, record.id)


def _pushed(**fields: Any) -> Aws:
    """After the push of the examples' image: its rollout is under way."""
    world = aws(examples.target(**fields))
    image_event(world.world(), push_event())
    return world


# What to build on


def test_what_terraform_registered_is_built_on() -> None:
    world = aws()
    newer = world.services.register({**examples.task_definition().body, "cpu": "512", "tags": []})
    image_event(world.world(), push_event())
    assert world.record().base == newer.arn
    assert world.services.definitions[revision(9)].body["cpu"] == "512"


def test_a_revision_of_ours_that_was_never_proven_is_not_built_on() -> None:
    world = _pushed()
    world.services.breaker(NAME)
    world.services.rolled_back(NAME)
    assert _step(world).status is Status.ROLLBACK_SUCCESSFUL
    world.images.all.append(examples.image(OTHER_DIGEST))
    image_event(world.world(), push_event(OTHER_DIGEST, "newer", at(60)))
    assert world.record().base == revision(7)


def test_a_proven_revision_of_ours_is_built_on() -> None:
    world = _pushed()
    world.services.complete(NAME)
    _step(world)
    world.images.all.append(examples.image(OTHER_DIGEST))
    image_event(world.world(), push_event(OTHER_DIGEST, "newer", at(60)))
    assert world.record().base == revision(8)


def test_a_target_may_build_on_what_the_service_runs() -> None:
    world = aws(examples.target(base="service"))
    world.services.register({**examples.task_definition().body, "tags": []})
    image_event(world.world(), push_event())
    assert world.record().base == revision(7)


def test_when_nothing_else_is_left_it_builds_on_what_the_service_runs() -> None:
    world = aws()
    seven = world.services.definitions[revision(7)]
    ours = seven.model_copy(update={"tags": {PROVENANCE: "another"}})
    world.services.definitions[seven.arn] = ours
    world.ledger.heads[NAME] = examples.head(order=at(-60))
    image_event(world.world(), push_event())
    assert world.record().base == revision(7)


# The deadline


def test_what_the_strategy_itself_takes_is_added_to_the_deadline() -> None:
    world = aws()
    linear = {"strategy": Strategy(name="LINEAR", bake_minutes=5)}
    world.services.all[NAME] = world.services.all[NAME].model_copy(update=linear)
    image_event(world.world(), push_event())
    assert world.record().deadline == world.now + timedelta(minutes=30 + 54 + 5)
    assert advance(world.world(3000), NAME, world.record().id).status is Status.IN_PROGRESS


# Failures


def test_a_rollback_by_ecs_is_told_as_one_and_never_as_a_success() -> None:
    world = _pushed()
    world.services.breaker(NAME)
    record = _step(world)
    assert record.status is Status.ROLLBACK_IN_PROGRESS
    assert record.returning == Return(by="ecs", how="breaker", began=world.now, done=True)
    world.services.rolled_back(NAME)
    assert _step(world).status is Status.ROLLBACK_SUCCESSFUL
    assert world.told == ["IN_PROGRESS", "ROLLBACK_IN_PROGRESS", "ROLLBACK_SUCCESSFUL"]
    assert world.record().reason == "circuit breaker: tasks failed to start"
    assert len(world.ecs_acts) == 2
    assert [one.revision for one in world.ledger.heads[NAME].proven] == [revision(7)]


def test_a_rollback_that_was_over_before_anybody_looked_is_one() -> None:
    world = _pushed()
    world.services.breaker(NAME)
    world.services.rolled_back(NAME)
    assert _step(world).status is Status.ROLLBACK_SUCCESSFUL
    assert world.told == ["IN_PROGRESS", "ROLLBACK_SUCCESSFUL"]


def test_past_the_deadline_it_is_stopped_and_rolled_back() -> None:
    world = _pushed()
    record = world.record()
    assert advance(world.world(1800), NAME, record.id).status is Status.ROLLBACK_IN_PROGRESS
    assert world.ecs_acts[2:] == ["stop 2"]
    assert _step(world).status is Status.ROLLBACK_IN_PROGRESS
    world.services.rolled_back(NAME)
    assert _step(world).status is Status.ROLLBACK_SUCCESSFUL
    assert world.ecs_acts[2:] == ["stop 2"]
    assert "deadline of 30 minutes" in world.record().reason
    assert world.ledger.heads[NAME].lease is None


def test_what_ecs_completed_before_it_could_be_stopped_is_successful() -> None:
    world = _pushed()
    record = world.record()
    world.restart()
    world.faults = [Fault(0, Unavailable("throttled"), name="stop")]
    assert advance(world.world(1800), NAME, record.id).status is Status.ROLLBACK_IN_PROGRESS
    world.services.complete(NAME)
    assert _step(world).status is Status.SUCCESSFUL
    assert world.ecs_acts.count(f"update {examples.FAMILY}:8") == 1
    assert f"update {examples.FAMILY}:7" not in world.ecs_acts


def test_a_rollback_that_ecs_began_just_before_the_deadline_has_a_deadline_of_its_own() -> None:
    world = _pushed()
    _step(world)
    world.services.breaker(NAME)
    record = advance(world.world(1800), NAME, world.record().id)
    assert record.status is Status.ROLLBACK_IN_PROGRESS
    assert record.deadline == world.now + (at(1800) - at(0))
    assert len(world.ecs_acts) == 2


def test_what_ecs_stopped_without_a_rollback_is_set_back() -> None:
    world = _pushed()
    world.services.stopped(NAME)
    assert _step(world).status is Status.ROLLBACK_IN_PROGRESS
    assert world.ecs_acts[2:] == ["update conflicto-backend-dev:7"]
    assert _step(world).status is Status.ROLLBACK_IN_PROGRESS
    world.services.complete(NAME)
    assert _step(world).status is Status.ROLLBACK_SUCCESSFUL
    assert world.ecs_acts[2:] == ["update conflicto-backend-dev:7"]


def test_what_can_no_longer_be_stopped_is_set_back_at_the_next_step() -> None:
    world = _pushed()
    record = world.record()
    world.faults = [Fault(0, Refused("it cannot be stopped"), name="stop")]
    stopped = advance(world.world(1800), NAME, record.id)
    assert stopped.returning is not None
    assert (stopped.returning.how, stopped.returning.done) == ("update", False)
    assert _step(world).status is Status.ROLLBACK_IN_PROGRESS
    assert world.ecs_acts[2:] == ["update conflicto-backend-dev:7"]


def test_what_cannot_be_set_back_needs_a_person() -> None:
    world = _pushed()
    world.services.stopped(NAME)
    world.faults = [Fault(1, Refused("INACTIVE"), name="update")]
    record = _step(world)
    assert record.status is Status.ROLLBACK_FAILED
    assert record.reason.endswith("and it could not be rolled back: INACTIVE")
    assert world.ledger.heads[NAME].lease is None


def test_a_throttled_rollback_is_asked_for_again() -> None:
    world = _pushed()
    record = world.record()
    world.faults = [Fault(0, Unavailable("throttled"), name="stop")]
    record = advance(world.world(1800), NAME, record.id)
    assert record.status is Status.ROLLBACK_IN_PROGRESS
    assert record.returning is not None
    assert not record.returning.done
    assert world.ledger.heads[NAME].lease is None
    assert _step(world).status is Status.ROLLBACK_IN_PROGRESS
    assert world.ecs_acts[2:] == ["stop 2"]


def test_the_first_deployment_ever_has_nothing_to_return_to() -> None:
    world = aws()
    world.services.service_deployments.clear()
    world.services.all[NAME] = world.services.all[NAME].model_copy(update={"deployments": ()})
    image_event(world.world(), push_event())
    assert world.record().return_to == ""
    world.services.stopped(NAME)
    record = _step(world)
    assert record.status is Status.FAILED
    assert "nothing was touched" in record.reason
    assert len(world.ecs_acts) == 2


def test_a_service_deleted_meanwhile_has_failed() -> None:
    world = _pushed()
    world.services.all.clear()
    assert _step(world).status is Status.FAILED


@pytest.mark.parametrize(
    ("applied", "status"), [(False, Status.REFUSED), (True, Status.FAILED)], ids=["waits", "runs"]
)
def test_a_target_that_was_removed_is_left_alone(applied: bool, status: Status) -> None:
    world = aws()
    if not applied:
        world.faults = [Fault(0, Unavailable("throttled"), name="register")]
    image_event(world.world(), push_event())
    acts = list(world.ecs_acts)
    world.targets = examples.targets(examples.target(service="web"))
    assert _step(world).status is status
    assert world.ecs_acts == acts


def test_a_digest_that_failed_is_not_deployed_again() -> None:
    world = _pushed()
    world.services.breaker(NAME)
    world.services.rolled_back(NAME)
    _step(world)
    world.images.all.append(examples.image(OTHER_DIGEST))
    image_event(world.world(), push_event(OTHER_DIGEST, "newer", at(60)))
    world.services.complete(NAME)
    _step(world)
    (outcome,) = image_event(world.world(), push_event(DIGEST, "again", at(120)))
    assert outcome.outcome == "refused"
    assert "this very image failed here before" in outcome.reason
    assert len(world.ecs_acts) == 4


# Who may act


def test_while_another_step_holds_the_lease_nothing_is_done() -> None:
    world = aws()
    world.faults = [Fault(0, Unavailable("throttled"), name="register")]
    image_event(world.world(), push_event())
    head = world.ledger.heads[NAME]
    lease = Lease(holder="another", until=world.now + (at(90) - at(0)))
    world.ledger.heads[NAME] = head.model_copy(update={"lease": lease})
    assert _step(world).status is Status.PENDING
    assert world.ecs_acts == []
    assert _step(world).status is Status.IN_PROGRESS


def test_the_lease_is_held_while_acting_and_given_back() -> None:
    world = aws()
    seen = []
    register = world.services.register

    def looking(registration: Any) -> Any:
        seen.append(world.ledger.heads[NAME].lease)
        return register(registration)

    world.services.register = looking  # type: ignore[method-assign]
    image_event(world.world(), push_event())
    assert seen == [Lease(holder="invocation-1", until=world.now + (at(90) - at(0)))]
    assert world.ledger.heads[NAME].lease is None


def test_others_who_write_meanwhile_are_read_again() -> None:
    world = aws()
    register = world.services.register

    def meanwhile(registration: Any) -> Any:
        world.ledger.save(world.ledger.heads[NAME])
        return register(registration)

    world.services.register = meanwhile  # type: ignore[method-assign]
    (outcome,) = image_event(world.world(), push_event())
    assert outcome.status == "IN_PROGRESS"
    assert world.ecs_acts == ["register", "update conflicto-backend-dev:8"]


def test_endless_conflicts_leave_the_step_to_later() -> None:
    world = _pushed()
    world.services.complete(NAME)
    world.restart()
    world.faults = [Fault(number, Conflict("again"), name="save") for number in range(5)]
    with pytest.raises(Unavailable, match="others kept writing"):
        _step(world)
    assert _step(world).status is Status.SUCCESSFUL


# The loop


def test_the_loop_is_told_whether_and_when_to_come_back() -> None:
    world = _pushed()
    identity = world.record().id
    answer = watch(world.world(), identity)
    assert answer == {"deployment": identity, "status": "IN_PROGRESS", "open": True, "wait": 30}
    world.services.complete(NAME)
    answer = watch(world.world(), identity)
    assert answer == {"deployment": identity, "status": "SUCCESSFUL", "open": False, "wait": 0}


@pytest.mark.parametrize(
    "event",
    [None, [], {}, {"deployment": ""}, {"deployment": ["d-1"]}, {"deployment": "HEAD"},
     {"deployment": "d-1", "began": "yesterday"}, {"deployment": "d-1", "began": "2026-03-02"}],
)  # fmt: skip
def test_what_no_state_machine_of_ours_sends_ends_its_loop(event: Any) -> None:
    world = _pushed()
    world.restart()
    assert poll(world.world(), event)["wait"] == 0
    assert world.calls == []


def test_a_long_loop_hands_over_to_the_next_execution() -> None:
    world = _pushed()
    identity = world.record().id
    assert watch(world.world(), identity, _ago(world, hours=25))["wait"] == 0
    assert world.watchers.running == {(identity, 1), (identity, 2)}
    assert world.record().watcher == 2
    world.services.complete(NAME)
    watch(world.world(), identity, _ago(world, hours=48))
    assert (identity, 3) not in world.watchers.running


def test_a_loop_of_less_than_a_day_goes_on() -> None:
    world = _pushed()
    assert watch(world.world(), world.record().id, _ago(world, hours=23))["wait"] > 0
    assert world.watchers.running == {(world.record().id, 1)}


def test_when_an_execution_began_is_read_as_step_functions_writes_it() -> None:
    world = _pushed()
    began = _ago(world, hours=25).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
    sent = {"deployment": world.record().id, "began": began}
    assert poll(world.world(), sent)["wait"] == 0
    assert world.record().watcher == 2


def test_a_record_that_the_index_does_not_show_yet_is_asked_for_again() -> None:
    with pytest.raises(Unavailable, match="does not know the deployment d-1"):
        watch(aws().world(), "d-1")


def test_a_hand_over_that_another_step_wrote_into_is_found_started_by_the_next() -> None:
    world = _pushed()
    identity = world.record().id
    _step(world)
    world.restart()
    world.faults = [Fault(0, Conflict("written by another"), name="save")]
    assert watch(world.world(), identity, _ago(world, hours=25))["wait"] == 0
    assert world.watchers.running == {(identity, 1), (identity, 2)}
    assert world.record().watcher == 1


def _ago(world: Aws, *, hours: int) -> datetime:
    return world.now - timedelta(hours=hours)


def test_a_deployment_that_the_ledger_does_not_know_is_refused() -> None:
    with pytest.raises(Refused, match="has no deployment d-1"):
        advance(_pushed().world(), NAME, "d-1")


def test_behind_a_classic_load_balancer_a_rollout_ends_by_the_service_alone() -> None:
    world = _pushed()
    record = world.record().model_copy(update={"service_deployment": ""})
    world.ledger.records[NAME, record.id] = record
    world.services.complete(NAME)
    world.services.service_deployments.clear()
    (primary,) = world.services.all[NAME].deployments
    without_state = {"deployments": (primary.model_copy(update={"rollout_state": ""}),)}
    world.services.all[NAME] = world.services.all[NAME].model_copy(update=without_state)
    assert _step(world).status is Status.SUCCESSFUL


# A permission is missing


@pytest.mark.parametrize("call", ["service", "register", "update"])
def test_a_missing_permission_is_told_once_and_waited_for(call: str) -> None:
    world = aws()
    world.ledger.heads[NAME] = examples.head(order=at(-60), version=0)
    world.faults = [Fault(0, Denied(f"{call} is denied"), name=call)]
    image_event(world.world(), push_event())
    record = world.record()
    assert (record.status, record.denied) == (Status.PENDING, True)
    assert record.reason == f"{call} is denied"
    assert world.told == ["PENDING"]
    world.restart()
    world.faults = [Fault(0, Denied(f"{call} is denied"), name=call)]
    _step(world)
    assert world.told == ["PENDING"]
    assert _step(world).status is Status.IN_PROGRESS
    assert not world.record().denied
    assert world.ecs_acts == ["register", "update conflicto-backend-dev:8"]


def test_a_rollback_that_is_denied_is_told_and_asked_for_again() -> None:
    world = _pushed()
    world.faults = [Fault(0, Denied("stop is denied"), name="stop")]
    record = advance(world.world(1800), NAME, world.record().id)
    assert (record.status, record.denied) == (Status.ROLLBACK_IN_PROGRESS, True)
    assert world.told.count("ROLLBACK_IN_PROGRESS") == 2
    assert "Denied: stop is denied." in world.topic.published[-1].text
    assert "stop is denied" not in record.reason
    assert not _step(world).denied
    assert world.ecs_acts[2:] == ["stop 2"]


def test_what_was_denied_and_then_overtaken_is_told_as_superseded() -> None:
    world = aws()
    world.faults = [Fault(0, Denied("register is denied"), name="register")]
    image_event(world.world(), push_event())
    waiting = world.record()
    world.images.all.append(examples.image(OTHER_DIGEST))
    image_event(world.world(), push_event(OTHER_DIGEST, "newer", at(60)))
    assert _step(world, waiting).status is Status.SUPERSEDED
    told = world.topic.published[-1]
    assert told.id == f"{waiting.id}-superseded"
    assert "waits for a permission" not in told.subject


def test_a_target_taken_out_while_it_may_have_been_applied_is_a_failure() -> None:
    world = aws()
    world.faults = [Fault(0, Unanswered("no answer"), after=True, name="update")]
    image_event(world.world(), push_event())
    assert world.record().status is Status.PENDING
    world.targets = examples.targets(examples.target(service="another"))
    assert _step(world).status is Status.FAILED
    assert "no longer in targets.toml" in world.record().reason
