"""TagResource, UntagResource, ListTagsForResource, for task definitions, services and tasks."""

from __future__ import annotations

from typing import Any

from embedded.services.ecs.errors import ClientError, ResourceNotFound
from embedded.services.ecs.region import Operations, Region
from embedded.services.ecs.registration import refuse_reserved_tags


class NotOurs(ClientError):
    """A resource that moto keeps (clusters, …)."""


def tag_resource(region: Region, request: dict[str, Any]) -> dict[str, Any]:
    tags = _tags(region, request["resourceArn"])
    new: list[dict[str, str]] = request.get("tags") or []
    refuse_reserved_tags(new)
    keys = {tag["key"] for tag in new}
    tags[:] = [tag for tag in tags if tag["key"] not in keys] + [dict(tag) for tag in new]
    return {}


def untag_resource(region: Region, request: dict[str, Any]) -> dict[str, Any]:
    tags = _tags(region, request["resourceArn"])
    tags[:] = [tag for tag in tags if tag["key"] not in (request.get("tagKeys") or [])]
    return {}


def list_tags_for_resource(region: Region, request: dict[str, Any]) -> dict[str, Any]:
    return {"tags": [dict(tag) for tag in _tags(region, request["resourceArn"])]}


def _tags(region: Region, arn: str) -> list[dict[str, str]]:
    resource = arn.split(":", 5)[-1]
    kind, _, name = resource.partition("/")
    if kind == "task-definition":
        definition = region.definitions.find(name)
        if definition is not None and definition.arn == arn:
            return definition.tags
    elif kind == "service":
        service = region.services.get(name)
        if service is not None:
            return service.tags
    elif kind == "task":
        task = region.tasks.get(name.rsplit("/", 1)[-1])
        if task is not None:
            return task.tags
    else:
        raise NotOurs(f"{arn} is kept elsewhere.")
    raise ResourceNotFound(f"The specified resource was not found: {arn}")


OPERATIONS: Operations = {
    "TagResource": tag_resource,
    "UntagResource": untag_resource,
    "ListTagsForResource": list_tags_for_resource,
}
