"""ListTasks, DescribeTasks, StopTask; RunTask is in `run_task`."""

from __future__ import annotations

from typing import Any

from embedded.services.ecs.api.paging import page
from embedded.services.ecs.errors import InvalidParameter
from embedded.services.ecs.names import short
from embedded.services.ecs.region import Operations, Region
from embedded.services.ecs.tasks import Task
from embedded.services.ecs.views import task_view

MOST_DESCRIBED = 100
STOPPED_BY_USER = "Task stopped by user"
_OTHER_FILTERS = (
    "containerInstance",
    "daemonName",
    "desiredStatus",
    "family",
    "launchType",
    "serviceName",
)


def list_tasks(region: Region, request: dict[str, Any]) -> dict[str, Any]:
    """API reference, ListTasks: `startedBy` must be the only filter.

    Reported: the words (aws-sdk-go-v2#1893). Inferred: `desiredStatus` is a filter too, and so
    `startedBy` finds no task that has ended.
    """
    if request.get("startedBy") and any(request.get(each) for each in _OTHER_FILTERS):
        raise InvalidParameter("cannot specify startedBy with other arguments")
    cluster = region.cluster(request)
    name = request.get("serviceName")
    group = f"service:{region.service(cluster, name).name}" if name else None
    wanted = request.get("desiredStatus") or "RUNNING"

    def matches(task: Task) -> bool:
        return (
            task.cluster == cluster
            and task.desired_status == wanted
            and group in (None, task.group)
            and request.get("family") in (None, task.definition.family)
            and request.get("startedBy") in (None, task.started_by)
            and request.get("launchType") in (None, task.settings.get("launchType"))
        )

    return page("taskArns", [each.arn for each in region.tasks.values() if matches(each)], request)


def describe_tasks(region: Region, request: dict[str, Any]) -> dict[str, Any]:
    cluster = region.cluster(request)
    names = request.get("tasks") or []
    if not names:
        raise InvalidParameter("Tasks cannot be empty.")
    if len(names) > MOST_DESCRIBED:
        raise InvalidParameter("Tasks cannot have more than 100 elements")
    found, failures = [], []
    for name in names:
        task = region.tasks.get(short(name))
        if task is None or task.cluster != cluster:
            arn = name if name.startswith("arn:") else region.place.arn(f"task/{cluster}/{name}")
            failures.append({"arn": arn, "reason": "MISSING"})
            continue
        view = task_view(task)
        if "TAGS" in (request.get("include") or []):
            view["tags"] = task.tags
        found.append(view)
    return {"tasks": found, "failures": failures}


def stop_task(region: Region, request: dict[str, Any]) -> dict[str, Any]:
    cluster = region.cluster(request)
    task = region.tasks.get(short(request["task"]))
    if task is None or task.cluster != cluster:
        raise InvalidParameter("The referenced task was not found.")
    reason = request.get("reason") or STOPPED_BY_USER
    region.stop_task(task, "UserInitiated", reason)
    return {"task": task_view(task)}


OPERATIONS: Operations = {
    "ListTasks": list_tasks,
    "DescribeTasks": describe_tasks,
    "StopTask": stop_task,
}
