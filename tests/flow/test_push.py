"""push -> records -> first steps: what one event makes of the services that follow the image."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.definition.render import PROVENANCE
from chalicelib.errors import Conflict, Denied, Refused, Unavailable
from chalicelib.flow.advance import advance
from chalicelib.flow.image_event import image_event
from chalicelib.model.deployments import Status
from tests.fixtures import examples
from tests.fixtures.examples import DIGEST, NAME, OTHER_DIGEST, at, push_event, revision
from tests.flow.fakes import Fault, aws
from tests.flow.steps import pushed, step

WEB, WORKER = examples.target(service="web"), examples.target(service="worker")


def test_a_push_is_recorded_registered_and_rolled_out_at_once() -> None:
    world = aws()
    (outcome,) = image_event(world.world(), push_event())
    assert (outcome.outcome, outcome.service, outcome.status) == ("recorded", NAME, "IN_PROGRESS")
    assert world.acts == [
        "start 1",
        "register",
        "update conflicto-backend-dev:8",
        "publish IN_PROGRESS",
    ]
    record = world.record()
    assert record.revision == revision(8)
    assert record.return_to == revision(7)
    assert record.base == revision(7)
    assert record.deadline == world.now + (at(1800) - at(0))
    assert not record.acting


def test_what_is_registered_is_the_image_by_digest_with_its_provenance() -> None:
    world = pushed()
    made = world.services.definitions[revision(8)]
    images = [container["image"] for container in made.body["containerDefinitions"]]
    assert images == [f"{examples.URI}@{DIGEST}", "public.ecr.aws/appmesh/envoy:v1"]
    assert made.body["unknownToTheSdk"] == {"kept": True, "empty": ""}
    assert made.tags[PROVENANCE] == world.record().id


def test_a_rollout_ends_as_ecs_says_and_proves_its_revision() -> None:
    world = pushed()
    assert step(world).status is Status.IN_PROGRESS
    world.services.complete(NAME)
    record = step(world)
    assert record.status is Status.SUCCESSFUL
    assert world.told == ["IN_PROGRESS", "SUCCESSFUL"]
    head = world.ledger.heads[NAME]
    assert head.open_deployments == ()
    assert head.lease is None
    assert [one.revision for one in head.proven] == [revision(8), revision(7)]
    assert (head.proven[0].deployment, head.proven[0].tag) == (record.id, "abc1234")


def test_a_poll_that_sees_nothing_new_writes_nothing() -> None:
    world = pushed()
    step(world)
    writes = world.ledger.writes
    assert step(world).status is Status.IN_PROGRESS
    assert world.ledger.writes == writes


def test_a_closed_deployment_is_never_looked_at_again() -> None:
    world = pushed()
    world.services.complete(NAME)
    ended = step(world)
    world.restart()
    assert step(world) == ended
    assert "service" not in world.calls


def test_the_same_event_twice_creates_nothing() -> None:
    world = pushed()
    acts = list(world.acts)
    (outcome,) = image_event(world.world(), push_event())
    assert (outcome.outcome, outcome.deployment) == ("known", world.record().id)
    assert world.acts == acts
    assert len(world.ledger.records) == 1


def test_two_tags_of_one_image_are_one_deployment() -> None:
    world = pushed()
    (outcome,) = image_event(world.world(), push_event(tag="v1.0", time=at(1)))
    assert outcome.outcome == "known"
    assert len(world.ledger.records) == 1
    assert world.ecs_acts == ["register", "update conflicto-backend-dev:8"]


def test_one_image_goes_to_every_service_that_follows_it() -> None:
    world = aws(WEB, WORKER)
    outcomes = image_event(world.world(), push_event())
    assert [outcome.service for outcome in outcomes] == [WEB.name, WORKER.name]
    assert world.ecs_acts == [
        "register",
        "update conflicto-backend-dev:8",
        "register",
        "update conflicto-backend-dev:9",
    ]
    made = [world.services.definitions[revision(number)] for number in (8, 9)]
    assert made[0].body["containerDefinitions"] == made[1].body["containerDefinitions"]


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        pytest.param(examples.event("ecr-delete"), "DELETE", id="no push"),
        pytest.param(push_event(repository="other"), "no target follows", id="no target"),
        pytest.param(push_event(tag="latest"), "outside the rule", id="another tag"),
        pytest.param(push_event() | {"account": "999999999999"}, "of account '9", id="foreign"),
        pytest.param(push_event(OTHER_DIGEST), "no longer holds", id="deleted since"),
    ],
)
def test_what_deploys_nothing_is_ignored_for_a_reason(event: dict[str, Any], reason: str) -> None:
    world = aws()
    (outcome,) = image_event(world.world(), event)
    assert outcome.outcome == "ignored"
    assert reason in outcome.reason
    assert not world.acts
    assert not world.ledger.writes


def test_what_is_no_image_is_ignored() -> None:
    world = aws()
    world.images.all = [examples.image(artifact_type="application/vnd.cncf.helm.config.v1+json")]
    (outcome,) = image_event(world.world(), push_event())
    assert outcome.reason.startswith("abc1234: it holds application/vnd.cncf.helm")


def test_a_first_step_that_does_not_get_through_is_left_to_the_watcher() -> None:
    world = aws()
    world.faults = [Fault(1, Unavailable("down"), name="service")]
    (outcome,) = image_event(world.world(), push_event())
    assert outcome.outcome == "recorded"
    assert outcome.reason == "recorded; the watcher goes on: down"
    assert world.acts == ["start 1"]
    assert step(world).status is Status.IN_PROGRESS


def test_what_cannot_be_recorded_is_tried_again_by_lambda() -> None:
    world = aws()
    world.faults = [Fault(0, Unavailable("down"), name="save")]
    with pytest.raises(Unavailable, match="down"):
        image_event(world.world(), push_event())
    assert image_event(world.world(), push_event())[0].outcome == "recorded"


def test_a_push_that_others_keep_writing_into_is_tried_again_by_lambda() -> None:
    world = aws()
    world.faults = [Fault(number, Conflict("again"), name="save") for number in range(5)]
    with pytest.raises(Unavailable, match="others kept writing"):
        image_event(world.world(), push_event())
    assert not world.acts


def test_a_known_push_whose_deployment_is_forgotten_nudges_nothing() -> None:
    world = aws()
    world.ledger.heads[NAME] = examples.head(digest=DIGEST)
    (outcome,) = image_event(world.world(), push_event())
    assert (outcome.outcome, outcome.deployment, outcome.status) == ("known", "", "")
    assert not world.acts


# One service, one image, one second


@pytest.mark.parametrize(
    "error",
    [
        Unavailable("denied"),
        Refused("InvalidParameterException"),
    ],
)
def test_a_service_that_aws_does_not_answer_for_keeps_no_other_from_its_push(
    error: Exception,
) -> None:
    world = aws(WEB, WORKER)
    for _ in range(3):
        world.restart()
        world.faults = [Fault(0, error, name="service")]
        try:
            image_event(world.world(), push_event())
        except (Unavailable, Refused):
            continue
    assert world.ledger.heads.get(WORKER.name)
    assert world.record(WORKER.name).status is Status.IN_PROGRESS


def test_a_first_step_that_is_refused_keeps_no_other_service_from_its_push() -> None:
    world = aws(WEB, WORKER)
    world.faults = [Fault(2, Refused("InvalidParameterException"), name="service")]
    web, worker = image_event(world.world(), push_event())
    assert web.reason == "recorded; the watcher goes on: InvalidParameterException"
    assert worker.status == "IN_PROGRESS"


def test_every_follower_is_recorded_before_any_is_begun() -> None:
    world = aws(WEB, WORKER)
    image_event(world.world(), push_event())
    begun = world.acts.index("register")
    assert world.acts[:begun] == ["start 1", "start 1"]


def test_where_many_follow_an_image_their_watchers_take_the_first_steps() -> None:
    many = [examples.target(service=f"web-{number}") for number in range(21)]
    world = aws(*many)
    outcomes = image_event(world.world(), push_event())
    assert [outcome.outcome for outcome in outcomes] == ["recorded"] * 21
    assert world.acts == ["start 1"] * 21
    assert step(world, world.record(many[-1].name)).status is Status.IN_PROGRESS


def test_a_first_meeting_that_is_denied_is_recorded_told_and_goes_on_by_itself() -> None:
    world = aws()
    denied = Denied("could not read the service: slipway-dev-watch may not ecs:DescribeServices")
    world.faults = [Fault(0, denied, name="service"), Fault(1, denied, name="service")]
    image_event(world.world(), push_event())
    assert world.record().status is Status.PENDING
    assert "may not ecs:DescribeServices" in world.topic.published[0].text
    advance(world.world(), NAME, world.record().id)
    world.services.complete(NAME)
    advance(world.world(), NAME, world.record().id)
    assert world.record().status is Status.SUCCESSFUL
    proven = [one.revision for one in world.ledger.heads[NAME].proven]
    assert proven == [examples.revision(8), examples.revision(7)]
