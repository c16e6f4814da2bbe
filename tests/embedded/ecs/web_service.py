"""The service `dev/web` for the tests of the simulated ECS, on a virtual clock, through boto3."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
from moto import mock_aws

from embedded.clock.clock import VirtualClock
from embedded.services import ecs

REGION = "us-west-2"
SERVICE = "dev/web"
GOOD = "123456789012.dkr.ecr.us-west-2.amazonaws.com/web@sha256:" + "a" * 64
BETTER = GOOD.replace("a" * 64, "b" * 64)
BAD = GOOD.replace("a" * 64, "c" * 64)
BREAKER: dict[str, Any] = {"deploymentCircuitBreaker": {"enable": True, "rollback": True}}
BREAKER_ONLY: dict[str, Any] = {"deploymentCircuitBreaker": {"enable": True, "rollback": False}}
NETWORK = {"awsvpcConfiguration": {"subnets": ["subnet-1"], "assignPublicIp": "DISABLED"}}
BALANCED = [{"targetGroupArn": "arn:tg/web", "containerName": "web", "containerPort": 80}]
HEALTH_CHECK = {"command": ["CMD", "true"]}
FIXTURES = Path(__file__).parents[2] / "fixtures"


def shifting(strategy: str = "BLUE_GREEN", **configuration: Any) -> dict[str, Any]:
    """The settings of a service whose rollouts move traffic, at first without bake time."""
    return {
        "loadBalancers": BALANCED,
        "deploymentConfiguration": {"strategy": strategy, "bakeTimeInMinutes": 0, **configuration},
    }


def client(service: str) -> Any:
    return boto3.client(  # type: ignore[call-overload] # the name is a variable
        service, region_name=REGION, aws_access_key_id="test", aws_secret_access_key="test"
    )


def hold_to_the_model(api: Any) -> None:
    """Compare every raw answer that `api` gets with botocore's model."""

    def check(operation_model: Any, response_dict: dict[str, Any], **_: Any) -> None:
        if response_dict["status_code"] == 200:
            body = json.loads(response_dict["body"] or "{}")
            found = list(deviations(operation_model.output_shape, body, operation_model.name))
            assert not found, found

    service = api.meta.service_model.service_name
    api.meta.events.register(f"before-parse.{service}", check)


_KINDS: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "long": (int,),
    "double": (int, float),
    "float": (int, float),
    "timestamp": (int, float),
}


def deviations(shape: Any, value: Any, path: str) -> Iterator[str]:
    """Where `value` deviates from `shape`: unknown members, other types, other enum values."""
    if shape.type_name == "structure":
        for name, inner in () if shape.is_document_type else value.items():
            if name not in shape.members:
                yield f"{path}.{name} is unknown"
            else:
                yield from deviations(shape.members[name], inner, f"{path}.{name}")
    elif shape.type_name == "list":
        for number, inner in enumerate(value):
            yield from deviations(shape.member, inner, f"{path}[{number}]")
    elif shape.type_name == "map":
        for name, inner in value.items():
            yield from deviations(shape.value, inner, f"{path}[{name}]")
    elif not isinstance(value, _KINDS[shape.type_name]) or (
        isinstance(value, bool) and shape.type_name != "boolean"
    ):
        yield f"{path} is {value!r}, not a {shape.type_name}"
    elif shape.metadata.get("enum") and value not in (known := _enum(shape)):
        yield f"{path} is {value!r}, none of {known}"


def _enum(shape: Any) -> list[str]:
    """With what AWS documents beyond the model of botocore 1.44.5."""
    stages = shape.name == "ServiceDeploymentLifecycleStage"
    return [*shape.metadata["enum"], *(["PRE_PRODUCTION_TRAFFIC_SHIFT"] if stages else [])]


def sample(folder: str, name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((FIXTURES / folder / f"{name}.json").read_text())
    return loaded


class WebService:
    """The service, what EventBridge was told of it, and its clock."""

    def __init__(self, simulated: ecs.Ecs, clock: VirtualClock, events: list[Any]) -> None:
        self.ecs = simulated
        self.clock = clock
        self.events = events
        self.api = client("ecs")
        hold_to_the_model(self.api)
        self.api.create_cluster(clusterName="dev")

    def register(self, image: str = GOOD, **container: Any) -> str:
        body = {"name": "web", "image": image, "essential": True} | container
        answer = self.api.register_task_definition(
            family="web",
            networkMode="awsvpc",
            requiresCompatibilities=["FARGATE"],
            cpu="256",
            memory="512",
            containerDefinitions=[body],
        )
        return str(answer["taskDefinition"]["taskDefinitionArn"])

    def create(self, definition: str | None = None, desired: int = 2, **settings: Any) -> None:
        """Make the service, and let its first deployment complete."""
        wanted = {
            "cluster": "dev",
            "serviceName": "web",
            "taskDefinition": definition or self.register(),
            "desiredCount": desired,
            "launchType": "FARGATE",
            "networkConfiguration": NETWORK,
        }
        self.api.create_service(**(wanted | settings))
        assert self.finish(600) == "SUCCESSFUL"
        self.events.clear()

    def update(self, definition: str | None = None, **settings: Any) -> dict[str, Any]:
        if definition is not None:
            settings["taskDefinition"] = definition
        answer = self.api.update_service(cluster="dev", service="web", **settings)
        updated: dict[str, Any] = answer["service"]
        return updated

    def finish(self, limit: float) -> str:
        """Let time pass until the newest service deployment has finished."""
        found = self.ecs.service_deployments(SERVICE)[0]
        self.clock.advance_until(lambda: found.finished, limit)
        return found.status

    def until(self, stage: str, limit: float = 600) -> None:
        """Let time pass until the newest service deployment is in this stage."""
        found = self.ecs.service_deployments(SERVICE)[0]
        assert self.clock.advance_until(lambda: found.stage == stage, limit), found.stage

    def service(self) -> dict[str, Any]:
        found: dict[str, Any] = self.api.describe_services(cluster="dev", services=["web"])[
            "services"
        ][0]
        return found

    def deployment(self) -> dict[str, Any]:
        """The newest service deployment, as ECS describes it."""
        arn = self.ecs.service_deployments(SERVICE)[0].arn
        found: dict[str, Any] = self.api.describe_service_deployments(serviceDeploymentArns=[arn])[
            "serviceDeployments"
        ][0]
        return found

    def running(self) -> list[str]:
        """The task definitions of the running tasks."""
        return [
            task.definition.arn
            for task in self.ecs.tasks(SERVICE)
            if task.last_status == "RUNNING" and task.live
        ]

    def told(self, detail_type: str) -> list[dict[str, Any]]:
        return [each["detail"] for each in self.events if each["detail-type"] == detail_type]

    def names(self) -> list[str]:
        """Event names of deployments and service actions, in order."""
        return [
            each["detail"]["eventName"] for each in self.events if "eventName" in each["detail"]
        ]

    def messages(self) -> list[str]:
        """Service events, oldest first."""
        return [each["message"] for each in reversed(self.service()["events"])]

    def stopped(self) -> list[dict[str, Any]]:
        """The STOPPED task events."""
        return [d for d in self.told("ECS Task State Change") if d["lastStatus"] == "STOPPED"]


@contextmanager
def web_service(**options: Any) -> Iterator[WebService]:
    clock = VirtualClock()
    events: list[dict[str, Any]] = []
    with mock_aws(), ecs.install(clock, events.append, seed=7, **options) as simulated:
        yield WebService(simulated, clock, events)
