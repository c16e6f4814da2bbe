"""run + what ECS shows of its task + moment -> run: how a `before` or `after` goes on.

A run must never happen twice. So only an attempt that is known to have started nothing is followed
by another one, and what cannot be known ends the run.

Amazon ECS API reference, RunTask (`clientToken`), and "Ensuring idempotency": a token lives for 24
hours, or for an hour after its task ended, whichever is shorter. Within that time the same request
starts nothing again, and names the task that it started.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import Enum, auto

from chalicelib.explain.classify import FailureCause, classify
from chalicelib.explain.text import duration
from chalicelib.model.changes import changed_run
from chalicelib.model.runs import Kind, RunOutcome, StandaloneTask, TaskRun
from chalicelib.model.services import StoppedTask

SENT_AGAIN = timedelta(minutes=55)  # of the hour that a token lives at least: calls take time too
SHOWN = timedelta(minutes=5)  # ECS shows a task by then (page of RunTask: seconds to minutes)
_TRIED = 2  # attempts, where a cause that no retry can change ended the last one
# Task `stopCode`s (API reference, Task) of a task that neither ended by itself nor failed to start.
_FROM_OUTSIDE = frozenset(
    {"UserInitiated", "SpotInterruption", "TerminationNotice", "InfrastructureHealth"}
)
_PAUSE, _LONGEST_PAUSE = 15, 300  # seconds between two attempts; each is twice as long as before


class Due(Enum):
    """What a step does about a run."""

    NOTHING = auto()  # the pause between two attempts is not over
    TRY_AGAIN = auto()  # save the next attempt and send it
    GIVE_UP = auto()  # no attempt started within the time-out
    SEND = auto()  # send the saved request: the task is not known
    FIND = auto()  # look for the task that the request may have started: it may not be sent now
    LOOK = auto()  # read the task


def due(run: TaskRun, now: datetime) -> Due:
    """Return what a step does at `now` (UTC) about a run that has not ended."""
    over = now >= run.start_by
    if run.failed is not None:
        if over or run.stopping is not None:
            return Due.GIVE_UP
        pause = min(_LONGEST_PAUSE, _PAUSE * 2 ** min(run.attempt - 1, 10))
        waits = now < run.failed + timedelta(seconds=pause)
        return Due.NOTHING if waits else Due.TRY_AGAIN
    if run.task:
        return Due.LOOK
    sent_in_time = now < run.asked + SENT_AGAIN
    return Due.SEND if sent_in_time and not over and run.stopping is None else Due.FIND


def token(deployment: str, kind: Kind, attempt: int) -> str:
    """Return the client token of an attempt: `<id>-b`, then `<id>-b2`; `a` stands for an `after`.

    It has at most 64 characters (API reference, RunTask).
    """
    return f"{deployment}-{kind[0]}{'' if attempt == 1 else attempt}"


def tried_again(run: TaskRun, request: str, now: datetime) -> TaskRun:
    """Return the run with its next attempt, which sends this request."""
    return changed_run(
        run, attempt=run.attempt + 1, request=request, asked=now, failed=None, task="", missing=None
    )


def failed_to_start(
    run: TaskRun, kind: Kind, why: str, now: datetime, *, certain: bool = False
) -> TaskRun:
    """Return the run after its attempt started nothing; `certain` says that no retry can change it.

    It ends when its time is over. For a cause that no retry can change, it ends with the second
    attempt at the earliest.
    """
    if run.stopping is not None:
        return _ended(run, RunOutcome.NOT_STARTED, run.stopped_for, now)
    over = now >= run.start_by
    if over or (certain and run.attempt >= _TRIED):
        within = f" within {duration(run.timeout)}" if over else ""
        why = f"its `{kind}` task could not be started{within}: {why}"
        return _ended(run, RunOutcome.NOT_STARTED, why, now)
    return changed_run(run, failed=now, task="", started=None, missing=None, reason=why)


def refused(run: TaskRun, kind: Kind, why: str, now: datetime) -> TaskRun:
    """Return the run after ECS refused its request for good."""
    return _ended(
        run, RunOutcome.NOT_STARTED, f"its `{kind}` task could not be started: {why}", now
    )


def stopped(run: TaskRun, why: str, now: datetime) -> TaskRun:
    """Return the run that is stopped because its deployment is; it lets nothing go on any more."""
    return changed_run(
        run, stopping=run.stopping or now, stopped_for=why, reason=why, withdrawn=True
    )


def not_shown(run: TaskRun, kind: Kind, now: datetime) -> TaskRun:
    """Return the run when ECS shows no task for it.

    A task that has just begun may not be shown yet. ECS shows an ended task for an hour at least.
    """
    if run.task:
        since = run.missing or now
        if now - since < SHOWN:
            return changed_run(run, missing=since)
        why = f"ECS does not show its `{kind}` task any more, so whether it ended well is not known"
    else:
        if now - run.asked < SHOWN:
            return run
        why = f"whether its `{kind}` task ran is not known: ECS never answered, and shows no task"
    return _ended(run, RunOutcome.UNKNOWN, run.stopped_for or why, now)


def shown(run: TaskRun, kind: Kind, task: StandaloneTask, now: datetime) -> TaskRun:
    """Return the run after a look at its task: it goes on, is to be stopped, or has ended."""
    started = task.end.started_at or run.started
    run = changed_run(run, task=task.arn, missing=None, started=started, reason=run.stopped_for)
    code = task.exit_code(run.container)
    if code is not None:
        return _exited(run, kind, task, code, now)
    if task.stopped:
        return _without_code(run, kind, task, now)
    return _timed(run, kind, now)


def _exited(run: TaskRun, kind: Kind, task: StandaloneTask, code: int, now: datetime) -> TaskRun:
    """Return the run whose container exited.

    The exit code of a task that was ended from outside is not the command's own: it may answer
    SIGTERM with code 0, half done. Such a code says nothing, neither good nor bad.
    """
    run = changed_run(run, exit_code=code)
    interrupted = task.end.stop_code in _FROM_OUTSIDE
    if code == 0 and not interrupted:
        return _ended(run, RunOutcome.SUCCEEDED, run.stopped_for if run.withdrawn else "", now)
    cause = _cause(run, task)
    if interrupted and run.stopping is None:
        why = f"whether its `{kind}` task ended well is not known: {cause.sentence}"
        return _ended(run, RunOutcome.UNKNOWN, why, now)
    why = run.stopped_for if run.stopping else f"its `{kind}` task failed: {cause.sentence}"
    return _ended(run, RunOutcome.FAILED, why, now)


def _without_code(run: TaskRun, kind: Kind, task: StandaloneTask, now: datetime) -> TaskRun:
    """Return the run of a task that stopped, and whose container has no exit code.

    Only a stop code TaskFailedToStart says for sure that no container ran (Amazon ECS developer
    guide, "Stopped tasks error messages").
    """
    cause = _cause(run, task)
    if task.end.stop_code == "TaskFailedToStart" and task.end.started_at is None:
        return failed_to_start(run, kind, cause.sentence, now, certain=cause.deterministic)
    why = (
        f"its `{kind}` task ended without an exit code of the container {run.container}, so "
        f"whether it ended well is not known ({cause.sentence})"
    )
    return _ended(run, RunOutcome.UNKNOWN, run.stopped_for or why, now)


def _timed(run: TaskRun, kind: Kind, now: datetime) -> TaskRun:
    """Return the run of a task that has not ended; past its time-out it is to be stopped."""
    if run.stopping is not None or now < run.end_by:
        return run
    did = "end" if run.started else "start"
    why = f"its `{kind}` task did not {did} within {duration(run.timeout)}, and was stopped"
    return changed_run(run, stopping=now, stopped_for=why, reason=why)


def _ended(run: TaskRun, outcome: RunOutcome, why: str, now: datetime) -> TaskRun:
    return changed_run(run, outcome=outcome, reason=why, ended=now)


def _cause(run: TaskRun, task: StandaloneTask) -> FailureCause:
    """Return what ended the task, as the run's own container tells it."""
    return classify(ended_by(task.end, run.container))


def ended_by(end: StoppedTask, container: str) -> StoppedTask:
    """Return the ended task as this container ended it."""
    one = next((each for each in end.containers if each.name == container), None)
    if one is None:
        return end
    return StoppedTask(
        id=end.id,
        stop_code=end.stop_code,
        reason=end.reason,
        container=one.name,
        container_reason=one.reason,
        exit_code=one.exit_code,
        started_at=end.started_at,
        stopped_at=end.stopped_at,
        containers=end.containers,
    )
