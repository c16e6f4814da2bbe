"""EcsParameters of a target -> the RunTask request that EventBridge or Scheduler makes of them.

Documented (API reference, EcsParameters of EventBridge and of Scheduler; "Amazon ECS tasks as
targets"): the members; the target is the cluster; the input is what overrides the task definition.
Reported: `startedBy` is `events-rule/NAME` and `chronos-schedule/NAME`, cut to 36 characters.
Inferred: a character of the name that RunTask refuses in `startedBy` becomes `_`.
"""

from __future__ import annotations

import json
import re
from typing import Any

from embedded.gate.clients import Clients

Target = dict[str, Any]
LONGEST_STARTED_BY = 36
_MEMBERS = {
    "TaskDefinitionArn": "taskDefinition",
    "TaskCount": "count",
    "LaunchType": "launchType",
    "NetworkConfiguration": "networkConfiguration",
    "PlatformVersion": "platformVersion",
    "Group": "group",
    "CapacityProviderStrategy": "capacityProviderStrategy",
    "EnableECSManagedTags": "enableECSManagedTags",
    "EnableExecuteCommand": "enableExecuteCommand",
    "PlacementConstraints": "placementConstraints",
    "PlacementStrategy": "placementStrategy",
    "PropagateTags": "propagateTags",
    "ReferenceId": "referenceId",
    "Tags": "tags",
}


class NotStarted(Exception):
    """RunTask answered, and it started less than it was asked for."""


def run(clients: Clients, service: str, target: Target, started_by: str, text: str | None) -> None:
    """Run the tasks of `target` as its role; `text` is its input.

    Raises:
        NotStarted: RunTask has failures.
        ClientError: RunTask refuses.
    """
    request = request_of(target, started_by, text)
    run_as(clients, service, target["RoleArn"], request)


def run_as(clients: Clients, service: str, role: str, request: dict[str, Any]) -> None:
    """Call RunTask as a role, in a session of this service's name."""
    answer = clients.as_role(role, service, "ecs").run_task(**request)
    if failures := answer["failures"]:
        raise NotStarted(", ".join(each.get("reason", "unknown") for each in failures))


def request_of(target: Target, started_by: str, text: str | None) -> dict[str, Any]:
    """What RunTask is asked for; members that AWS does not document are left out."""
    parameters = target["EcsParameters"]
    asked = {
        theirs: lower_camel(parameters[ours])
        for ours, theirs in _MEMBERS.items()
        if parameters.get(ours) is not None
    }
    overrides = {"overrides": json.loads(text)} if text else {}
    return {"cluster": target["Arn"], "startedBy": cut(started_by), **asked, **overrides}


def cut(started_by: str) -> str:
    """`startedBy` as it arrives at ECS."""
    return re.sub(r"[^A-Za-z0-9/_-]", "_", started_by)[:LONGEST_STARTED_BY]


def lower_camel(value: Any) -> Any:
    """Keys in lowerCamelCase, as ECS spells them in its API."""
    if isinstance(value, dict):
        return {key[0].lower() + key[1:]: lower_camel(inner) for key, inner in value.items()}
    return [lower_camel(inner) for inner in value] if isinstance(value, list) else value
