"""A deployment whose place a newer one took is over, also when nobody could close it at once."""

from __future__ import annotations

import pytest

from chalicelib.errors import Unavailable
from chalicelib.flow.deploy import deploy_by_hand
from chalicelib.flow.hold import hold_by_hand
from chalicelib.flow.image_event import image_event
from chalicelib.flow.release import release_by_hand
from chalicelib.flow.rollback import rollback_by_hand
from chalicelib.flow.sweep.sweep import sweep_targets
from chalicelib.model.deployments import Status
from tests.fixtures import examples
from tests.fixtures.examples import OTHER_DIGEST, at, push_event
from tests.flow.by_hand import WHO, deployed, end
from tests.flow.fakes import Aws, Fault, aws

NEWEST = "sha256:" + "c" * 64


def two_held() -> Aws:
    """The ledger did not answer when the older one was to be closed."""
    world = deployed()
    world.images.all.append(examples.image(NEWEST, at(700), tags=("fff9999",)))
    hold_by_hand(world.world(), WHO)
    image_event(world.world(), push_event(OTHER_DIGEST, "def5678", at(600)))
    world.restart()
    world.faults = [Fault(2, Unavailable("throttled"), name="save")]
    image_event(world.world(), push_event(NEWEST, "fff9999", at(700)))
    assert not world.faults
    return world


def statuses(world: Aws) -> dict[str, Status]:
    return {record.digest: record.status for record in world.ledger.records.values()}


@pytest.mark.parametrize("deploy", ["none", "newest"])
def test_what_a_newer_one_took_the_place_of_does_not_go_when_that_is_released(deploy: str) -> None:
    world = two_held()
    assert statuses(world)[OTHER_DIGEST] is statuses(world)[NEWEST] is Status.HELD
    release_by_hand(world.world(), {**WHO, "deploy": deploy})
    sweep_targets(world.world())
    assert statuses(world)[OTHER_DIGEST] is Status.SUPERSEDED


def test_an_image_that_nobody_approved_in_time_may_be_pushed_again() -> None:
    world = aws(examples.target(approval="1d"))
    world.images.all.append(examples.image(OTHER_DIGEST, at(60), tags=("def5678",)))
    image_event(world.world(), push_event(OTHER_DIGEST, "def5678", at(60)))
    assert statuses(world)[OTHER_DIGEST] is Status.HELD
    sweep_targets(world.world(86_400))
    refused = world.record()
    assert refused.status is Status.REFUSED
    assert refused.reason.endswith("Push it again, or deploy it by hand with `override`.")
    image_event(world.world(), push_event(OTHER_DIGEST, "def5678", at(60)))  # the same event
    assert world.record() == refused
    world.images.all = [examples.image(OTHER_DIGEST, at(86_500), tags=("again",))]
    image_event(world.world(), push_event(OTHER_DIGEST, "again", at(86_500)))
    assert world.record().status is Status.HELD
    assert world.record() != refused
    asked = {**WHO, "image": OTHER_DIGEST, "override": True}
    assert deploy_by_hand(world.world(), asked)["status"] == "IN_PROGRESS"


@pytest.mark.parametrize("pushes", [1, 2])
def test_a_rollback_goes_no_further_back_because_something_is_held(pushes: int) -> None:
    """The last deployment failed and went back by itself; what is held changed nothing since."""
    world = deployed()
    image_event(world.world(), push_event(OTHER_DIGEST, "def5678", at(600)))
    end(world, well=False)
    world.world(900)
    hold_by_hand(world.world(), WHO)
    for number in range(1, pushes + 1):
        digest = f"sha256:{number:064}"
        world.images.all.append(examples.image(digest, world.now, tags=(f"tag{number}",)))
        image_event(world.world(), push_event(digest, f"tag{number}", world.now))
    world.acts.clear()
    reply = rollback_by_hand(world.world(), WHO)
    assert "is already back on conflicto-backend-dev:8" in reply["error"]
    assert world.ecs_acts == []
