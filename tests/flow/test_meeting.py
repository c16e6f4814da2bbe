"""The first push of a service is neither refused nor lost, whoever meets the service first."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from chalicelib.errors import Conflict, Denied, Refused, Unanswered, Unavailable
from chalicelib.flow.advance import advance
from chalicelib.flow.deploy import deploy_by_hand
from chalicelib.flow.image_event import image_event
from chalicelib.flow.rollback import rollback_by_hand
from chalicelib.flow.sweep.sweep import sweep_targets
from chalicelib.model.deployments import Deployment, Status
from chalicelib.model.heads import Head
from tests.fixtures import examples
from tests.fixtures.examples import DIGEST, NAME, OTHER_DIGEST, at, push_event
from tests.flow.fakes import Aws, Fault, aws

WHO = {"service": NAME, "by": "ann", "why": "a test"}
TROUBLE = [Unavailable("throttled"), Denied("may not"), Unanswered("no answer"), Refused("odd")]


def _met_at(seconds: float, world: Aws | None = None) -> Aws:
    """A sweep met the service at this moment; nobody has heard of a push yet."""
    world = world or aws()
    world.now = at(seconds) - timedelta(seconds=60)
    assert [one.outcome for one in sweep_targets(world.world())] == ["met"]
    return world


def _heard(world: Aws, when: float, event: dict[str, Any] | None = None) -> str:
    """What became of the event of a push, `when` seconds after the push."""
    world.now = at(when) - timedelta(seconds=60)
    return image_event(world.world(), event or push_event(time=at(0)))[0].outcome


def _head(world: Aws) -> Head:
    return world.ledger.heads[NAME]


def _step(world: Aws, record: Deployment | None = None) -> Deployment:
    return advance(world.world(), NAME, (record or world.record()).id)


# Who met the service, and when


@pytest.mark.parametrize("when", [1, 5, 3600], ids=["at once", "soon", "an hour later"])
def test_a_push_from_before_the_meeting_is_deployed_within_an_hour(when: float) -> None:
    assert _heard(_met_at(1), when) == "recorded"
    assert _heard(aws(), when) == "recorded"


def test_a_push_from_before_the_meeting_is_refused_after_more_than_an_hour() -> None:
    assert _heard(_met_at(1), 3601) == "refused"
    assert _heard(aws(), 3601) == "refused"


def test_a_push_from_before_what_the_service_runs_is_refused_whoever_meets_first() -> None:
    for by_sweep in (True, False):
        world = aws()
        world.world(30)  # what the service runs begins after the push, and before the meeting
        world.services.begin(NAME, examples.revision(7))
        world.services.complete(NAME)
        if by_sweep:
            _met_at(200, world)
        assert _heard(world, 300) == "refused"
        assert "what the service runs was deployed at" in world.record().reason
        assert world.ecs_acts == []


def test_a_push_after_the_meeting_is_deployed_however_late_its_event_comes() -> None:
    assert _heard(_met_at(-1), 5 * 3600) == "recorded"


def test_the_order_of_a_push_from_before_the_meeting_keeps_out_what_is_older() -> None:
    world = _met_at(60)
    world.images.all.append(examples.image(OTHER_DIGEST, tags=("older",)))
    _heard(world, 70)
    assert (_head(world).met, _head(world).order) == (at(60), at(0))
    assert _heard(world, 80, push_event(OTHER_DIGEST, "older", at(-5))) == "refused"


def test_the_sweep_looks_for_lost_pushes_from_the_meeting_on() -> None:
    world = _met_at(60)
    _heard(world, 70)
    before, since = "sha256:" + "c" * 64, "sha256:" + "d" * 64
    world.images.all.append(examples.image(before, at(30), tags=("before",)))
    world.now = at(4000).replace(minute=3)
    sweep_targets(world.world())
    assert len(world.ledger.records) == 1
    world.images.all.append(examples.image(since, at(90), tags=("since",)))
    sweep_targets(world.world())
    assert world.record().tag == "since"


def test_who_meets_at_the_same_moment_as_a_push_is_recorded_keeps_it() -> None:
    world = aws()
    world.faults = [Fault(0, Conflict("the sweep met it"), name="save")]
    image_event(world.world(), push_event())
    assert world.record().status is Status.IN_PROGRESS


# ECS or IAM fails at the first push


@pytest.mark.parametrize("error", TROUBLE, ids=lambda error: type(error).__name__)
def test_a_first_push_is_recorded_although_ecs_does_not_answer(error: Exception) -> None:
    world = aws()
    world.faults = [Fault(number, error, name="service") for number in range(2)]
    assert _heard(world, 1) == "recorded"
    assert (_head(world).met, _head(world).order) == (at(1), at(0))
    assert world.record().status is Status.PENDING
    assert _step(world).status is Status.IN_PROGRESS
    assert [one.revision for one in _head(world).proven] == [examples.revision(7)]


# ECR fails at a push


def _unconfirmed(*steps: int, error: Exception | None = None) -> Aws:
    """A push was heard of while ECR did not answer, nor when the step was taken."""
    world = aws()
    error = error or Unavailable("ECR is down")
    world.faults = [Fault(number, error, name="image") for number in steps or (0, 1)]
    assert image_event(world.world(), push_event())[0].outcome == "recorded"
    return world


def test_a_push_is_recorded_although_ecr_does_not_answer_and_deployed_when_it_does() -> None:
    world = _unconfirmed()
    record = world.record()
    assert (record.status, record.unconfirmed, record.image) == (Status.PENDING, True, "")
    assert (_head(world).digest, _head(world).recent) == ("", ())
    assert (record.id, 1) in world.watchers.running
    after = _step(world)
    assert (after.status, after.unconfirmed) == (Status.IN_PROGRESS, False)
    assert after.image == f"{examples.URI}@{DIGEST}"
    assert (after.pushed_at, after.commit) == (at(0), "abc1234")
    assert (_head(world).digest, _head(world).order) == (DIGEST, at(0))
    assert (_head(world).unconfirmed, _head(world).open_deployments) == ((), (record.id,))


def test_the_first_step_confirms_at_once_where_ecr_answers_again() -> None:
    assert _unconfirmed(0).record().status is Status.IN_PROGRESS


def test_an_unconfirmed_push_makes_no_other_older_and_supersedes_nothing() -> None:
    world = _unconfirmed()
    waiting = world.record()
    world.images.all.append(examples.image(OTHER_DIGEST, tags=("between",)))
    assert _heard(world, 30, push_event(OTHER_DIGEST, "between", at(-5))) == "recorded"
    between = next(one for one in world.ledger.records.values() if one.tag == "between")
    assert between.status is Status.IN_PROGRESS
    assert _step(world, waiting).status is Status.IN_PROGRESS
    assert _step(world, between).status is Status.SUPERSEDED


def test_an_unconfirmed_push_that_a_newer_one_overtook_is_refused() -> None:
    world = _unconfirmed()
    waiting = world.record()
    world.images.all.append(examples.image(OTHER_DIGEST, tags=("newer",)))
    image_event(world.world(), push_event(OTHER_DIGEST, "newer", at(5)))
    refused = _step(world, waiting)
    assert refused.status is Status.REFUSED
    assert "a newer image was asked for" in refused.reason
    assert _head(world).digest == OTHER_DIGEST


@pytest.mark.parametrize(
    ("images", "reason"),
    [
        pytest.param([], "no longer holds sha256:aaaa", id="gone"),
        pytest.param(
            [examples.image(artifact_type="text/sbom+json")], "it holds text/sbom", id="no image"
        ),
    ],
)
def test_what_turns_out_to_be_no_image_is_refused_and_changes_nothing(
    images: list[Any], reason: str
) -> None:
    world = _unconfirmed()
    world.images.all = images
    record = _step(world)
    assert record.status is Status.REFUSED
    assert reason in record.reason
    head = _head(world)
    assert (head.digest, head.recent, head.open_deployments, head.unconfirmed) == ("", (), (), ())
    assert world.ecs_acts == []


def test_two_tags_of_an_unconfirmed_image_are_one_deployment_as_new_as_the_newest() -> None:
    world = _unconfirmed(0, 1, 2, 3)
    world.images.all.append(examples.image(OTHER_DIGEST, tags=("between",)))
    (outcome,) = image_event(world.world(), push_event(tag="v1", time=at(9)))
    assert (outcome.outcome, outcome.deployment) == ("known", world.record().id)
    assert _step(world).status is Status.IN_PROGRESS
    assert (len(world.ledger.records), _head(world).order) == (1, at(9))
    (between,) = image_event(world.world(), push_event(OTHER_DIGEST, "between", at(5)))
    assert between.outcome == "refused"


def test_the_same_event_again_is_known_although_ecr_answers_by_now() -> None:
    world = _unconfirmed()
    (outcome,) = image_event(world.world(), push_event())
    assert (outcome.outcome, outcome.status) == ("known", "IN_PROGRESS")
    assert len(world.ledger.records) == 1


def test_the_sweep_does_not_find_an_unconfirmed_push_a_second_time() -> None:
    world = _unconfirmed(error=Denied("may not ecr:DescribeImages"))
    assert "may not ecr:DescribeImages" in world.topic.published[0].text
    world.images.all[0] = examples.image(pushed_at=at(0.5))
    world.now = at(4000).replace(minute=3)
    sweep_targets(world.world())
    (record,) = world.ledger.records.values()
    assert (record.cause, record.status) == ("push", Status.IN_PROGRESS)


def test_an_unconfirmed_push_is_as_old_as_it_was_when_its_event_came() -> None:
    world = _unconfirmed()
    world.world(5 * 3600)
    assert _step(world).status is Status.IN_PROGRESS


def test_an_unconfirmed_push_can_be_stopped_by_hand() -> None:
    world = _unconfirmed()
    waiting = world.record()
    rollback_by_hand(world.world(), {**WHO, "hold": False})
    assert world.ledger.records[NAME, waiting.id].status is Status.REFUSED
    assert _head(world).unconfirmed_of(DIGEST) == ""
    assert deploy_by_hand(world.world(), {**WHO, "image": DIGEST})["status"] == "IN_PROGRESS"
