"""In an incident ECS has moved on since the last look; who rolls back by hand gets a rollback."""

from __future__ import annotations

import pytest

from chalicelib.errors import Unanswered
from chalicelib.flow.advance import advance
from chalicelib.flow.image_event import image_event
from chalicelib.flow.rollback import rollback_by_hand
from chalicelib.flow.withdraw import withdraw
from chalicelib.model.deployments import Deployment, Status
from tests.fixtures import examples
from tests.fixtures.examples import NAME, OLD_DIGEST, at, push_event, revision
from tests.flow.fakes import Aws, Fault, aws
from tests.flow.test_outages_and_other_deployers import (
    pushed_with_a_late_answer,
    somebody_starts_another,
)

WHO = {"service": NAME, "by": "ann", "why": "broken"}


def _step(world: Aws, after: float = 60) -> Deployment:
    record = world.record()
    return advance(world.world(after), record.service, record.id)


def _with_the_image_before() -> Aws:
    """The image that revision 7 runs is in ECR as well."""
    world = aws()
    world.images.all.append(examples.image(OLD_DIGEST, at(-90_000), tags=("old",)))
    return world


def _seen_in_progress() -> Aws:
    """Revision 8 was pushed, and seen in progress."""
    world = _with_the_image_before()
    image_event(world.world(), push_event())
    assert _step(world, after=10).status is Status.IN_PROGRESS
    return world


def test_a_rollback_by_hand_right_after_a_late_answer_stops_what_is_rolled_out() -> None:
    world = pushed_with_a_late_answer()
    reply = rollback_by_hand(world.world(5), WHO)
    assert reply == {"deployment": world.record().id, "status": "ROLLBACK_IN_PROGRESS"}
    assert world.ecs_acts[2:] == ["stop 2"]
    assert world.told == ["IN_PROGRESS", "ROLLBACK_IN_PROGRESS"]
    assert "stopped by hand by ann: broken" in world.record().reason


def test_a_rollback_by_hand_after_another_setting_changed_stops_what_is_rolled_out() -> None:
    world = _seen_in_progress()
    world.services.begin(NAME, revision(8))
    reply = rollback_by_hand(world.world(5), WHO)
    assert reply == {"deployment": world.record().id, "status": "ROLLBACK_IN_PROGRESS"}
    assert world.ecs_acts[2:] == ["stop 3"]
    assert world.told == ["IN_PROGRESS", "ROLLBACK_IN_PROGRESS"]


def test_a_rollback_by_hand_of_what_has_just_completed_goes_back() -> None:
    world = _seen_in_progress()
    world.services.complete(NAME)
    reply = rollback_by_hand(world.world(5), WHO)
    assert reply == {"deployment": world.record().id, "status": "IN_PROGRESS"}
    assert world.ecs_acts[2:] == [f"update {examples.FAMILY}:7"]


def test_a_rollback_by_hand_of_what_somebody_superseded_meanwhile_goes_back() -> None:
    world = _seen_in_progress()
    theirs = world.services.register({**examples.task_definition().body, "tags": []})
    world.services.begin(NAME, theirs.arn)
    world.services.complete(NAME)
    reply = rollback_by_hand(world.world(), WHO)
    assert reply == {"deployment": world.record().id, "status": "IN_PROGRESS"}
    assert world.ecs_acts[2:] == [f"update {examples.FAMILY}:7"]


def test_a_rollback_by_hand_never_applies_what_it_stops() -> None:
    world = _with_the_image_before()
    world.faults = [Fault(0, Unanswered("no answer"), name="update")]  # ECS did nothing
    image_event(world.world(), push_event())
    assert world.record().acting
    reply = rollback_by_hand(world.world(45), WHO)
    assert reply["status"] == world.record().status == Status.HELD
    assert "but the service stays as it is" in reply["error"]
    assert world.ecs_acts == ["register"]
    assert world.told == ["HELD"]


@pytest.mark.parametrize("completed", [False, True])
def test_a_rollback_by_name_seconds_after_a_push_really_goes_back(completed: bool) -> None:
    world = _with_the_image_before()
    before = world.services.all[NAME]
    image_event(world.world(), push_event())
    world.services.shown[NAME] = before  # DescribeServices answers what was seconds ago
    rollback_by_hand(world.world(4), {**WHO, "to": f"{examples.FAMILY}:7"})
    world.services.shown.clear()
    if completed:
        world.services.complete(NAME)
    for _ in range(3):
        _step(world, after=15)
    assert world.services.all[NAME].task_definition == revision(7)
    assert world.ecs_acts[2:] == [f"update {examples.FAMILY}:7"]


def test_what_a_person_stops_that_somebody_replaced_a_moment_ago_is_not_set_back() -> None:
    world = _seen_in_progress()
    somebody_starts_another(world)
    withdraw(world.world(3), NAME, world.record().id, "stopped by hand by ann: broken")
    assert world.ecs_acts[2:] == []
    assert world.told == ["IN_PROGRESS"]
