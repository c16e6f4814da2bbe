"""Register, describe, deregister, delete and list task definitions."""

from __future__ import annotations

import copy
from typing import Any

from embedded.services.ecs.api.paging import page
from embedded.services.ecs.errors import ClientError
from embedded.services.ecs.region import Operations, Region


def register_task_definition(region: Region, request: dict[str, Any]) -> dict[str, Any]:
    by = region.simulation.calling or f"arn:aws:iam::{region.place.account}:root"
    found = region.definitions.register(request, region.simulation.now(), by)
    answer: dict[str, Any] = {"taskDefinition": found.described()}
    if found.tags:
        answer["tags"] = copy.deepcopy(found.tags)
    return answer


def describe_task_definition(region: Region, request: dict[str, Any]) -> dict[str, Any]:
    found = region.definitions.describe(request["taskDefinition"])
    answer: dict[str, Any] = {"taskDefinition": found.described()}
    if "TAGS" in (request.get("include") or []):
        answer["tags"] = copy.deepcopy(found.tags)
    return answer


def deregister_task_definition(region: Region, request: dict[str, Any]) -> dict[str, Any]:
    found = region.definitions.deregister(request["taskDefinition"], region.simulation.now())
    return {"taskDefinition": found.described()}


def delete_task_definitions(region: Region, request: dict[str, Any]) -> dict[str, Any]:
    deleted, failures = [], []
    for name in request.get("taskDefinitions") or []:
        try:
            found = region.definitions.delete(name, region.simulation.now())
            deleted.append(found.described())
        except ClientError as error:
            failures.append({"arn": name, "reason": error.message})
    return {"taskDefinitions": deleted, "failures": failures}


def list_task_definitions(region: Region, request: dict[str, Any]) -> dict[str, Any]:
    status = request.get("status") or "ACTIVE"
    found = region.definitions.listed(request.get("familyPrefix"), status)
    arns = [each.arn for each in found]
    if request.get("sort") == "DESC":
        arns.reverse()
    return page("taskDefinitionArns", arns, request)


def list_task_definition_families(region: Region, request: dict[str, Any]) -> dict[str, Any]:
    status = request.get("status") or "ALL"
    found = region.definitions.families(request.get("familyPrefix") or "", status)
    return page("families", found, request)


OPERATIONS: Operations = {
    "RegisterTaskDefinition": register_task_definition,
    "DescribeTaskDefinition": describe_task_definition,
    "DeregisterTaskDefinition": deregister_task_definition,
    "DeleteTaskDefinitions": delete_task_definitions,
    "ListTaskDefinitions": list_task_definitions,
    "ListTaskDefinitionFamilies": list_task_definition_families,
}
