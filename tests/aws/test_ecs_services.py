"""DescribeServices' answer -> the service: what a deployment depends on."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.aws.ecs import service_of
from chalicelib.model.services import Strategy

ANSWER: dict[str, Any] = {
    "serviceName": "web",
    "serviceArn": "arn:aws:ecs:us-west-2:123456789012:service/dev/web",
    "status": "ACTIVE",
    "desiredCount": 2,
    "runningCount": 2,
    "pendingCount": 0,
}
LISTENER = "arn:aws:elasticloadbalancing:us-west-2:123456789012:listener/net/web/1/2"


@pytest.mark.parametrize(
    ("configuration", "balancers", "strategy"),
    [
        pytest.param({}, [], Strategy(), id="what is absent has ECS' default"),
        pytest.param(
            {"strategy": "LINEAR", "bakeTimeInMinutes": 5, "linearConfiguration": {}},
            [],
            Strategy(name="LINEAR", bake_minutes=5),
            id="linear, the defaults",
        ),
        pytest.param(
            {
                "strategy": "LINEAR",
                "linearConfiguration": {"stepPercent": 50.0, "stepBakeTimeInMinutes": 0},
            },
            [],
            Strategy(name="LINEAR", step_percent=50, step_minutes=0),
            id="linear",
        ),
        pytest.param(
            {"strategy": "CANARY", "canaryConfiguration": {"canaryBakeTimeInMinutes": 60}},
            [{"advancedConfiguration": {"productionListenerRule": LISTENER}}],
            Strategy(name="CANARY", canary_minutes=60, network_load_balancer=True),
            id="canary behind a Network Load Balancer",
        ),
    ],
)
def test_the_strategy_is_read_with_ecs_defaults(
    configuration: dict[str, Any], balancers: list[dict[str, Any]], strategy: Strategy
) -> None:
    answer = {**ANSWER, "deploymentConfiguration": configuration, "loadBalancers": balancers}
    assert service_of(answer).strategy == strategy


@pytest.mark.parametrize(
    ("answer", "express"),
    [
        ({}, False),
        ({"resourceManagementType": "CUSTOMER"}, False),
        ({"resourceManagementType": "ECS"}, True),
    ],
    ids=["an older answer", "a customer's", "ECS'"],
)
def test_a_service_that_ecs_manages_is_an_express_service(
    answer: dict[str, str], express: bool
) -> None:
    assert service_of({**ANSWER, **answer}).express is express


def test_without_a_task_definition_of_its_own_the_primary_deployment_names_the_revision() -> None:
    revision = "arn:aws:ecs:us-west-2:123456789012:task-definition/dev-web:4"
    primary = {"id": "ecs-svc/1", "status": "PRIMARY", "taskDefinition": revision}
    service = service_of({**ANSWER, "deployments": [primary]})
    assert (service.task_definition, service.revision) == ("", revision)
