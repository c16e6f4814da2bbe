"""PENDING record -> applied, waiting or refused: foreign rollouts, mode observe, refusals."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.errors import Refused
from chalicelib.flow.advance import advance
from chalicelib.flow.image_event import image_event
from chalicelib.model.deployments import Status
from tests.fixtures import examples
from tests.fixtures.examples import NAME, OTHER_DIGEST, at, push_event, revision
from tests.flow.fakes import Fault, aws
from tests.flow.steps import pushed, step


def test_a_foreign_rollout_is_waited_for() -> None:
    world = aws()
    foreign = world.services.register({**examples.task_definition().body, "tags": []})
    world.services.begin(NAME, foreign.arn)
    (outcome,) = image_event(world.world(), push_event())
    assert outcome.status == "PENDING"
    assert outcome.reason == (
        "waiting for a rollout of conflicto-backend-dev:8 that Slipway did not start"
    )
    writes = world.ledger.writes
    assert step(world).status is Status.PENDING
    assert world.ledger.writes == writes
    world.services.complete(NAME)
    assert step(world).status is Status.IN_PROGRESS
    assert (world.record().return_to, world.record().base) == (foreign.arn, foreign.arn)
    assert world.ecs_acts == ["register", "update conflicto-backend-dev:9"]


def test_a_foreign_rollout_that_never_ends_is_waited_for_until_the_deadline() -> None:
    world = aws()
    world.services.begin(NAME, revision(7))
    world.services.begin(NAME, revision(6))
    image_event(world.world(), push_event())
    record = world.record()
    assert advance(world.world(1800), NAME, record.id).status is Status.REFUSED
    assert world.ecs_acts == []
    assert world.told == ["REFUSED"]


def test_in_observe_mode_nothing_is_changed_and_what_would_be_is_told() -> None:
    world = pushed(mode="observe")
    record = world.record()
    assert record.status is Status.OBSERVED
    assert record.reason == (
        "would register a revision of conflicto-backend-dev from conflicto-backend-dev:7 with "
        "this image in conflicto-backend, and update the service"
    )
    assert world.ecs_acts == []
    assert world.told == ["OBSERVED"]


def test_in_observe_mode_the_containers_are_named_whatever_their_registrys_host() -> None:
    world = aws(examples.target(mode="observe"))
    seven = world.services.definitions[revision(7)]
    image = "123456789012.dkr.ecr-fips.us-west-2.amazonaws.com/conflicto-backend-dev:was"
    seven.body["containerDefinitions"][0]["image"] = image
    image_event(world.world(), push_event())
    assert "with this image in conflicto-backend, and" in world.record().reason


@pytest.mark.parametrize(
    ("service", "reason"),
    [
        pytest.param({"status": "INACTIVE"}, "has no active service", id="no service"),
        pytest.param({"controller": "CODE_DEPLOY"}, "is CODE_DEPLOY", id="another controller"),
    ],
)
def test_a_service_that_is_not_deployed_to_is_refused(service: dict[str, str], reason: str) -> None:
    world = aws()
    world.services.all[NAME] = world.services.all[NAME].model_copy(update=service)
    (outcome,) = image_event(world.world(), push_event())
    assert outcome.status == "REFUSED"
    assert reason in outcome.reason
    assert world.told == ["REFUSED"]


def test_a_service_that_does_not_exist_is_refused() -> None:
    world = aws()
    world.services.all.clear()
    assert image_event(world.world(), push_event())[0].status == "REFUSED"


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        pytest.param({"containers": ("x",)}, "has no container named 'x'", id="no such container"),
        pytest.param({"family": "x"}, "no ACTIVE task definition of the family x", id="no family"),
    ],
)
def test_what_cannot_be_rendered_is_refused(fields: dict[str, Any], reason: str) -> None:
    world = pushed(**fields)
    assert world.record().status is Status.REFUSED
    assert reason in world.record().reason
    assert not world.record().acting
    assert world.ecs_acts == []


def test_a_base_that_is_gone_is_refused() -> None:
    world = aws(examples.target(base="service"))
    world.services.definitions.clear()
    (outcome,) = image_event(world.world(), push_event())
    assert outcome.status == "REFUSED"
    assert outcome.reason == "ECS has no task definition conflicto-backend-dev:7"


def test_what_ecs_refuses_to_tell_closes_the_deployment() -> None:
    world = aws()
    world.services.begin(NAME, revision(6))
    rolling = world.services.all[NAME]
    failed = rolling.deployments[0].model_copy(update={"rollout_state": "FAILED"})
    world.services.all[NAME] = rolling.model_copy(
        update={"deployments": (failed, *rolling.deployments[1:])}
    )
    world.faults = [Fault(0, Refused("odd"), name="newest_service_deployment")]
    (outcome,) = image_event(world.world(), push_event())
    assert (outcome.status, outcome.reason) == ("REFUSED", "odd")
    assert world.ledger.heads[NAME].open_deployments == ()
    assert world.told == ["REFUSED"]


def test_a_rollback_of_ours_under_way_is_no_foreign_rollout() -> None:
    world = pushed()
    world.services.breaker(NAME)
    step(world)
    world.images.all.append(examples.image(OTHER_DIGEST, tags=("def5678",)))
    (outcome,) = image_event(world.world(), push_event(OTHER_DIGEST, "def5678", at(60)))
    assert (outcome.status, outcome.reason) == ("IN_PROGRESS", "")
