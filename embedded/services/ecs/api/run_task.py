"""RunTask: standalone tasks.

Documented: API reference, RunTask. "Tagging Amazon ECS resources": the tags of a task are those of
the request and, where it says so, of the task definition and of ECS.
Reported: an inactive revision is an InvalidParameterException; where Fargate has no capacity,
`failures` has an entry without an ARN (gchq/sleeper#904).
Inferred: a tag of the request wins over one of the task definition; all tasks run on the provider
with the highest base, then weight; without a launch type and a strategy it is EC2, because the
default strategies of clusters are not simulated; once there is no room, no further task starts.
"""

from __future__ import annotations

import copy
from typing import Any

from embedded.services.ecs.api.refused_tasks import (
    refuse_for_definition,
    refuse_for_launch_type,
    refuse_parameters,
)
from embedded.services.ecs.definitions import TaskDefinition
from embedded.services.ecs.errors import ClientError, InvalidParameter
from embedded.services.ecs.faults import NoCapacity
from embedded.services.ecs.region import Operations, Region
from embedded.services.ecs.standalone import Launch
from embedded.services.ecs.tasks import Task
from embedded.services.ecs.views import task_view

FARGATE_PROVIDERS = ("FARGATE", "FARGATE_SPOT")
NO_FARGATE = (
    "Capacity is unavailable at this time. Please try again later or in a different "
    "availability zone"
)
INSTANCE = "0123456789abcdef0123456789abcdef"  # the closest matching one, by name only
Request = dict[str, Any]


def run_task(region: Region, request: Request) -> dict[str, Any]:
    cluster = region.cluster(request)
    refuse_parameters(request)
    tokens, now = region.standalone.tokens, region.simulation.now()
    known = tokens.answered(cluster, request, now)
    if known is not None:
        return known
    tasks, failures = _start(region, _launch(region, cluster, request), request.get("count") or 1)
    answer = {"tasks": [_view(each) for each in tasks], "failures": failures}
    tokens.keep(cluster, request, answer, tasks, now)
    return answer


def _start(region: Region, launch: Launch, count: int) -> tuple[list[Task], list[dict[str, str]]]:
    """The tasks that have started, and why no more have."""
    tasks: list[Task] = []
    for _ in range(count):
        made = region.standalone.start(launch)
        if isinstance(made, NoCapacity):
            return tasks, [_failure(region, launch, made)]
        tasks.append(made)
    return tasks, []


def _launch(region: Region, cluster: str, request: Request) -> Launch:
    definition = _definition(region, request.get("taskDefinition") or "")
    refuse_for_definition(request, definition)
    settings = _settings(request)
    instances = region.instances(cluster)
    refuse_for_launch_type(request, definition, settings["launchType"], instances)
    return Launch(
        cluster=cluster,
        definition=definition,
        group=request.get("group") or f"family:{definition.family}",
        started_by=request.get("startedBy") or None,
        settings=settings,
        overrides=copy.deepcopy(request.get("overrides") or {}),
        tags=_tags(request, cluster, definition),
    )


def _definition(region: Region, name: str) -> TaskDefinition:
    found = region.definitions.find(name)
    if found is None:
        raise ClientError("TaskDefinition not found.")
    if not found.active:
        raise InvalidParameter("TaskDefinition is inactive")
    return found


def _settings(request: Request) -> dict[str, Any]:
    strategy = request.get("capacityProviderStrategy") or []
    settings = {
        name: copy.deepcopy(request[name])
        for name in ("enableExecuteCommand", "networkConfiguration", "platformVersion")
        if request.get(name) is not None
    }
    if not strategy:
        return settings | {"launchType": request.get("launchType") or "EC2"}
    chosen = max(strategy, key=lambda each: (each.get("base") or 0, each.get("weight") or 0))
    provider = chosen["capacityProvider"]
    launch_type = "FARGATE" if provider in FARGATE_PROVIDERS else "EC2"
    return settings | {"launchType": launch_type, "capacityProviderName": provider}


def _tags(request: Request, cluster: str, definition: TaskDefinition) -> list[dict[str, str]]:
    managed = {"aws:ecs:clusterName": cluster} if request.get("enableECSManagedTags") else {}
    propagated = definition.tags if request.get("propagateTags") == "TASK_DEFINITION" else []
    every = (*propagated, *(request.get("tags") or []))
    tags = managed | {tag["key"]: tag.get("value", "") for tag in every}
    return [{"key": key, "value": value} for key, value in tags.items()]


def _failure(region: Region, launch: Launch, fault: NoCapacity) -> dict[str, str]:
    """API reference, Failure. On EC2 it names a container instance."""
    if launch.settings["launchType"] == "FARGATE":
        return {"reason": NO_FARGATE}
    instance = region.place.arn(f"container-instance/{launch.cluster}/{INSTANCE}")
    return {"arn": instance, "reason": fault.reason}


def _view(task: Task) -> dict[str, Any]:
    return task_view(task) | {"tags": [dict(tag) for tag in task.tags]}


OPERATIONS: Operations = {"RunTask": run_task}
