"""A failed deployment's case: what is read for it, and that nothing read for it may stop it."""

from __future__ import annotations

import pytest

from chalicelib.errors import Denied, DeployerError, Refused, Unanswered, Unavailable
from chalicelib.flow.advance import advance
from chalicelib.flow.image_event import image_event
from chalicelib.model.deployments import Status
from chalicelib.model.health import TargetHealth
from tests.fixtures import examples
from tests.fixtures.examples import NAME
from tests.flow.fakes import Aws, Fault, aws

FIRST, SECOND = "arn:targetgroup/first", "arn:targetgroup/second"
TIMED_OUT = TargetHealth(
    target="10.0.0.5:8000",
    state="unhealthy",
    reason="Target.Timeout",
    description="Request timed out",
)
REFUSING = TIMED_OUT.model_copy(
    update={
        "reason": "Target.ResponseCodeMismatch",
        "description": "Health checks failed with these codes: [503]",
    }
)


def _failed(*target_groups: str, **fault: DeployerError) -> Aws:
    """A deployment that has failed, of a service with these target groups."""
    world = aws()
    world.services.all[NAME] = world.services.all[NAME].model_copy(
        update={"target_groups": target_groups}
    )
    world.load_balancers.health = {FIRST: (TIMED_OUT,), SECOND: (REFUSING,)}
    image_event(world.world(), examples.push_event())
    world.services.breaker(NAME)
    world.restart()
    world.faults = [Fault(0, error, name=name) for name, error in fault.items()]
    record = advance(world.world(), NAME, world.record().id)
    assert record.status is Status.ROLLBACK_IN_PROGRESS
    return world


def test_the_reasons_of_every_target_group_are_told() -> None:
    case = _failed(FIRST, SECOND).record().case
    assert "- Target.Timeout: Request timed out (10.0.0.5:8000)" in case
    assert "- Target.ResponseCodeMismatch: Health checks failed with these codes: [503]" in case


def test_without_a_target_group_no_load_balancer_is_asked() -> None:
    world = _failed()
    assert "target_health" not in world.calls
    assert "oad balancer" not in world.record().case


def test_a_missing_permission_is_named_in_the_case_and_stops_nothing() -> None:
    world = _failed(FIRST, SECOND, target_health=Denied("no"))
    assert world.calls.count("target_health") == 1
    assert (
        "Load balancer: the permission elasticloadbalancing:DescribeTargetHealth is missing"
        in world.record().case
    )
    assert not world.record().denied
    assert world.told[-1] == "ROLLBACK_IN_PROGRESS"


@pytest.mark.parametrize("error", [Refused, Unavailable, Unanswered])
def test_a_load_balancer_that_does_not_answer_is_said_and_stops_nothing(
    error: type[DeployerError],
) -> None:
    world = _failed(FIRST, target_health=error("the moon was in the way"))
    assert "Load balancer: the moon was in the way" in world.record().case
    assert world.told[-1] == "ROLLBACK_IN_PROGRESS"
