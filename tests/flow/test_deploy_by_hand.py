"""`deploy` by hand: what may be asked for, and what becomes of it."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.errors import Refused, Unavailable
from chalicelib.flow.advance import advance
from chalicelib.flow.deploy import deploy_by_hand
from chalicelib.flow.image_event import image_event
from chalicelib.model.deployments import Status
from tests.fixtures import examples
from tests.fixtures.examples import DIGEST, NAME, OTHER_DIGEST, URI, at, push_event
from tests.flow.by_hand import WHO, deployed, end
from tests.flow.fakes import Fault, aws

FIPS = f"123456789012.dkr.ecr-fips.us-west-2.amazonaws.com/{examples.REPOSITORY}"


DUAL_STACK = f"123456789012.dkr-ecr.us-west-2.on.aws/{examples.REPOSITORY}"


@pytest.mark.parametrize(
    ("image", "tag"),
    [
        pytest.param("def5678", "def5678", id="a tag"),
        pytest.param(OTHER_DIGEST, "def5678", id="a digest"),
        pytest.param(f"{URI}:def5678", "def5678", id="an image by tag"),
        pytest.param(f"{URI}@{OTHER_DIGEST}", "def5678", id="an image by digest"),
        pytest.param(f"{URI}:named@{OTHER_DIGEST}", "named", id="both: the digest wins"),
        pytest.param(f"{FIPS}:def5678", "def5678", id="the FIPS host"),
        pytest.param(f"{DUAL_STACK}@{OTHER_DIGEST}", "def5678", id="the dual-stack host"),
    ],
)
def test_an_image_is_deployed_by_hand_like_a_push(image: str, tag: str) -> None:
    world = deployed()
    reply = deploy_by_hand(world.world(), {**WHO, "image": image})
    record = world.record()
    assert reply == {"deployment": record.id, "status": "IN_PROGRESS"}
    assert (record.cause, record.by, record.why) == ("manual", "ann", "a test")
    assert (record.digest, record.tag) == (OTHER_DIGEST, tag)
    assert world.ecs_acts == ["register", "update conflicto-backend-dev:9"]
    assert end(world) is Status.SUCCESSFUL


def test_the_longest_names_that_aws_allows_can_be_given() -> None:
    target = examples.target(cluster="c" * 255, service="s" * 255, repository="r" * 256)
    world = aws(target)
    world.images.all.append(examples.image(repository="r" * 256))
    uri = f"{examples.REGISTRY}/{'r' * 256}:{'t' * 128}@{DIGEST}"
    reply = deploy_by_hand(world.world(), {**WHO, "service": target.name, "image": uri})
    assert world.record(target.name).id == reply["deployment"]


@pytest.mark.parametrize(
    "image",
    ["abc 1234", "-abc", "a" * 129, "sha256:", f"{URI}:we!rd@{DIGEST}", f"sha256:a@{DIGEST}"],
)
def test_what_can_name_no_image_is_refused_before_ecr_is_asked(image: str) -> None:
    world = aws()
    with pytest.raises(Refused, match="names no tag and no digest"):
        deploy_by_hand(world.world(), {**WHO, "image": image})
    assert "image" not in world.calls


@pytest.mark.parametrize(
    "image",
    [
        f"{URI}-worker:abc1234",
        f"{URI}-worker@{DIGEST}",
        f"999999999999.dkr.ecr.us-west-2.amazonaws.com/{examples.REPOSITORY}:abc1234",
        f"123456789012.dkr.ecr.eu-central-1.amazonaws.com/{examples.REPOSITORY}:abc1234",
        f"ghcr.io/{examples.REPOSITORY}:abc1234",
        f"octo/{examples.REPOSITORY}@{DIGEST}",
        f"https://{URI}:abc1234",
    ],
)
def test_an_image_of_another_registry_or_repository_is_refused_before_ecr_is_asked(
    image: str,
) -> None:
    world = aws()
    with pytest.raises(Refused, match="is not the repository that conflicto-dev/"):
        deploy_by_hand(world.world(), {**WHO, "image": image})
    assert "image" not in world.calls


@pytest.mark.parametrize(
    "image", [f"abc1234@{DIGEST}", f"nginx@{DIGEST}", f"{examples.REPOSITORY}:abc1234"]
)
def test_what_names_a_repository_without_its_registry_is_not_read_as_a_tag(image: str) -> None:
    world = aws()
    with pytest.raises(Refused, match="names no tag and no digest"):
        deploy_by_hand(world.world(), {**WHO, "image": image})
    assert "image" not in world.calls


def test_only_the_same_key_is_a_duplicate() -> None:
    world = deployed()
    payload = {**WHO, "image": "def5678", "key": "build-7"}
    first = deploy_by_hand(world.world(), payload)
    assert deploy_by_hand(world.world(), payload) == first
    assert deploy_by_hand(world.world(), {**payload, "key": "build-8"}) != first


def test_by_hand_an_image_that_failed_may_be_tried_again() -> None:
    world = deployed(well=False)
    reply = deploy_by_hand(world.world(), {**WHO, "image": DIGEST})
    assert reply["status"] == "IN_PROGRESS"


@pytest.mark.parametrize(
    ("payload", "error"),
    [
        pytest.param({}, "`service`: Field required; expected an object of", id="nothing"),
        pytest.param([], "`payload`", id="no object"),
        pytest.param({**WHO, "image": " "}, "`image`", id="a blank image"),
        pytest.param({**WHO, "image": "x", "forced": True}, "`forced`", id="an unknown key"),
        pytest.param({**WHO, "image": "x", "override": "yes"}, "`override`", id="no boolean"),
        pytest.param({**WHO, "image": "x", "service": "y"}, "no target is named 'y'", id="service"),
        pytest.param({**WHO, "image": "none"}, "has no image 'none'", id="no such tag"),
        pytest.param({**WHO, "image": URI}, "names no tag and no digest", id="no tag"),
        pytest.param(
            {**WHO, "image": f"{URI}-worker:def5678"}, "is not the repository", id="repository"
        ),
        pytest.param({**WHO, "image": "chart"}, "cannot be deployed: it holds", id="a chart"),
    ],
)
def test_what_cannot_be_deployed_is_refused(payload: Any, error: str) -> None:
    world = deployed()
    world.images.all.append(
        examples.image("sha256:" + "c" * 64, tags=("chart",), artifact_type="text/sbom+json")
    )
    with pytest.raises(Refused, match=error):
        deploy_by_hand(world.world(), payload)
    assert world.acts == []


def test_a_deployment_by_hand_that_is_throttled_is_recorded_and_goes_on() -> None:
    world = deployed()
    world.restart()
    world.faults = [Fault(0, Unavailable("down"), name="service")]
    assert deploy_by_hand(world.world(), {**WHO, "image": "def5678"})["status"] == "PENDING"
    assert advance(world.world(), NAME, world.record().id).status is Status.IN_PROGRESS


def test_a_refusal_after_the_record_is_replied_as_an_error() -> None:
    world = deployed()
    world.services.all[NAME] = world.services.all[NAME].model_copy(update={"status": "INACTIVE"})
    reply = deploy_by_hand(world.world(), {**WHO, "image": "def5678"})
    assert reply["status"] == "REFUSED"
    assert "has no active service" in reply["error"]


def test_a_deployment_asked_for_again_with_its_key_is_no_newer_than_before() -> None:
    world = deployed()
    payload = {**WHO, "image": "old", "key": "k"}
    deploy_by_hand(world.world(), payload)
    in_between = world.now + (at(30) - at(0))
    deploy_by_hand(world.world(), payload)
    (outcome,) = image_event(world.world(), push_event(OTHER_DIGEST, "def5678", in_between))
    assert outcome.outcome == "recorded"
