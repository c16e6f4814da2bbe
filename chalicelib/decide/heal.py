"""ended tasks -> will it heal? Two rules, both about the tasks of one ECS deployment.

**Deterministic**: two tasks ended by the same cause that no retry can change (an image that is not
there, a wrong architecture, a missing command, secret or log group, a role that cannot be assumed).

**Crash loop**: of the tasks that the image is to blame for, more than two have ended for every
task that is wanted (at least four), and none that runs now has outlived them: none is older than
twice the longest life among them and ten seconds. So a task that crashes once or twice before it
stays up is never called a loop, nor are tasks that Spot, a host, a scale-in or a person ended.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

from chalicelib.decide.classify import Cause, classify
from chalicelib.model.services import StoppedTask, Tasks

_SAME_CAUSE = 2
_LEAST_ENDED = 4
_ENDED_FOR_EACH = 2
_PATIENCE = timedelta(seconds=10)


def hopeless(tasks: Tasks, desired: int, now: datetime) -> str:
    """Why the rollout will not heal, in a clause; empty while it may.

    `desired` is the ECS deployment's desired count, `now` (UTC) when the tasks were read.
    """
    causes = [(task, classify(task)) for task in tasks.stopped]
    blamed = [(task, cause) for task, cause in causes if cause.blames_image]
    return _deterministic(blamed) or _crash_loop(blamed, tasks, desired, now)


def _deterministic(blamed: list[tuple[StoppedTask, Cause]]) -> str:
    counted = Counter(cause.kind for _, cause in blamed if cause.deterministic)
    for kind, count in counted.most_common(1):
        if count >= _SAME_CAUSE:
            cause = next(cause for _, cause in blamed if cause.kind is kind)
            return f"{cause.sentence} ({count} tasks, and no retry can change it)"
    return ""


def _crash_loop(
    blamed: list[tuple[StoppedTask, Cause]], tasks: Tasks, desired: int, now: datetime
) -> str:
    if len(blamed) < max(_LEAST_ENDED, _ENDED_FOR_EACH * desired + 1):
        return ""
    longest = max(_life(task) for task, _ in blamed)
    outlived = 2 * longest + _PATIENCE
    if any(one.started_at and now - one.started_at > outlived for one in tasks.running):
        return ""
    cause = Counter(cause.sentence for _, cause in blamed).most_common(1)[0][0]
    return f"{cause}; {len(blamed)} tasks ended one after another, and none stays up"


def _life(task: StoppedTask) -> timedelta:
    if task.started_at is None or task.stopped_at is None:
        return timedelta()
    return task.stopped_at - task.started_at
