"""stopped tasks + service events -> case: why a deployment failed, in words.

Sources: ECS API reference, Task (`stopCode`, `stoppedReason`, `containers[].exitCode` and
`reason`); Amazon ECS developer guide, "Stopped tasks error messages".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from chalicelib.decide.text import one_line
from chalicelib.model.services import Service, StoppedTask

_CAUSES = 4
_EVENTS = 3
# Stop codes that say nothing about the image by themselves: ECS' API reference, `stopCode`.
_NOT_THE_IMAGE = frozenset(
    {"UserInitiated", "SpotInterruption", "TerminationNotice", "InfrastructureHealth"}
)
# What shells and kernels mean by an exit code (128 + the signal's number).
_EXIT_CODES = {
    126: "the command is not executable",
    127: "the command was not found",
    134: "aborted, SIGABRT",
    137: "killed, SIGKILL",
    139: "crashed, SIGSEGV",
    143: "stopped, SIGTERM",
}


def explain(tasks: Sequence[StoppedTask], service: Service | None, since: datetime | None) -> str:
    """The case: what stopped the tasks, most frequent first, and what ECS' events say.

    `since` (UTC) is when the deployment was applied; older events are not its own. Empty when
    nothing was seen.
    """
    counted = Counter(_cause(task) for task in tasks if task.stop_code not in _NOT_THE_IMAGE)
    lines = [f"- {_tasks(count)}: {cause}" for cause, count in counted.most_common(_CAUSES)]
    if lines:
        lines.insert(0, "What stopped the tasks:")
    if said := _said(service, since):
        lines += ["What ECS says:", *(f"- {message}" for message in said)]
    return "\n".join(lines)


def _tasks(count: int) -> str:
    return "1 task" if count == 1 else f"{count} tasks"


def _cause(task: StoppedTask) -> str:
    parts = []
    if task.container and task.exit_code is not None:
        meaning = _EXIT_CODES.get(task.exit_code)
        parts.append(
            f"container {task.container} exited with code {task.exit_code}"
            + (f" ({meaning})" if meaning else "")
        )
    parts += [
        text.strip()
        for text in (task.container_reason, task.reason)
        if text and text != "Essential container in task exited"
    ]
    cause = "; ".join(dict.fromkeys(parts)) or task.reason or task.stop_code or "no reason given"
    return one_line(cause)


def _said(service: Service | None, since: datetime | None) -> list[str]:
    """The newest events of the deployment's own time, oldest first.

    Without those that only count tasks, and without the service's name before each.
    """
    if service is None:
        return []
    said = [
        one_line(event.message.removeprefix(f"(service {service.name})").strip())
        for event in service.events
        if (since is None or event.at >= since)
        and "has started" not in event.message
        and "has stopped" not in event.message
        and "has begun draining" not in event.message
        and "has reached a steady state" not in event.message
    ]
    return said[:_EVENTS][::-1]
