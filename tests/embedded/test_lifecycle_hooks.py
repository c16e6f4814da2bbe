"""Lifecycle hooks whose functions the embedded Lambda runs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from embedded.account import EmbeddedAws
from tests.embedded import application

ARN = "arn:aws:lambda:us-west-2:123456789012:function:"
ROLE = "arn:aws:iam::123456789012:role/hooks"


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedAws]:
    with EmbeddedAws(rate=120) as aws:
        aws.deploy(*application.package(tmp_path_factory.mktemp("package")), stack="acme")
        aws.client("ecs").create_cluster(clusterName="dev")
        yield aws


def deploy(aws: EmbeddedAws, name: str, function: str) -> str:
    """How a deployment ends that calls this function."""
    api = aws.client("ecs")
    api.register_task_definition(
        family=name, containerDefinitions=[{"name": "web", "image": "web", "memory": 128}]
    )
    hook = {
        "hookTargetArn": ARN + function,
        "roleArn": ROLE,
        "lifecycleStages": ["POST_SCALE_UP"],
    }
    configuration: dict[str, Any] = {
        "strategy": "BLUE_GREEN",
        "bakeTimeInMinutes": 0,
        "lifecycleHooks": [hook],
    }
    api.create_service(
        cluster="dev",
        serviceName=name,
        taskDefinition=name,
        desiredCount=1,
        deploymentConfiguration=configuration,
    )
    finish(aws, name)
    api.update_service(cluster="dev", service=name, forceNewDeployment=True)
    return finish(aws, name)


def finish(aws: EmbeddedAws, name: str) -> str:
    current = aws.ecs.service_deployments(f"dev/{name}")[0]
    assert aws.wait_until(lambda: current.finished, 900)
    return current.status


def test_a_function_of_the_embedded_lambda_decides(aws: EmbeddedAws) -> None:
    assert deploy(aws, "good", "acme-act") == "SUCCESSFUL"
    record = aws.invocations[-1]
    assert record.payload["lifecycleStage"] == "POST_SCALE_UP"
    assert record.response == {"hookStatus": "SUCCEEDED"}


def test_a_function_that_is_not_there_rolls_the_deployment_back(aws: EmbeddedAws) -> None:
    assert deploy(aws, "lost", "acme-lost") == "ROLLBACK_SUCCESSFUL"
