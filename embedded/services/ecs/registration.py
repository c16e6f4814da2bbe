"""What RegisterTaskDefinition refuses, and the defaults that ECS fills in.

Documented: ten containers, 64 KiB, reserved tags, a family's characters, what Fargate needs at the
task level and which sizes it has. Inferred: the wording of most refusals, the defaults (`DEFAULTS`,
`CONTAINER_DEFAULTS`), and that `requiresAttributes` lists only the capabilities computed here.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterable
from typing import Any

from embedded.services.ecs.errors import ClientError, InvalidParameter

DEFAULTS: dict[str, Any] = {"volumes": [], "placementConstraints": []}
CONTAINER_DEFAULTS: dict[str, Any] = {
    "cpu": 0,
    "portMappings": [],
    "essential": True,
    "environment": [],
    "mountPoints": [],
    "volumesFrom": [],
    "systemControls": [],
}
MAXIMUM_CONTAINERS = 10
MAXIMUM_BYTES = 64 * 1024
_FAMILY = re.compile(r"[A-Za-z0-9_-]{1,255}")
# CPU units -> MiB ("Amazon ECS task definition parameters for Fargate", Task size).
_FARGATE_SIZES = {
    256: (512, 1024, 2048),
    512: range(1024, 4096 + 1, 1024),
    1024: range(2048, 8192 + 1, 1024),
    2048: range(4096, 16384 + 1, 1024),
    4096: range(8192, 30720 + 1, 1024),
    8192: range(16384, 61440 + 1, 4096),
    16384: range(32768, 122880 + 1, 8192),
}
_CAPABILITY = "com.amazonaws.ecs.capability."


def refuse_unregistrable(request: dict[str, Any]) -> None:
    """Raise what RegisterTaskDefinition answers to a request that it does not take."""
    containers = request.get("containerDefinitions") or []
    if not request.get("family"):
        raise ClientError("Family must not be blank.")
    if not _FAMILY.fullmatch(request["family"]):
        raise ClientError("Family contains invalid characters.")
    if not containers:
        raise ClientError("Container list cannot be empty.")
    if len(containers) > MAXIMUM_CONTAINERS:
        raise ClientError(f"Container list cannot contain more than {MAXIMUM_CONTAINERS} items.")
    for container in containers:
        _refuse_container(container, request)
    if "FARGATE" in (request.get("requiresCompatibilities") or []):
        _refuse_for_fargate(request)
    body = {key: value for key, value in request.items() if key != "tags"}
    size = len(json.dumps(body, separators=(",", ":")).encode())
    if size > MAXIMUM_BYTES:
        raise ClientError(
            f"Actual length: '{size}'. Max allowed length is '{MAXIMUM_BYTES}' bytes."
        )
    refuse_reserved_tags(request.get("tags") or [])


def refuse_reserved_tags(tags: Iterable[dict[str, str]]) -> None:
    if any(tag.get("key", "").lower().startswith("aws:") for tag in tags):
        raise InvalidParameter("aws: prefixed tag key names are not allowed for external use.")


def _refuse_container(container: dict[str, Any], request: dict[str, Any]) -> None:
    for wanted in ("name", "image"):
        if not container.get(wanted):
            raise ClientError(f"Container.{wanted} should not be null or empty.")
    sized = container.get("memory") or container.get("memoryReservation") or request.get("memory")
    if not sized:
        raise ClientError(
            f"Invalid setting for container '{container['name']}'. "
            "At least one of 'memory' or 'memoryReservation' must be specified."
        )


def _refuse_for_fargate(request: dict[str, Any]) -> None:
    for wanted in ("cpu", "memory"):
        if not request.get(wanted):
            raise ClientError(f"Fargate requires that '{wanted}' be defined at the task level.")
    if request.get("networkMode") != "awsvpc":
        raise ClientError("Fargate only supports network mode ‘awsvpc’.")  # noqa: RUF001 - as ECS
    cpu, memory = _units(request["cpu"], "vcpu"), _units(request["memory"], "gb")
    if memory not in _FARGATE_SIZES.get(cpu, ()):
        raise ClientError(
            f"No Fargate configuration exists for given values: {cpu} CPU, {memory} memory. "
            "See the Amazon ECS documentation for the valid values."
        )


def _units(text: str, unit: str) -> int:
    """CPU units or MiB: "1024", "1 vCPU", ".5 vCPU", "2GB"."""
    number, with_unit, _ = str(text).lower().replace(" ", "").partition(unit)
    try:
        return int(float(number) * 1024) if with_unit else int(number)
    except ValueError:
        raise ClientError(f"Invalid {unit} value specified for task: {text}.") from None


def with_defaults(body: dict[str, Any]) -> dict[str, Any]:
    stored = DEFAULTS | body
    awsvpc = body.get("networkMode") == "awsvpc"
    stored["containerDefinitions"] = [
        _container_with_defaults(container, awsvpc=awsvpc)
        for container in body["containerDefinitions"]
    ]
    return copy.deepcopy(stored)


def _container_with_defaults(container: dict[str, Any], *, awsvpc: bool) -> dict[str, Any]:
    stored = CONTAINER_DEFAULTS | container
    stored["portMappings"] = [
        _port_with_defaults(port, awsvpc=awsvpc) for port in stored["portMappings"] or []
    ]
    return stored


def _port_with_defaults(port: dict[str, Any], *, awsvpc: bool) -> dict[str, Any]:
    stored = dict(port)
    if awsvpc and "containerPort" in port:
        stored.setdefault("hostPort", port["containerPort"])
    else:
        stored.setdefault("hostPort", 0)
    stored.setdefault("protocol", "tcp")
    return stored


def compatibilities(body: dict[str, Any]) -> list[str]:
    fargate = body.get("networkMode") == "awsvpc" and body.get("cpu") and body.get("memory")
    return ["EC2", "FARGATE"] if fargate else ["EC2"]


def required_attributes(body: dict[str, Any]) -> list[str]:
    containers = body["containerDefinitions"]
    drivers = sorted(
        {
            each["logConfiguration"]["logDriver"]
            for each in containers
            if each.get("logConfiguration")
        }
    )
    names = [f"{_CAPABILITY}logging-driver.{driver}" for driver in drivers]
    if any(".dkr.ecr" in each["image"] or ".dkr-ecr" in each["image"] for each in containers):
        names.append(f"{_CAPABILITY}ecr-auth")
    if body.get("taskRoleArn"):
        names.append(f"{_CAPABILITY}task-iam-role")
    names.append(f"{_CAPABILITY}docker-remote-api.1.19")
    if body.get("executionRoleArn"):
        names.append("ecs.capability.execution-role-ecr-pull")
    if body.get("networkMode") == "awsvpc":
        names.append("ecs.capability.task-eni")
    return names
