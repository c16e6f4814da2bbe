"""Express Mode: what ECS makes of a container, and which task definitions it takes instead.

Documented (API reference, Create- and UpdateExpressGatewayService): `taskDefinitionArn` excludes
`primaryContainer`, both roles, the task's size and its architecture; a task definition that is
given has FARGATE compatibility and a container `Main` with one TCP port that has a name; the
defaults of the port, the health check's path, CPU units and memory. Documented ("Updating an Amazon
ECS Express Mode service"): CANARY, 5 % and three minutes, then three minutes of bake; a change of
the container makes a new managed task definition that keeps all other settings of the task.
Reported: the family CLUSTER-SERVICE, and the circuit breaker with rollback
(hashicorp/terraform-provider-aws#47919).
Inferred: the wording of all refusals; that each of `primaryContainer`'s members replaces the one
before, also where it is left out; the names of the port, of the log group, and of what ECS makes
beside the service, none of which exists here; that the service wants the fewest tasks of its
scaling target. Alarms and autoscaling are not simulated.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from embedded.iam.actions.ecs import OF_AN_EXPRESS_TASK
from embedded.services.ecs.definitions import TaskDefinition
from embedded.services.ecs.errors import InvalidParameter
from embedded.services.ecs.names import Place

MAIN = "Main"
CONFIGURATION: dict[str, Any] = {
    "strategy": "CANARY",
    "canaryConfiguration": {"canaryPercent": 5.0, "canaryBakeTimeInMinutes": 3},
    "bakeTimeInMinutes": 3,
    "deploymentCircuitBreaker": {"enable": True, "rollback": True},
}
_PORT = 80
_SIZE = {"cpu": "256", "memory": "512"}
_OF_THE_CONTAINER = ("image", "command", "environment", "secrets", "repositoryCredentials")
_SCALING: dict[str, Any] = {
    "minTaskCount": 1,
    "maxTaskCount": 20,
    "autoScalingMetric": "AVERAGE_CPU",
    "autoScalingTargetValue": 60,
}


@dataclass(frozen=True)
class Express:
    """What an Express service has beside what every service has."""

    infrastructure_role: str
    updated_at: datetime
    health_check_path: str = "/ping"
    scaling: dict[str, Any] = field(default_factory=lambda: dict(_SCALING))


def scaling_of(request: dict[str, Any], before: dict[str, Any] | None = None) -> dict[str, Any]:
    """The scaling target after a request."""
    return (before or _SCALING) | (request.get("scalingTarget") or {})


def refuse_two_sources(request: dict[str, Any]) -> None:
    """A task definition says all that these parameters say."""
    given = [name for name in OF_AN_EXPRESS_TASK if request.get(name) is not None]
    if request.get("taskDefinitionArn") and given:
        raise InvalidParameter(f"taskDefinitionArn cannot be specified with {', '.join(given)}.")


def refuse_unfit(definition: TaskDefinition) -> None:
    """Refuse a task definition that an Express service cannot run."""
    main = next((each for each in definition.containers if each["name"] == MAIN), None)
    if main is None:
        raise InvalidParameter(f"The task definition must have a container named {MAIN}.")
    ports = main.get("portMappings") or []
    named = [port for port in ports if port.get("containerPort") and port.get("name")]
    if len(ports) != 1 or not named or ports[0].get("protocol") != "tcp":
        raise InvalidParameter(
            f"The container {MAIN} must have a single TCP port mapping with a container port and "
            "a port name."
        )
    if "FARGATE" not in (definition.body.get("requiresCompatibilities") or []):
        raise InvalidParameter("The task definition must have FARGATE compatibility.")


def managed_body(
    place: Place, family: str, request: dict[str, Any], before: dict[str, Any] | None = None
) -> dict[str, Any]:
    """What ECS registers for a request: `before`, the body that the service runs, with changes."""
    body = copy.deepcopy(before) if before else _empty(place, family)
    body["family"] = family
    body |= {
        name: request[name]
        for name in ("executionRoleArn", "taskRoleArn", "cpu", "memory")
        if request.get(name) is not None
    }
    if architecture := request.get("cpuArchitecture"):
        body["runtimePlatform"] = {
            "cpuArchitecture": architecture,
            "operatingSystemFamily": "LINUX",
        }
    if wanted := request.get("primaryContainer"):
        main = next(each for each in body["containerDefinitions"] if each["name"] == MAIN)
        _change(place, main, wanted)
    return body


def primary_container(definition: TaskDefinition) -> dict[str, Any]:
    """The container `Main` in the words of an Express service."""
    main = next(each for each in definition.containers if each["name"] == MAIN)
    options = (main.get("logConfiguration") or {}).get("options") or {}
    logs = {
        "logGroup": options.get("awslogs-group"),
        "logStreamPrefix": options.get("awslogs-stream-prefix"),
    }
    return {
        **{name: copy.deepcopy(main[name]) for name in _OF_THE_CONTAINER if main.get(name)},
        "containerPort": main["portMappings"][0]["containerPort"],
        **({"awsLogsConfiguration": logs} if all(logs.values()) else {}),
    }


def load_balancer(place: Place, name: str, port: int, role: str) -> dict[str, Any]:
    """The target groups and the listener's rule that ECS makes for a service; none exists here."""
    here = f"arn:aws:elasticloadbalancing:{place.region}:{place.account}"
    return {
        "targetGroupArn": f"{here}:targetgroup/{name[:20]}-express-1/0a1b2c3d4e5f6071",
        "containerName": MAIN,
        "containerPort": port,
        "advancedConfiguration": {
            "alternateTargetGroupArn": f"{here}:targetgroup/{name[:20]}-express-2/0a1b2c3d4e5f6072",
            "productionListenerRule": f"{here}:listener-rule/app/express/0a1b/2c3d/{name[:20]}",
            "roleArn": role,
        },
    }


def _empty(place: Place, family: str) -> dict[str, Any]:
    logs = {
        "awslogs-group": f"/aws/ecs/{family}",
        "awslogs-stream-prefix": "ecs",
        "awslogs-region": place.region,
    }
    return {
        "networkMode": "awsvpc",
        "requiresCompatibilities": ["FARGATE"],
        **_SIZE,
        "runtimePlatform": {"cpuArchitecture": "X86_64", "operatingSystemFamily": "LINUX"},
        "containerDefinitions": [
            {
                "name": MAIN,
                "essential": True,
                "logConfiguration": {"logDriver": "awslogs", "options": logs},
            }
        ],
    }


def _change(place: Place, main: dict[str, Any], wanted: dict[str, Any]) -> None:
    for name in _OF_THE_CONTAINER:
        main.pop(name, None)
        if wanted.get(name):
            main[name] = copy.deepcopy(wanted[name])
    port = wanted.get("containerPort") or _PORT
    main["portMappings"] = [{"containerPort": port, "protocol": "tcp", "name": f"main-{port}-tcp"}]
    if logs := wanted.get("awsLogsConfiguration"):
        options = {
            "awslogs-group": logs["logGroup"],
            "awslogs-stream-prefix": logs["logStreamPrefix"],
            "awslogs-region": place.region,
        }
        main["logConfiguration"] = {"logDriver": "awslogs", "options": options}
