"""ended tasks -> will it heal? Two rules, both about the tasks of one ECS deployment.

**Certain cause**: two tasks ended by the same cause that no retry can change (an image that is not
there, a wrong architecture, a missing command, secret or log group, a role that cannot be assumed).
Where two crashed alike and at once, the last log line of the newest may show such a cause.

**Crash loop**: of the tasks that the image is to blame for, more than two have ended for every
task that is wanted (at least four), and none that runs now has outlived them: none is older than
twice the longest life among them and ten seconds. So a task that crashes once or twice before it
stays up is never called a loop, nor are tasks that Spot, a host, a scale-in or a person ended.

Where the service sets its circuit breaker's threshold, no loop is called below it. `crash_loop`
does not know the threshold: `many_ended` does. The running tasks are read only when `many_ended`
says so, and while they are not read (`Tasks.running` is None) no loop is called.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

from chalicelib.explain.causes import Kind
from chalicelib.explain.classify import FailureCause, certain_from_logs, classify
from chalicelib.model.services import BreakerThreshold, StoppedTask, Tasks

_SAME_CAUSE = 2
_LEAST_ENDED = 4
_ENDED_FOR_EACH = 2
_PATIENCE = timedelta(seconds=10)
_AT_ONCE = timedelta(seconds=10)
_BOUNDS = (3, 200)  # of BOUNDED_PERCENT
Blamed = Sequence[tuple[StoppedTask, FailureCause]]


def certain_cause(tasks: Tasks) -> str:
    """The cause of two tasks' ends that no retry can change, in a clause; empty without one."""
    blamed = _blamed(tasks.stopped)
    # The last line alone: what a program that runs says earlier, it may have survived.
    shown = [(task, certain_from_logs(cause, tasks.log[-1:])) for task, cause in _alike(blamed)]
    certain = [cause for _, cause in (*blamed, *shown) if cause.deterministic]
    for kind, count in Counter(cause.kind for cause in certain).most_common(1):
        if count >= _SAME_CAUSE:
            cause = next(cause for cause in certain if cause.kind is kind)
            return f"{cause.sentence} ({count} tasks, and no retry can change it)"
    return ""


def crash_loop(tasks: Tasks, desired: int, now: datetime) -> str:
    """What ends one task after another, in a clause; empty where it is no crash loop.

    `desired` is the ECS deployment's desired count, `now` (UTC) when the tasks were read. Also
    empty where the running tasks were not read.
    """
    blamed = _blamed(tasks.stopped)
    if tasks.running is None or not _many(blamed, desired):
        return ""
    longest = max(_life(task) for task, _ in blamed)
    outlived = 2 * longest + _PATIENCE
    if any(task.started_at and now - task.started_at > outlived for task in tasks.running):
        return ""
    cause = Counter(cause.sentence for _, cause in blamed).most_common(1)[0][0]
    return f"{cause}; {len(blamed)} tasks ended one after another, and none stays up"


def crashed_at_once(stopped: Sequence[StoppedTask]) -> StoppedTask | None:
    """The newest of two tasks that crashed alike, each within ten seconds; its log may say why."""
    return next((task for task, _ in _alike(_blamed(stopped))), None)


def many_ended(
    stopped: Sequence[StoppedTask], desired: int, threshold: BreakerThreshold | None = None
) -> bool:
    """Whether enough tasks have ended for a crash loop, so that those that run must be read.

    Not before as many have ended as the `threshold` of the service's circuit breaker asks for.
    """
    blamed = _blamed(stopped)
    return _many(blamed, desired) and len(blamed) >= breaker_trips_at(threshold, desired)


def breaker_trips_at(threshold: BreakerThreshold | None, desired: int) -> int:
    """The failed tasks at which ECS gives up; 0 where the service leaves that to ECS.

    "How the Amazon ECS deployment circuit breaker detects failures"; API reference,
    ThresholdConfiguration.
    """
    if threshold is None:
        return 0
    if threshold.kind == "COUNT":
        return threshold.value
    share = math.ceil(threshold.value * desired / 100)
    least, most = _BOUNDS
    return share if threshold.kind == "UNBOUNDED_PERCENT" else min(max(share, least), most)


def _blamed(stopped: Sequence[StoppedTask]) -> Blamed:
    causes = [(task, classify(task)) for task in stopped]
    return [(task, cause) for task, cause in causes if cause.blames_image]


def _alike(blamed: Blamed) -> Blamed:
    """Those that crashed at once as the newest such did, when there are two."""
    crashed = [
        (task, cause)
        for task, cause in blamed
        if cause.kind is Kind.CRASHED and task.started_at and _life(task) <= _AT_ONCE
    ]
    alike = [(task, cause) for task, cause in crashed if cause == crashed[0][1]]
    return alike if len(alike) >= _SAME_CAUSE else ()


def _many(blamed: Blamed, desired: int) -> bool:
    return len(blamed) >= max(_LEAST_ENDED, _ENDED_FOR_EACH * desired + 1)


def _life(task: StoppedTask) -> timedelta:
    if task.started_at is None or task.stopped_at is None:
        return timedelta()
    return task.stopped_at - task.started_at
