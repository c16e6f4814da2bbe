"""An attempt to apply that is throttled, not answered, or dies half way."""

from __future__ import annotations

import pytest

from chalicelib.errors import Unanswered, Unavailable
from chalicelib.flow.image_event import image_event
from chalicelib.model.deployments import Status
from tests.fixtures import examples
from tests.fixtures.examples import NAME, push_event, revision
from tests.flow.fakes import Aws, Died, Fault, aws
from tests.flow.steps import step


def test_throttled_it_waits_and_goes_on() -> None:
    world = aws()
    world.faults = [Fault(0, Unavailable("AWS answered ThrottlingException"), name="register")]
    (outcome,) = image_event(world.world(), push_event())
    assert (outcome.outcome, outcome.status) == ("recorded", "PENDING")
    assert world.record().reason == "AWS answered ThrottlingException"
    assert world.ledger.heads[NAME].lease is None
    assert not world.told
    assert step(world).status is Status.IN_PROGRESS
    assert world.record().reason == ""
    assert world.ecs_acts == ["register", "update conflicto-backend-dev:8"]


@pytest.mark.parametrize("call", ["register", "update"])
def test_an_answer_that_was_lost_is_not_asked_for_again(call: str) -> None:
    world = aws()
    world.faults = [Fault(0, Unanswered("no answer"), after=True, name=call)]
    image_event(world.world(), push_event())
    assert world.record().status is Status.PENDING
    assert step(world).status is Status.IN_PROGRESS
    assert world.ecs_acts == ["register", "update conflicto-backend-dev:8"]
    assert world.record().return_to == revision(7)


def test_what_ecs_registers_otherwise_is_not_deployed() -> None:
    world = aws()
    world.services.alters = {"cpu": "1024"}
    image_event(world.world(), push_event())
    record = world.record()
    assert record.status is Status.REFUSED
    assert "did not register conflicto-backend-dev:8 as planned (cpu)" in record.reason
    assert world.ecs_acts == ["register"]


# What was lost half way is looked for, and never done twice


def test_a_throttled_update_registers_nothing_again() -> None:
    world = aws()
    world.faults = [Fault(0, Unavailable("throttled"), name="update")]
    image_event(world.world(), push_event())
    assert step(world).status is Status.IN_PROGRESS
    assert world.ecs_acts == ["register", "update conflicto-backend-dev:8"]


def _died_after_the_update() -> Aws:
    """The process ended when ECS had begun the rollout, and before it was written down."""
    world = aws()
    world.faults = [Fault(0, Died(), after=True, name="update")]
    with pytest.raises(Died):
        image_event(world.world(), push_event())
    return world


def test_a_rollout_that_nobody_wrote_down_and_ecs_rolled_back_is_not_begun_again() -> None:
    world = _died_after_the_update()
    world.services.breaker(NAME)
    world.services.rolled_back(NAME)
    world.world(600)
    assert step(world).status is Status.IN_PROGRESS
    assert step(world).status is Status.ROLLBACK_SUCCESSFUL
    assert world.ecs_acts == ["register", "update conflicto-backend-dev:8"]


def test_a_rollout_that_nobody_wrote_down_and_somebody_replaced_is_not_begun_again() -> None:
    world = _died_after_the_update()
    foreign = world.services.register({**examples.task_definition().body, "tags": []})
    world.services.begin(NAME, foreign.arn)
    world.services.complete(NAME)
    world.world(600)
    assert step(world).status is Status.IN_PROGRESS
    assert step(world).status is Status.SUPERSEDED
    assert world.ecs_acts == ["register", "update conflicto-backend-dev:8"]


def test_a_rollout_that_nobody_wrote_down_and_somebody_replaces_is_not_begun_again() -> None:
    world = _died_after_the_update()
    foreign = world.services.register({**examples.task_definition().body, "tags": []})
    world.world(600)
    world.services.begin(NAME, foreign.arn)
    step(world)
    world.services.complete(NAME)
    step(world)
    assert step(world).status is Status.SUPERSEDED
    assert world.ecs_acts == ["register", "update conflicto-backend-dev:8"]


def test_what_an_unanswered_registration_made_is_compared_before_it_is_deployed() -> None:
    world = aws()
    world.services.alters = {"cpu": "1024"}
    world.faults = [Fault(0, Unanswered("no answer"), after=True, name="register")]
    image_event(world.world(), push_event())
    record = step(world)
    assert record.status is Status.REFUSED
    assert "did not register conflicto-backend-dev:8 as planned (cpu)" in record.reason
    assert world.ecs_acts == ["register"]
