"""DescribeServices, DescribeTasks -> the events of a service, and the times of its tasks.

Both are read for people only. So each call is sent once, and waits for three seconds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from chalicelib.aws.clients import client_quick
from chalicelib.aws.errors import translated
from chalicelib.model.services import ServiceEvent
from chalicelib.model.task_definitions import short_name
from chalicelib.model.times import RolloutTimes, TaskTimes


def rollout_times(cluster: str, service: str) -> RolloutTimes:
    """Return the events that ECS keeps of a service, at most 100, without any task."""
    with translated(f"read the events of {cluster}/{service}"):
        answer = client_quick("ecs").describe_services(cluster=cluster, services=[service])
    found: Mapping[str, Any] = next(iter(answer["services"]), {})
    return RolloutTimes(
        bakes=bool(found.get("deploymentConfiguration", {}).get("bakeTimeInMinutes")),
        events=tuple(
            ServiceEvent(at=event["createdAt"], message=event.get("message", ""))
            for event in found.get("events", ())
            if "createdAt" in event
        ),
    )


def task_times(cluster: str, ids: Sequence[str]) -> Sequence[TaskTimes]:
    """Return the times of at most 100 tasks; those that ECS does not show any more are left out.

    ECS shows an ended task for about an hour.
    """
    with translated(f"read the tasks in {cluster}"):
        answer = client_quick("ecs").describe_tasks(cluster=cluster, tasks=list(ids))
    return tuple(map(_task_times, answer["tasks"]))


def _task_times(answer: Mapping[str, Any]) -> TaskTimes:
    return TaskTimes(
        id=short_name(answer["taskArn"]),
        revision=short_name(answer.get("taskDefinitionArn", "")),
        started_by=answer.get("startedBy", ""),
        created=answer.get("createdAt"),
        pull_started=answer.get("pullStartedAt"),
        pull_stopped=answer.get("pullStoppedAt"),
        started=answer.get("startedAt"),
        stopping=answer.get("stoppingAt"),
        stopped=answer.get("stoppedAt"),
    )
