"""ECS event -> the service that it is about."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from chalicelib.events.event import Ignored
from chalicelib.events.service import Changed, recognise_change
from tests.events.test_image import JSON
from tests.fixtures import examples

BEGINS = {
    "ecs-deployment-completed": False,
    "ecs-deployment-failed": False,
    "ecs-deployment-in-progress": True,
    "ecs-deployment-rollback-started": True,
}


@pytest.mark.parametrize("name", examples.SAMPLE_EVENTS)
def test_only_what_happens_to_deployments_and_tasks_names_a_service(name: str) -> None:
    event = examples.event(name)
    changed = recognise_change(event)
    if name == "ecs-task-stopped-oom":
        assert isinstance(changed, Changed)
        assert (changed.service, changed.ended) == (examples.NAME, event["detail"]["startedBy"])
        assert changed.stopped_at is not None
    elif name in BEGINS:
        began = event["detail"]["deploymentId"] if BEGINS[name] else ""
        assert changed == Changed(service=examples.NAME, began=began)
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
        pytest.param([f"{examples.ARN}:service/s"], "s", id="the old short form has no cluster"),
        pytest.param([f"{examples.ARN}:service/c/s/x"], None, id="too many parts"),
        pytest.param([f"x{examples.ARN}:service/c/s"], None, id="something before the ARN"),
        pytest.param([], None, id="no resource"),
    ],
)
def test_the_service_is_read_from_its_arn(resources: list[str], service: str | None) -> None:
    event = examples.event("ecs-deployment-completed") | {"resources": resources}
    changed = recognise_change(event)
    assert (changed.service if isinstance(changed, Changed) else None) == service


def test_a_hook_names_its_service_in_the_detail() -> None:
    arn = f"{examples.ARN}:service/{examples.NAME}"
    hook = {
        "source": "aws.ecs",
        "detail-type": "ECS Hook State Change",
        "resources": [examples.service_deployment_arn(8)],
        "detail": {"eventName": "HOOK_AWAITING_ACTION", "hookType": "PAUSE", "serviceArn": arn},
    }
    assert recognise_change(hook) == Changed(service=examples.NAME)
    assert isinstance(recognise_change(hook | {"detail": {}}), Ignored)


def test_an_event_without_a_name_still_tells_of_its_service() -> None:
    event = examples.event("ecs-deployment-completed") | {"detail": {}}
    assert recognise_change(event) == Changed(service=examples.NAME)


@given(JSON)
def test_no_json_makes_it_raise(value: Any) -> None:
    assert isinstance(recognise_change(value), Ignored)
