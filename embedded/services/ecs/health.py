"""When a running task passes its health checks."""

from __future__ import annotations

from embedded.services.ecs.faults import UnhealthyContainer, UnhealthyTarget
from embedded.services.ecs.tasks import Task
from embedded.services.ecs.timings import Timings


def containers_pass_after(task: Task, timings: Timings) -> float | None:
    """Seconds from RUNNING until its containers' checks pass; None when they never do."""
    if not task.checked:
        return None
    return _wait(task, UnhealthyContainer, timings.container_health)


def healthy_after(task: Task, timings: Timings) -> float | None:
    """Seconds from RUNNING until the task counts as healthy; None when it never does."""
    waits = []
    if task.checked:
        waits.append(containers_pass_after(task, timings))
    if task.balanced:
        waits.append(_wait(task, UnhealthyTarget, timings.target_health))
    if not waits:
        waits.append(timings.settling)
    known = [wait for wait in waits if wait is not None]
    return max(known) if len(known) == len(waits) else None


def _wait(
    task: Task, kind: type[UnhealthyContainer | UnhealthyTarget], wait: float
) -> float | None:
    faults = [each for each in task.faults if isinstance(each, kind)]
    return wait if all(each.healthy_first for each in faults) else None
