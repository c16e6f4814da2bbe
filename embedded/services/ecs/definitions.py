"""Task definitions, kept as the JSON that was sent, so that no field gets lost.

Documented (API reference, RegisterTaskDefinition, DescribeTaskDefinition, ListTaskDefinitions,
DeregisterTaskDefinition): revisions per family, the response-only fields, INACTIVE revisions stay
describable and run on but cannot start anything new, services on them still scale, tags beside the
definition. AWS says that a revision may still start something for ten minutes after it was
deregistered; here it does not.
Inferred: a service whose revision is INACTIVE may be deployed again without naming one, and a
rollback may go back to one.
`registration` has what ECS refuses and what it fills in.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from embedded.services.ecs.errors import ClientError
from embedded.services.ecs.names import Place, short
from embedded.services.ecs.registration import (
    compatibilities,
    refuse_unregistrable,
    required_attributes,
    with_defaults,
)

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
    delete_requested_at: datetime | None = None
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

    def as_of(self, moment: datetime) -> TaskDefinition:
        """This revision as it was at `moment`; the same object where nothing has changed since."""
        if self.delete_requested_at is not None and self.delete_requested_at > moment:
            before = replace(self, status="INACTIVE", delete_requested_at=None)
            return before.as_of(moment)
        if self.deregistered_at is not None and self.deregistered_at > moment:
            return replace(self, status="ACTIVE", deregistered_at=None)
        return self

    def described(self) -> dict[str, Any]:
        """The `taskDefinition` of an answer: the stored body and the response-only fields."""
        described = copy.deepcopy(self.body) | {
            "taskDefinitionArn": self.arn,
            "revision": self.revision,
            "status": self.status,
            "requiresAttributes": [{"name": name} for name in required_attributes(self.body)],
            "compatibilities": compatibilities(self.body),
            "registeredAt": self.registered_at.timestamp(),
            "registeredBy": self.registered_by,
        }
        if self.deregistered_at is not None:
            described["deregisteredAt"] = self.deregistered_at.timestamp()
        if self.delete_requested_at is not None:
            described["deleteRequestedAt"] = self.delete_requested_at.timestamp()
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
            body=with_defaults(body),
            tags=copy.deepcopy(request.get("tags") or []),
            registered_at=now,
            registered_by=by,
        )
        revisions.append(definition)
        return definition

    def as_of(self, moment: datetime) -> TaskDefinitions:
        """The task definitions as they were at `moment`, for reading."""
        past = TaskDefinitions(self._place)
        for family, revisions in self._families.items():
            known = [each.as_of(moment) for each in revisions if each.registered_at <= moment]
            if known:
                past._families[family] = known
        return past

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
        """A revision that a service may run; INACTIVE ones are refused."""
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
        if definition.active:
            definition.status = "INACTIVE"
            definition.deregistered_at = now
        return definition

    def delete(self, name: str, now: datetime) -> TaskDefinition:
        """DELETE_IN_PROGRESS, which never ends here; only INACTIVE revisions can be deleted."""
        definition = self.find(name) if ":" in short(name) else None
        if definition is None:
            raise ClientError("The specified task definition does not exist.")
        if definition.active:
            raise ClientError("The specified task definition is still in ACTIVE status.")
        definition.status = "DELETE_IN_PROGRESS"
        definition.delete_requested_at = definition.delete_requested_at or now
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
