"""Task definitions, kept as the JSON that was sent: nothing that ECS was given gets lost.

Documented (API reference, RegisterTaskDefinition, DescribeTaskDefinition, ListTaskDefinitions,
DeregisterTaskDefinition): revisions per family, the response-only fields, INACTIVE revisions stay
describable and run on but cannot start anything new, tags beside the definition.
Inferred: the defaults that ECS fills in (`DEFAULTS`), the wording of most refusals, and that
`requiresAttributes` lists only the capabilities computed here.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from .errors import ClientError, InvalidParameter
from .names import Place, short

RESPONSE_ONLY = (
    "taskDefinitionArn",
    "revision",
    "status",
    "requiresAttributes",
    "compatibilities",
    "registeredAt",
    "registeredBy",
    "deregisteredAt",
    "deleteRequestedAt",
)
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
_CAPABILITY = "com.amazonaws.ecs.capability."


@dataclass
class TaskDefinition:
    arn: str
    family: str
    revision: int
    body: dict[str, Any]  # as ECS gives it back, without the response-only fields and tags
    tags: list[dict[str, str]]
    registered_at: datetime
    registered_by: str
    status: str = "ACTIVE"
    deregistered_at: datetime | None = None
    images: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        self.images = tuple(each["image"] for each in self.containers)

    @property
    def containers(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.body["containerDefinitions"]
        return found

    @property
    def active(self) -> bool:
        return self.status == "ACTIVE"

    def described(self) -> dict[str, Any]:
        """The `taskDefinition` of an answer: the stored body and the response-only fields."""
        described = copy.deepcopy(self.body) | {
            "taskDefinitionArn": self.arn,
            "revision": self.revision,
            "status": self.status,
            "requiresAttributes": [{"name": name} for name in _required_attributes(self.body)],
            "compatibilities": _compatibilities(self.body),
            "registeredAt": self.registered_at.timestamp(),
            "registeredBy": self.registered_by,
        }
        if self.deregistered_at is not None:
            described["deregisteredAt"] = self.deregistered_at.timestamp()
        return described


class TaskDefinitions:
    """The task definitions of one account and region."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._families: dict[str, list[TaskDefinition]] = {}

    def register(self, request: dict[str, Any], now: datetime, by: str) -> TaskDefinition:
        """Store `request` as the next revision of its family.

        Raises:
            ClientError, InvalidParameter: as RegisterTaskDefinition refuses.
        """
        refuse_unregistrable(request)
        body = {key: value for key, value in request.items() if key != "tags"}
        family = request["family"]
        revisions = self._families.setdefault(family, [])
        number = len(revisions) + 1
        definition = TaskDefinition(
            arn=self._place.arn(f"task-definition/{family}:{number}"),
            family=family,
            revision=number,
            body=_with_defaults(body),
            tags=copy.deepcopy(request.get("tags") or []),
            registered_at=now,
            registered_by=by,
        )
        revisions.append(definition)
        return definition

    def find(self, name: str) -> TaskDefinition | None:
        """By ARN, `family:revision`, or `family` (its newest ACTIVE revision)."""
        family, _, revision = short(name).partition(":")
        revisions = self._families.get(family, [])
        if not revision:
            return next((each for each in reversed(revisions) if each.active), None)
        if not revision.isdigit() or not 1 <= int(revision) <= len(revisions):
            return None
        return revisions[int(revision) - 1]

    def describe(self, name: str) -> TaskDefinition:
        definition = self.find(name)
        if definition is None:
            raise ClientError("Unable to describe task definition.")
        return definition

    def deployable(self, name: str) -> TaskDefinition:
        """A revision that services may be brought to; INACTIVE ones are refused."""
        definition = self.find(name)
        if definition is None:
            raise ClientError("TaskDefinition not found.")
        if not definition.active:
            raise ClientError("TaskDefinition is inactive")
        return definition

    def deregister(self, name: str, now: datetime) -> TaskDefinition:
        if ":" not in short(name):
            raise ClientError("Revision is missing.")
        definition = self.find(name)
        if definition is None:
            raise ClientError("The specified task definition does not exist.")
        definition.status = "INACTIVE"
        definition.deregistered_at = definition.deregistered_at or now
        return definition

    def listed(self, family: str | None, status: str) -> list[TaskDefinition]:
        """By family name, then revision; `familyPrefix` means the whole name (API reference)."""
        return [
            each
            for name in sorted(self._families)
            if family is None or name == family
            for each in self._families[name]
            if each.status == status
        ]

    def families(self, prefix: str, status: str) -> list[str]:
        def matches(revisions: list[TaskDefinition]) -> bool:
            active = any(each.active for each in revisions)
            return status == "ALL" or active == (status == "ACTIVE")

        return [
            name
            for name in sorted(self._families)
            if name.startswith(prefix) and matches(self._families[name])
        ]


def refuse_unregistrable(request: dict[str, Any]) -> None:
    """Raise what RegisterTaskDefinition answers to a request that it does not take."""
    containers = request.get("containerDefinitions") or []
    if not request.get("family"):
        raise ClientError("Family must not be blank.")
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


def _with_defaults(body: dict[str, Any]) -> dict[str, Any]:
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


def _compatibilities(body: dict[str, Any]) -> list[str]:
    fargate = body.get("networkMode") == "awsvpc" and body.get("cpu") and body.get("memory")
    return ["EC2", "FARGATE"] if fargate else ["EC2"]


def _required_attributes(body: dict[str, Any]) -> list[str]:
    containers = body["containerDefinitions"]
    drivers = sorted(
        {
            each["logConfiguration"]["logDriver"]
            for each in containers
            if each.get("logConfiguration")
        }
    )
    names = [f"{_CAPABILITY}logging-driver.{driver}" for driver in drivers]
    if any(".dkr.ecr." in each["image"] for each in containers):
        names.append(f"{_CAPABILITY}ecr-auth")
    if body.get("taskRoleArn"):
        names.append(f"{_CAPABILITY}task-iam-role")
    names.append(f"{_CAPABILITY}docker-remote-api.1.19")
    if body.get("executionRoleArn"):
        names.append("ecs.capability.execution-role-ecr-pull")
    if body.get("networkMode") == "awsvpc":
        names.append("ecs.capability.task-eni")
    return names
