"""ECS event -> the service that it is about."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from chalicelib.decide.change import Changed, changed_service
from chalicelib.decide.match import Ignored
from tests.decide.test_match import JSON
from tests.fixtures import examples

ACTED_ON = {
    "ecs-deployment-completed": "SERVICE_DEPLOYMENT_COMPLETED",
    "ecs-deployment-failed": "SERVICE_DEPLOYMENT_FAILED",
    "ecs-deployment-in-progress": "SERVICE_DEPLOYMENT_IN_PROGRESS",
    "ecs-deployment-rollback-started": "SERVICE_DEPLOYMENT_IN_PROGRESS",
}


@pytest.mark.parametrize("name", examples.SAMPLE_EVENTS)
def test_only_a_deployments_state_change_names_a_service(name: str) -> None:
    changed = changed_service(examples.event(name))
    if name in ACTED_ON:
        assert changed == Changed(service=examples.NAME, name=ACTED_ON[name])
    else:
        assert isinstance(changed, Ignored)
        assert changed.reason


@pytest.mark.parametrize(
    ("resources", "service"),
    [
        pytest.param(
            ["arn:aws-cn:ecs:cn-north-1:123456789012:service/c/s"], "c/s", id="China's partition"
        ),
        pytest.param(
            ["arn:aws:ecs:us-west-2:123456789012:task/c/1", f"{examples.ARN}:service/c/s"],
            "c/s",
            id="beside another resource",
        ),
        pytest.param([f"{examples.ARN}:service/s"], None, id="the short form without a cluster"),
        pytest.param([f"{examples.ARN}:service/c/s/x"], None, id="too many parts"),
        pytest.param([f"x{examples.ARN}:service/c/s"], None, id="something before the ARN"),
        pytest.param([], None, id="no resource"),
    ],
)
def test_the_service_is_read_from_its_arn(resources: list[str], service: str | None) -> None:
    event = examples.event("ecs-deployment-completed") | {"resources": resources}
    changed = changed_service(event)
    assert (changed.service if isinstance(changed, Changed) else None) == service


def test_an_event_without_a_name_still_tells_of_its_service() -> None:
    event = examples.event("ecs-deployment-completed") | {"detail": {}}
    assert changed_service(event) == Changed(service=examples.NAME)


@given(JSON)
def test_no_json_makes_it_raise(value: Any) -> None:
    assert isinstance(changed_service(value), Ignored)
