"""ECS as it is: an answer may be some seconds old, two may disagree, one may never come."""

from __future__ import annotations

from datetime import timedelta

import pytest

from chalicelib.errors import Denied, Unanswered, Unavailable
from chalicelib.flow.advance import advance
from chalicelib.flow.image_event import image_event
from chalicelib.flow.withdraw import withdraw
from chalicelib.model.deployments import Deployment, Status
from chalicelib.model.heads import Proven
from chalicelib.model.services import ServiceDeployment
from tests.fixtures import examples
from tests.fixtures.examples import NAME, OTHER_DIGEST, at, push_event, revision
from tests.flow.fakes import Aws, Died, Fault, aws


def _step(world: Aws, after: float = 60) -> Deployment:
    record = world.record()
    return advance(world.world(after), record.service, record.id)


def _pushed() -> Aws:
    world = aws()
    image_event(world.world(), push_event())
    return world


def _pushed_beside_an_old_answer() -> Aws:
    """UpdateService's answer, and every look, still shows the deployment before ours."""
    world = aws()
    world.services.shown[NAME] = world.services.all[NAME]
    image_event(world.world(), push_event())
    return world


def _newest(world: Aws) -> ServiceDeployment:
    return world.services.service_deployments[NAME][-1]


# Whose deployment it is


def test_an_answer_that_names_the_deployment_before_is_not_taken_for_ours() -> None:
    world = _pushed_beside_an_old_answer()
    assert (world.record().ecs_deployment, world.record().service_deployment) == ("", "")
    assert _step(world, after=5).status is Status.IN_PROGRESS
    world.services.shown.clear()
    assert _step(world).ecs_deployment == world.services.all[NAME].deployments[0].id
    world.services.complete(NAME)
    assert _step(world).status is Status.SUCCESSFUL
    assert world.record().service_deployment == _newest(world).arn


def test_a_success_from_before_a_lost_answer_is_never_taken_for_ours() -> None:
    world = aws()
    world.faults = [Fault(0, Unanswered("no answer"), after=True, name="update")]
    image_event(world.world(), push_event())
    ours = _newest(world).arn
    world.services.hidden.add(ours)
    assert _step(world, after=15).status is Status.PENDING
    world.services.hidden.clear()
    assert _step(world).service_deployment == ours
    world.services.breaker(NAME)
    world.services.rolled_back(NAME)
    assert _step(world).status is Status.ROLLBACK_SUCCESSFUL
    assert [one.revision for one in world.ledger.heads[NAME].proven] == [revision(7)]
    assert world.told == ["IN_PROGRESS", "ROLLBACK_SUCCESSFUL"]


def test_after_a_lost_answer_nothing_is_asked_for_again_while_ecs_may_not_show_it_yet() -> None:
    world = aws()
    world.faults = [Fault(0, Unanswered("no answer"), after=True, name="update")]
    image_event(world.world(), push_event())
    world.services.shown[NAME] = world.services.all[NAME]
    world.services.hidden.add(_newest(world).arn)
    assert _step(world, after=29).status is Status.PENDING
    assert (
        "ECS did not answer an attempt to apply it, and may have carried it out"
        in world.record().reason
    )
    assert world.ecs_acts == ["register", f"update {examples.FAMILY}:8"]


def test_another_setting_changed_again_gives_the_rollout_a_deadline_of_its_own() -> None:
    world = _pushed()
    _step(world, after=1740)
    world.services.begin(NAME, revision(8))
    assert _step(world, after=30).status is Status.IN_PROGRESS
    assert _step(world, after=600).status is Status.IN_PROGRESS
    assert len(world.ecs_acts) == 2
    record = _step(world, after=1200)
    assert record.status is Status.ROLLBACK_IN_PROGRESS
    assert "deadline of 30 minutes" in record.reason
    assert record.deadline == world.now + timedelta(minutes=30)


def test_where_nothing_had_to_be_updated_the_deployment_that_is_there_is_ours() -> None:
    world = _pushed()
    world.services.complete(NAME)
    _step(world)
    world.images.all.append(examples.image(OTHER_DIGEST))
    image_event(world.world(), push_event(OTHER_DIGEST, "newer", at(300)))
    world.services.begin(NAME, revision(9))
    world.services.complete(NAME)
    (running,) = world.services.all[NAME].deployments
    goes_to = world.record().model_copy(
        update={"id": "again", "status": Status.PENDING, "goes_to": revision(9), "order": at(900)}
    )
    world.ledger.records[NAME, "again"] = goes_to
    world.ledger.heads[NAME] = examples.head(version=world.ledger.heads[NAME].version)
    world.services.service_deployments[NAME].clear()  # ECS keeps them for 90 days
    record = advance(world.world(5000), NAME, "again")
    assert (record.status, record.began) == (Status.IN_PROGRESS, running.created_at)
    assert advance(world.world(5), NAME, "again").status is Status.SUCCESSFUL


def test_past_the_deadline_a_healthy_service_is_not_rolled_back() -> None:
    world = _pushed()
    world.services.complete(NAME)
    world.services.hidden.add(_newest(world).arn)
    assert _step(world).status is Status.IN_PROGRESS
    assert _step(world, after=1800).status is Status.SUCCESSFUL
    assert len(world.ecs_acts) == 2


# Two answers that disagree


def test_a_rollback_that_only_one_answer_shows_is_not_called_superseded() -> None:
    world = _pushed()
    _step(world)
    in_progress = _newest(world)
    world.services.breaker(NAME)
    knows = _newest(world)
    world.services.service_deployments[NAME][-1] = in_progress
    assert _step(world, after=5).status is Status.IN_PROGRESS
    world.services.service_deployments[NAME][-1] = knows
    assert _step(world, after=5).status is Status.ROLLBACK_IN_PROGRESS
    assert world.told == ["IN_PROGRESS", "ROLLBACK_IN_PROGRESS"]


def test_what_ecs_stopped_for_somebody_elses_deployment_is_never_set_back() -> None:
    world = _pushed()
    _step(world)
    world.services.shown[NAME] = world.services.all[NAME]  # PRIMARY is shown as ours
    world.services.begin(NAME, revision(9))
    record = _step(world, after=1800)
    assert record.status is Status.SUPERSEDED
    assert "conflicto-backend-dev:9 was deployed to the service instead" in record.reason
    assert len(world.ecs_acts) == 2


def test_what_somebody_deployed_while_ours_goes_back_is_never_set_back_either() -> None:
    world = _pushed()
    world.faults = [Fault(0, Unavailable("throttled"), name="stop")]
    assert _step(world, after=1800).status is Status.ROLLBACK_IN_PROGRESS
    world.services.shown[NAME] = world.services.all[NAME]
    world.services.begin(NAME, revision(9))
    record = _step(world)
    assert record.status is Status.FAILED
    assert (
        "before it was rolled back, conflicto-backend-dev:9 was deployed instead" in record.reason
    )
    assert len(world.ecs_acts) == 2


def test_the_return_whose_answer_was_lost_is_not_asked_for_twice() -> None:
    world = _pushed()
    world.services.stopped(NAME)
    world.faults = [Fault(1, Unanswered("no answer"), after=True, name="update")]
    before = world.services.all[NAME]
    assert _step(world).status is Status.ROLLBACK_IN_PROGRESS
    world.services.shown[NAME] = before
    assert _step(world).status is Status.ROLLBACK_IN_PROGRESS
    world.services.shown.clear()
    world.services.complete(NAME)
    assert _step(world).status is Status.ROLLBACK_SUCCESSFUL
    assert world.ecs_acts[2:] == [f"update {examples.FAMILY}:7"]


def test_what_a_person_stops_before_ecs_shows_it_is_stopped_as_soon_as_it_does() -> None:
    world = _pushed()
    world.services.hidden.add(_newest(world).arn)
    record = withdraw(world.world(5), NAME, world.record().id, "stopped by hand by ann: oops")
    assert record.status is Status.ROLLBACK_IN_PROGRESS
    assert world.ledger.heads[NAME].lease is None
    assert len(world.ecs_acts) == 2
    world.services.hidden.clear()
    assert record.returning is not None
    asked = _step(world, after=5).returning
    assert asked is not None
    assert (asked.by, asked.how, asked.done) == ("person", record.returning.how, True)
    assert world.ecs_acts[2:] == ["stop 2"]


def test_a_revision_that_was_registered_and_is_not_shown_yet_is_waited_for() -> None:
    world = aws()
    world.faults = [Fault(0, Unavailable("throttled"), name="update")]
    image_event(world.world(), push_event())
    registered = world.services.definitions.pop(revision(8))
    with pytest.raises(Unavailable, match="does not show conflicto-backend-dev:8"):
        _step(world, after=29)
    world.services.definitions[revision(8)] = registered
    assert _step(world).status is Status.IN_PROGRESS
    assert world.ecs_acts == ["register", f"update {examples.FAMILY}:8"]


# Where to return to


def test_what_ecs_no_longer_keeps_is_returned_to_by_what_the_ledger_knows() -> None:
    world = aws()
    world.services.service_deployments[NAME].clear()
    (running,) = world.services.all[NAME].deployments
    not_steady = {"deployments": (running.model_copy(update={"rollout_state": "FAILED"}),)}
    world.services.all[NAME] = world.services.all[NAME].model_copy(update=not_steady)
    proven = Proven(revision=revision(6), first=at(-9e6))
    world.ledger.heads[NAME] = examples.head(order=at(-9e6), proven=(proven,), version=0)
    image_event(world.world(), push_event())
    assert world.record().return_to == revision(6)


def test_what_the_superseded_one_would_return_to_comes_before_what_is_proven() -> None:
    world = _pushed()
    world.services.service_deployments[NAME].clear()
    world.ledger.heads[NAME] = world.ledger.heads[NAME].model_copy(
        update={"proven": (Proven(revision=revision(5), first=at(-9e6)),)}
    )
    world.images.all.append(examples.image(OTHER_DIGEST))
    image_event(world.world(), push_event(OTHER_DIGEST, "newer", at(60)))
    assert world.record().return_to == revision(7)


def test_what_somebody_deployed_since_an_attempt_that_did_nothing_is_returned_to() -> None:
    world = aws()
    world.faults = [Fault(0, Unavailable("throttled"), name="update")]
    image_event(world.world(), push_event())
    assert world.record().return_to == revision(7)
    made = world.services.register({**examples.task_definition().body, "tags": []})
    world.services.begin(NAME, made.arn)
    world.services.complete(NAME)
    assert _step(world).return_to == made.arn


# First the act, then the explanation


def _failed(world: Aws, after: float = 1800) -> Deployment:
    world.restart()
    return _step(world, after)


def test_a_failure_is_acted_upon_before_anything_is_read_to_explain_it() -> None:
    world = _pushed()
    _failed(world)
    acted = world.calls.index("stop")
    assert {"stopped_tasks", "task_definition"} <= set(world.calls[acted:])
    assert not {"stopped_tasks", "task_definition"} & set(world.calls[:acted])
    assert world.told == ["IN_PROGRESS", "ROLLBACK_IN_PROGRESS"]


@pytest.mark.parametrize("read", ["stopped_tasks", "task_definition"])
def test_who_dies_while_explaining_has_rolled_back_and_another_step_explains_it(read: str) -> None:
    world = _pushed()
    world.faults = [Fault(0, Died(), name=read)]
    with pytest.raises(Died):
        _failed(world)
    assert world.ecs_acts[2:] == ["stop 2"]
    assert world.told == ["IN_PROGRESS"]
    assert _step(world, after=5).unexplained is not None  # the other one may only be slow
    record = _step(world, after=25)
    assert record.unexplained is None
    assert "deadline of 30 minutes" in record.reason
    assert world.told == ["IN_PROGRESS", "ROLLBACK_IN_PROGRESS"]


def test_what_cannot_be_explained_in_three_minutes_is_told_without_a_case() -> None:
    world = _pushed()
    world.faults = [Fault(0, Died(), name="stopped_tasks")]
    with pytest.raises(Died):
        _failed(world)
    world.services.rolled_back(NAME)
    record = _step(world, after=181)
    assert (record.status, record.unexplained) == (Status.ROLLBACK_SUCCESSFUL, None)
    assert "could not be read in time" in record.case
    assert world.told == ["IN_PROGRESS", "ROLLBACK_SUCCESSFUL"]
    assert "stopped_tasks" not in world.calls[world.calls.index("stopped_tasks") + 1 :]


def test_who_dies_while_explaining_what_is_over_leaves_it_unfinished() -> None:
    world = _pushed()
    world.services.all.clear()
    world.faults = [Fault(0, Died(), name="stopped_tasks")]
    with pytest.raises(Died):
        _failed(world, after=60)
    record = world.record()
    assert (record.status, record.open, record.finished) == (Status.FAILED, False, False)
    assert _step(world).finished
    assert world.told == ["IN_PROGRESS", "FAILED"]


def test_a_rollback_that_is_denied_is_told_with_the_case_and_without_the_permission() -> None:
    world = _pushed()
    world.faults = [Fault(0, Denied("watch may not ecs:StopServiceDeployment"), name="stop")]
    _failed(world)
    first, second = world.topic.published[1:]
    assert first.id == f"{world.record().id}-rollback-in-progress"
    assert second.id.startswith(f"{first.id}-")
    assert second.id.endswith("-denied")
    assert "waits for a permission" in second.subject
