"""Express Mode: what ECS makes, what it shows, what begins a deployment, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from embedded.services.ecs import Crash
from tests.embedded.ecs.web_service import (
    BAD,
    BETTER,
    GOOD,
    SERVICE,
    WebService,
)

MINUTE = 60.0
ARN = "arn:aws:ecs:us-west-2:123456789012:service/dev/web"
EXECUTION = "arn:aws:iam::123456789012:role/web-execution"
TASK = "arn:aws:iam::123456789012:role/web-task"
INFRASTRUCTURE = "arn:aws:iam::123456789012:role/web-infrastructure"
PORT: dict[str, Any] = {"containerPort": 8080, "protocol": "tcp", "name": "web"}


def _create(web: WebService, **more: Any) -> dict[str, Any]:
    """The Express service, with its first deployment completed; the answer of its creation."""
    wanted = {
        "cluster": "dev",
        "serviceName": "web",
        "infrastructureRoleArn": INFRASTRUCTURE,
        "executionRoleArn": EXECUTION,
        "primaryContainer": {"image": GOOD, "containerPort": 8080},
    }
    wanted = {name: value for name, value in (wanted | more).items() if value is not None}
    made: dict[str, Any] = web.api.create_express_gateway_service(**wanted)["service"]
    assert web.finish(600) == "SUCCESSFUL"
    web.clock.advance(MINUTE)
    return made


def _own(web: WebService, image: str = BETTER, **changes: Any) -> str:
    """A task definition of the customer's own."""
    body = {"name": "Main", "image": image, "portMappings": [PORT]} | changes
    return web.register(**body)


def _described(web: WebService) -> dict[str, Any]:
    found: dict[str, Any] = web.api.describe_express_gateway_service(serviceArn=ARN)["service"]
    return found


def _update(web: WebService, **more: Any) -> dict[str, Any]:
    updated: dict[str, Any] = web.api.update_express_gateway_service(serviceArn=ARN, **more)[
        "service"
    ]
    return updated


def _refused(web: WebService, **more: Any) -> str:
    with pytest.raises(ClientError) as refused:
        _update(web, **more)
    error = refused.value.response["Error"]
    return f"{error['Code']}: {error['Message']}"


def test_a_container_becomes_a_service_with_a_canary_of_five_percent(web: WebService) -> None:
    made = _create(web, taskRoleArn=TASK)
    assert (made["serviceArn"], made["infrastructureRoleArn"]) == (ARN, INFRASTRUCTURE)
    service = web.service()
    assert service["resourceManagementType"] == "ECS"
    assert service["launchType"] == "FARGATE"
    assert service["desiredCount"] == 1
    configuration = service["deploymentConfiguration"]
    assert configuration["strategy"] == "CANARY"
    assert configuration["canaryConfiguration"] == {
        "canaryPercent": 5.0,
        "canaryBakeTimeInMinutes": 3,
    }
    assert configuration["bakeTimeInMinutes"] == 3
    (balancer,) = service["loadBalancers"]
    assert (balancer["containerName"], balancer["containerPort"]) == ("Main", 8080)
    assert balancer["targetGroupArn"]


def test_only_the_deployment_names_the_task_definition(web: WebService) -> None:
    _create(web)
    service = web.service()
    assert "taskDefinition" not in service
    (primary,) = service["deployments"]
    assert primary["taskDefinition"].endswith("task-definition/dev-web:1")


def test_ecs_makes_the_task_definition_with_the_roles_that_it_was_given(web: WebService) -> None:
    _create(
        web,
        taskRoleArn=TASK,
        cpu="512",
        memory="1024",
        cpuArchitecture="ARM64",
        primaryContainer={
            "image": GOOD,
            "environment": [{"name": "STAGE", "value": "dev"}],
            "awsLogsConfiguration": {"logGroup": "/ecs/web", "logStreamPrefix": "ecs"},
        },
    )
    made = web.api.describe_task_definition(taskDefinition="dev-web")["taskDefinition"]
    assert (made["executionRoleArn"], made["taskRoleArn"]) == (EXECUTION, TASK)
    assert (made["cpu"], made["memory"]) == ("512", "1024")
    assert made["runtimePlatform"]["cpuArchitecture"] == "ARM64"
    (main,) = made["containerDefinitions"]
    assert (main["name"], main["image"]) == ("Main", GOOD)
    assert main["portMappings"][0] | {"containerPort": 80} == main["portMappings"][0]
    assert main["environment"] == [{"name": "STAGE", "value": "dev"}]
    assert main["logConfiguration"]["options"]["awslogs-group"] == "/ecs/web"


def test_an_ordinary_service_is_managed_by_its_customer(web: WebService) -> None:
    web.create()
    assert web.service()["resourceManagementType"] == "CUSTOMER"
    assert web.service()["taskDefinition"]
    by = {
        kind: web.api.list_services(cluster="dev", resourceManagementType=kind)["serviceArns"]
        for kind in ("CUSTOMER", "ECS")
    }
    assert by == {"CUSTOMER": [ARN], "ECS": []}


def test_a_description_names_the_task_definition_of_each_active_configuration(
    web: WebService,
) -> None:
    _create(web, taskRoleArn=TASK, healthCheckPath="/health")
    own = _own(web)
    _update(web, taskDefinitionArn=own)
    web.clock.advance(2 * MINUTE)
    found = _described(web)
    assert found["status"] == {"statusCode": "ACTIVE"}
    assert found["currentDeployment"] == web.deployment()["serviceDeploymentArn"]
    new, old = found["activeConfigurations"]
    assert new["taskDefinitionArn"] == own
    assert old["taskDefinitionArn"].endswith("dev-web:1")
    assert new["serviceRevisionArn"] == web.deployment()["targetServiceRevision"]["arn"]
    assert (old["executionRoleArn"], old["taskRoleArn"]) == (EXECUTION, TASK)
    assert old["healthCheckPath"] == "/health"
    assert new["primaryContainer"] == {"image": BETTER, "containerPort": 8080}
    assert new["createdAt"] > old["createdAt"]
    assert web.finish(20 * MINUTE) == "SUCCESSFUL"
    web.clock.advance(MINUTE)
    (only,) = _described(web)["activeConfigurations"]
    assert only["taskDefinitionArn"] == own


def test_tags_are_described_when_they_are_asked_for(web: WebService) -> None:
    tags = [{"key": "team", "value": "a"}]
    _create(web, tags=tags)
    assert "tags" not in _described(web)
    found = web.api.describe_express_gateway_service(serviceArn=ARN, include=["TAGS"])["service"]
    assert found["tags"] == tags


def test_a_task_definition_is_deployed_in_three_minutes_and_three_minutes_of_bake(
    web: WebService,
) -> None:
    _create(web)
    own = _own(web)
    answer = _update(web, taskDefinitionArn=own)
    assert answer["targetConfiguration"]["taskDefinitionArn"] == own
    assert web.finish(6 * MINUTE) == "IN_PROGRESS"
    assert web.finish(3 * MINUTE) == "SUCCESSFUL"
    assert web.running() == [own]


def test_the_same_task_definition_again_begins_no_deployment(web: WebService) -> None:
    _create(web)
    (primary,) = web.service()["deployments"]
    _update(web, taskDefinitionArn=primary["taskDefinition"])
    assert len(web.ecs.service_deployments(SERVICE)) == 1


def test_another_container_becomes_a_new_managed_revision_that_keeps_the_task(
    web: WebService,
) -> None:
    _create(web, cpu="512", memory="1024")
    answer = _update(web, primaryContainer={"image": BETTER, "containerPort": 8080})
    named = answer["targetConfiguration"]["taskDefinitionArn"]
    assert named.endswith("dev-web:2")
    made = web.api.describe_task_definition(taskDefinition=named)["taskDefinition"]
    assert (made["cpu"], made["executionRoleArn"]) == ("512", EXECUTION)
    assert made["containerDefinitions"][0]["image"] == BETTER


def test_a_sidecar_of_ones_own_survives_a_change_of_the_container(web: WebService) -> None:
    _create(web)
    own = web.api.register_task_definition(
        family="own",
        networkMode="awsvpc",
        requiresCompatibilities=["FARGATE"],
        cpu="256",
        memory="512",
        containerDefinitions=[
            {"name": "Main", "image": GOOD, "portMappings": [PORT]},
            {"name": "agent", "image": "agent:1"},
        ],
    )["taskDefinition"]["taskDefinitionArn"]
    _update(web, taskDefinitionArn=own)
    named = _update(web, primaryContainer={"image": BETTER})["targetConfiguration"]
    made = web.api.describe_task_definition(taskDefinition=named["taskDefinitionArn"])
    body = made["taskDefinition"]
    assert body["family"] == "dev-web"
    assert [each["image"] for each in body["containerDefinitions"]] == [BETTER, "agent:1"]


def test_settings_beside_the_task_change_no_task_definition(web: WebService) -> None:
    _create(web)
    answer = _update(web, healthCheckPath="/up", scalingTarget={"minTaskCount": 2})
    assert answer["targetConfiguration"]["healthCheckPath"] == "/up"
    assert answer["targetConfiguration"]["scalingTarget"]["maxTaskCount"] == 20
    assert web.service()["desiredCount"] == 2
    assert len(web.ecs.service_deployments(SERVICE)) == 1
    _update(web, networkConfiguration={"subnets": ["subnet-2"]})
    assert len(web.ecs.service_deployments(SERVICE)) == 2
    (primary, _) = web.service()["deployments"]
    assert primary["taskDefinition"].endswith("dev-web:1")


def test_a_crash_is_rolled_back_to_the_task_definition_before(web: WebService) -> None:
    """By the circuit breaker, where it acts on a canary."""
    web.ecs.breaker_beyond_rolling = True
    _create(web)
    before = web.running()
    web.ecs.faults.image(BAD, Crash(after=3))
    _update(web, taskDefinitionArn=_own(web, BAD))
    assert web.finish(20 * MINUTE) == "ROLLBACK_SUCCESSFUL"
    web.clock.advance(MINUTE)
    assert web.running() == before
    (only,) = _described(web)["activeConfigurations"]
    assert only["taskDefinitionArn"] == before[0]


def test_a_service_may_begin_with_a_task_definition_of_ones_own(web: WebService) -> None:
    own = _own(web)
    _create(web, taskDefinitionArn=own, primaryContainer=None, executionRoleArn=None)
    assert web.running() == [own]


def test_a_service_without_a_name_gets_one(web: WebService) -> None:
    made = web.api.create_express_gateway_service(
        cluster="dev",
        infrastructureRoleArn=INFRASTRUCTURE,
        executionRoleArn=EXECUTION,
        primaryContainer={"image": GOOD},
    )["service"]
    assert made["serviceName"].startswith("express-")


@pytest.mark.parametrize(
    "more",
    [
        {"primaryContainer": {"image": GOOD}},
        {"executionRoleArn": EXECUTION},
        {"taskRoleArn": TASK},
        {"cpu": "256"},
        {"memory": "512"},
        {"cpuArchitecture": "ARM64"},
    ],
    ids=lambda more: next(iter(more)),
)
def test_a_task_definition_excludes_what_it_says_itself(
    web: WebService, more: dict[str, Any]
) -> None:
    _create(web)
    own = _own(web)
    assert f"cannot be specified with {next(iter(more))}." in _refused(
        web, taskDefinitionArn=own, **more
    )
    assert len(web.ecs.service_deployments(SERVICE)) == 1


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": "web"}, "must have a container named Main"),
        ({"portMappings": []}, "a single TCP port mapping"),
        ({"portMappings": [PORT, {**PORT, "containerPort": 81}]}, "a single TCP port mapping"),
        ({"portMappings": [{**PORT, "protocol": "udp"}]}, "a single TCP port mapping"),
        ({"portMappings": [{"containerPort": 80}]}, "a single TCP port mapping"),
    ],
    ids=["another name", "no port", "two ports", "udp", "no port name"],
)
def test_a_task_definition_that_does_not_fit_is_refused(
    web: WebService, changes: dict[str, Any], words: str
) -> None:
    _create(web)
    own = _own(web, **changes)
    refused = _refused(web, taskDefinitionArn=own)
    assert refused.startswith("InvalidParameterException: ")
    assert words in refused


def test_a_task_definition_for_instances_only_is_refused(web: WebService) -> None:
    _create(web)
    body = {"name": "Main", "image": GOOD, "memory": 128, "portMappings": [PORT]}
    own = web.api.register_task_definition(family="ec2", containerDefinitions=[body])
    arn = own["taskDefinition"]["taskDefinitionArn"]
    assert "FARGATE compatibility" in _refused(web, taskDefinitionArn=arn)


def test_update_service_takes_no_revision_for_an_express_service(web: WebService) -> None:
    _create(web)
    with pytest.raises(ClientError, match="Use UpdateExpressGatewayService") as refused:
        web.update(_own(web))
    assert refused.value.response["Error"]["Code"] == "InvalidParameterException"
    web.update(desiredCount=2)
    assert web.service()["desiredCount"] == 2


def test_an_ordinary_service_is_no_express_service(web: WebService) -> None:
    web.create()
    with pytest.raises(ClientError, match="not an Express Gateway service"):
        _described(web)
    assert "not an Express Gateway service" in _refused(web, taskDefinitionArn=_own(web))


def test_a_service_that_is_missing_is_not_found(web: WebService) -> None:
    with pytest.raises(ClientError) as refused:
        _described(web)
    assert refused.value.response["Error"]["Code"] == "ResourceNotFoundException"
    assert _refused(web, cpu="256").startswith("ServiceNotFoundException")


def test_a_deleted_service_drains_and_takes_no_update(web: WebService) -> None:
    _create(web)
    deleted = web.api.delete_express_gateway_service(serviceArn=ARN)["service"]
    assert deleted["status"] == {"statusCode": "DRAINING"}
    assert _refused(web, cpu="512").startswith("ServiceNotActiveException")
    web.clock.advance(10 * MINUTE)
    assert _described(web)["status"] == {"statusCode": "INACTIVE"}


@pytest.mark.parametrize("missing", ["primaryContainer", "executionRoleArn"])
def test_without_a_task_definition_a_container_and_its_role_are_needed(
    web: WebService, missing: str
) -> None:
    with pytest.raises(ClientError, match=f"{missing} is required"):
        _create(web, **{missing: None})
