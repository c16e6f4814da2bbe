"""stopped task -> the same task, told by the container that ended it.

DescribeTasks gives the exit code and the reason of every container, but not which of them ended
first. It shows in how ECS ends a task: when an essential container ends, ECS stops the others with
SIGTERM, then SIGKILL (Amazon ECS developer guide, "Task definition parameters", `essential` and
`stopTimeout`). Those exit with 143 or 137, or with 0 where they handle SIGTERM well.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from chalicelib.model.services import StoppedContainer, StoppedTask

_BY_ITSELF = "EssentialContainerExited"
_STOPPED = frozenset({137, 143})  # by SIGKILL, by SIGTERM
# How much the end of a container tells about the end of its task.
_NOTHING, _LEAST, _LESS, _CODE, _REASON = range(5)


def told_by_its_end(task: StoppedTask, essential: Collection[str] = ()) -> StoppedTask:
    """The task with `container`, `container_reason` and `exit_code` of the one that ended it.

    An essential container comes before the others, where `essential` names them (empty: not
    known). Then the first of: a container with a reason (out of memory always has one); one that
    failed; one that ended with 0; one that was stopped. The last two change places in a task that
    the scheduler, a person or Spot ended: no container with 0 ended that one.
    """
    if not task.containers:
        return task
    by_itself = task.stop_code in {_BY_ITSELF, ""}

    def first(container: StoppedContainer) -> tuple[bool, int]:
        tells = _tells(container, by_itself=by_itself)
        return tells > _NOTHING and container.name in essential, tells

    chosen = max(task.containers, key=first)
    return task.model_copy(
        update={
            "container": chosen.name,
            "container_reason": chosen.reason,
            "exit_code": chosen.exit_code,
        }
    )


def ambiguous(task: StoppedTask) -> bool:
    """Whether more than one container may have ended it, so that the essential ones matter."""
    ended = [each for each in task.containers if _tells(each, by_itself=True) > _NOTHING]
    return len(ended) > 1


def essential_containers(body: dict[str, Any]) -> frozenset[str]:
    """The names of a task definition's essential containers; `essential` is true by default."""
    containers = body.get("containerDefinitions", ())
    return frozenset(
        str(container.get("name")) for container in containers if container.get("essential", True)
    )


def _tells(container: StoppedContainer, *, by_itself: bool) -> int:
    if container.reason:
        return _REASON
    if container.exit_code is None:
        return _NOTHING
    if container.exit_code in _STOPPED:
        return _LEAST if by_itself else _LESS
    if container.exit_code == 0:
        return _LESS if by_itself else _LEAST
    return _CODE
