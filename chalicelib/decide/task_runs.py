"""ended tasks + revision -> the run of a [[task]] that tells whether its image works."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from chalicelib.explain.classify import classify
from chalicelib.model.deployments import Deployment
from chalicelib.model.runs import RunOutcome, StandaloneTask, TaskRun


def judged_run(
    record: Deployment,
    ended: Iterable[StandaloneTask],
    containers: Collection[str],
    now: datetime,
) -> TaskRun | None:
    """Return the run that tells most about the record's revision; None when none tells anything.

    Only runs of this revision count that began since its rules and schedules name it. One that
    ended with 0 in each of `containers` (when empty: in all) comes before one that did not. A task
    that somebody stopped tells nothing.
    """
    since = record.applied_at or record.created
    own = [
        task
        for task in ended
        if task.task_definition == record.revision
        and task.end.started_at is not None
        and task.end.started_at >= since
        and task.end.stop_code == "EssentialContainerExited"
    ]
    good = next((task for task in own if _ended_well(task, containers)), None)
    if good is not None:
        return _run(good, RunOutcome.SUCCEEDED, "", now)
    return _run(own[0], RunOutcome.FAILED, classify(own[0].end).sentence, now) if own else None


def _ended_well(task: StandaloneTask, containers: Collection[str]) -> bool:
    chosen = [one for one in task.end.containers if not containers or one.name in containers]
    return bool(chosen) and all(one.exit_code == 0 for one in chosen)


def _run(task: StandaloneTask, outcome: RunOutcome, why: str, now: datetime) -> TaskRun:
    began = task.end.started_at or now
    return TaskRun(
        container=task.end.container,
        timeout=0,
        began=began,
        asked=began,
        request="",
        task=task.arn,
        started=began,
        ended=task.end.stopped_at or now,
        outcome=outcome,
        exit_code=task.end.exit_code,
        reason=why,
    )
