"""Tasks → their entries in DescribeTargetHealth, of Elastic Load Balancing.

Documented: states, reason codes and descriptions (API reference, TargetHealth; "Health checks for
Network Load Balancer target groups", Health check reason codes).
Inferred: a task is a target from RUNNING on; a target that fails becomes unhealthy at the time at
which a good one becomes healthy; it drains for `Timings.deregistration` once its task is told to
stop or ends by itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from embedded.clock.clock import seconds_between
from embedded.services.ecs.tasks import Task
from embedded.services.ecs.timings import Timings

HEALTHY = {"State": "healthy"}
INITIAL = {
    "State": "initial",
    "Reason": "Elb.InitialHealthChecking",
    "Description": "Initial health checks in progress",
}
DRAINING = {
    "State": "draining",
    "Reason": "Target.DeregistrationInProgress",
    "Description": "Target deregistration is in progress",
}
NOT_REGISTERED = {
    "State": "unused",
    "Reason": "Target.NotRegistered",
    "Description": "Target is not registered to the target group",
}
Health = dict[str, str]


def targets_of(
    group: str, tasks: Iterable[Task], timings: Timings, now: datetime
) -> list[dict[str, Any]]:
    """The targets that are registered with the group, and those that drain.

    API reference, TargetHealthDescription. `group` is an ARN. A task without an address of its own
    appears under the id of an instance.
    """
    return [
        {
            "Target": {
                "Id": task.address or f"i-{task.id[:17]}",
                "Port": balancer["containerPort"],
            },
            "HealthCheckPort": str(balancer["containerPort"]),
            "TargetHealth": health,
        }
        for task in tasks
        for balancer in task.settings.get("loadBalancers") or []
        if balancer.get("targetGroupArn") == group
        and (health := target_health(task, timings, now)) is not None
    ]


def target_health(task: Task, timings: Timings, now: datetime) -> Health | None:
    """API reference, TargetHealth; None when the task is not, or no longer, in the target group."""
    if task.started_at is None:
        return None
    if task.stopping_at is not None:
        gone = seconds_between(task.stopping_at, now) >= timings.deregistration
        return None if gone else DRAINING
    age = seconds_between(task.started_at, now)
    if (fault := task.target_fault) is not None:
        until = fault.after if fault.healthy_first else min(fault.after, timings.target_health)
        if age >= until:
            return {
                "State": "unhealthy",
                "Reason": fault.reason,
                "Description": fault.description,
            }
    return INITIAL if age < timings.target_health else HEALTHY
