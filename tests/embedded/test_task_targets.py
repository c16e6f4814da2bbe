"""What RunTask is asked for by a target of a rule or of a schedule."""

from __future__ import annotations

from typing import Any

import botocore.session
import pytest

from embedded.services import task_targets
from embedded.services.task_targets import cut, request_of

CLUSTER = "arn:aws:ecs:us-west-2:123456789012:cluster/dev"


def target(**parameters: Any) -> dict[str, Any]:
    return {"Arn": CLUSTER, "EcsParameters": {"TaskDefinitionArn": "arn:job", **parameters}}


def test_every_member_has_its_place_in_the_request() -> None:
    network = {"awsvpcConfiguration": {"Subnets": ["s"], "AssignPublicIp": "ENABLED"}}
    parameters = {
        "TaskCount": 3,
        "LaunchType": "FARGATE",
        "NetworkConfiguration": network,
        "PlatformVersion": "1.4.0",
        "Group": "cron",
        "CapacityProviderStrategy": [{"capacityProvider": "FARGATE", "weight": 1, "base": 0}],
        "EnableECSManagedTags": False,
        "EnableExecuteCommand": True,
        "PlacementConstraints": [{"type": "distinctInstance"}],
        "PlacementStrategy": [{"type": "spread", "field": "host"}],
        "PropagateTags": "TASK_DEFINITION",
        "ReferenceId": "r",
        "Tags": [{"Key": "team", "Value": "a"}],
    }
    assert request_of(target(**parameters), "events-rule/x", '{"cpu": "256"}') == {
        "cluster": CLUSTER,
        "taskDefinition": "arn:job",
        "startedBy": "events-rule/x",
        "count": 3,
        "launchType": "FARGATE",
        "networkConfiguration": {
            "awsvpcConfiguration": {"subnets": ["s"], "assignPublicIp": "ENABLED"}
        },
        "platformVersion": "1.4.0",
        "group": "cron",
        "capacityProviderStrategy": [{"capacityProvider": "FARGATE", "weight": 1, "base": 0}],
        "enableECSManagedTags": False,
        "enableExecuteCommand": True,
        "placementConstraints": [{"type": "distinctInstance"}],
        "placementStrategy": [{"type": "spread", "field": "host"}],
        "propagateTags": "TASK_DEFINITION",
        "referenceId": "r",
        "tags": [{"key": "team", "value": "a"}],
        "overrides": {"cpu": "256"},
    }


def test_no_input_overrides_nothing() -> None:
    assert "overrides" not in request_of(target(), "events-rule/x", None)


@pytest.mark.parametrize("service", ["events", "scheduler"])
def test_all_documented_members_are_passed_on(service: str) -> None:
    model: Any = botocore.session.get_session().get_service_model(service)
    assert set(model.shape_for("EcsParameters").members) == set(task_targets._MEMBERS)


def test_started_by_has_36_characters_that_ecs_takes() -> None:
    assert cut("chronos-schedule/a.schedule_with-a-long-name") == (
        "chronos-schedule/a_schedule_with-a-l"
    )
