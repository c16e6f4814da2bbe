"""record + what ECS told of times -> in which phases its rollout was, and when.

A phase may overlap others, and the times may lie: `breakdown` takes each moment once.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from chalicelib.explain.service_events import kind_of, tasks_in
from chalicelib.model.base import Frozen, Moment
from chalicelib.model.changes import changed_task
from chalicelib.model.deployments import GOES_BACK, Deployment, Status
from chalicelib.model.stages import BAKING, SHIFTING
from chalicelib.model.task_definitions import short_name
from chalicelib.model.times import RolloutTimes, TaskTimes

_SKEW = timedelta(seconds=5)  # between Lambda's clock and ECS'
_TRAFFIC = frozenset(
    {
        "POST_SCALE_UP",
        "TEST_TRAFFIC_SHIFT",
        "POST_TEST_TRAFFIC_SHIFT",
        "PRE_PRODUCTION_TRAFFIC_SHIFT",
        SHIFTING,
        "POST_PRODUCTION_TRAFFIC_SHIFT",
        BAKING,
    }
)
_SCALED_UP = _TRAFFIC | {"CLEAN_UP"}
_WENT_BACK = GOES_BACK | {Status.ROLLBACK_FAILED}
Found = Iterator[tuple[str, datetime, datetime]]


class Window(Frozen):
    """When the rollout was under way, and when ECS ended it or its rollback (UTC).

    `back` is when the rollback began. None means that there was none, or that it is not known.
    """

    began: Moment
    ended: Moment
    back: Moment | None = None
    over: Moment | None = None


def window_of(record: Deployment, told: RolloutTimes, closed: datetime) -> Window | None:
    """Return when the rollout was under way; None when no rollout of the record began."""
    if record.applied_at is None or not record.rolled_out:
        return None
    back = _back(record, told)
    over = _over(record, told, back, closed)
    ends = (back, over, record.succeeded, closed)
    ended = min(end for end in ends if end is not None)
    return Window(began=record.applied_at, ended=ended, back=back, over=over)


def _back(record: Deployment, told: RolloutTimes) -> datetime | None:
    """Return when ECS began to go back, by its events, or else when Slipway saw or asked for it."""
    if record.returning is None and record.status not in _WENT_BACK:
        return None
    known = [record.returning.began] if record.returning else []
    return min([*known, *_moments(record, told, {"failed", "returning"})], default=None)


def _over(
    record: Deployment, told: RolloutTimes, back: datetime | None, closed: datetime
) -> datetime | None:
    """Return when ECS ended the service deployment, or the one that UpdateService went back by."""
    if record.returning is None or record.returning.how != "update":
        return record.ecs_ended
    steady = _moments(record, told, {"steady", "completed"})
    return next((at for at in steady if back is not None and back <= at <= closed), None)


def _moments(record: Deployment, told: RolloutTimes, kinds: set[str]) -> list[datetime]:
    """Return when ECS told one of these since the deployment was applied, oldest first."""
    since = record.applied_at
    found = (event.at for event in told.events if kind_of(event.message) in kinds)
    return sorted(at for at in found if since is not None and at >= since)


def sorted_out(
    record: Deployment, tasks: Sequence[TaskTimes], told: RolloutTimes
) -> tuple[TaskTimes, ...]:
    """Return the tasks, each with whether it is new and when it counted as healthy.

    ECS tells no such moment. It is the first sign after the start of a task that ECS went on: old
    tasks drain or stop, the service is steady, or the next stage begins.
    """
    marked = [_marked(record, task) for task in tasks]
    signs = _signs(record, told, {task.id for task in marked if task.new})
    return tuple(_with_health(task, signs) for task in marked)


def _marked(record: Deployment, task: TaskTimes) -> TaskTimes:
    since = record.applied_at
    ours = bool(task.started_by) and task.started_by == record.ecs_deployment
    late = since is not None and task.created is not None and task.created >= since - _SKEW
    new = task.revision == short_name(record.revision) and (ours or late)
    return changed_task(task, new=new)


def _with_health(task: TaskTimes, signs: Sequence[datetime]) -> TaskTimes:
    if not task.new or task.started is None:
        return task
    place = bisect_left(signs, task.started)
    sign = signs[place] if place < len(signs) else None
    end = task.stopping or task.stopped
    healthy = sign if sign is not None and (end is None or sign <= end) else None
    return changed_task(task, healthy=healthy)


def _signs(record: Deployment, told: RolloutTimes, new: set[str]) -> list[datetime]:
    """Return the moments at which ECS went on, so that new tasks counted as healthy, in order."""
    events = _moments(record, told, {"draining", "steady", "completed"})
    stops = (event for event in told.events if kind_of(event.message) == "stopped")
    old = [event.at for event in stops if not new & set(tasks_in(event.message))]
    stages = [step.at for step in record.steps if step.stage in _SCALED_UP]
    ended = [record.ecs_ended] if record.ecs_ended and record.status is Status.SUCCESSFUL else []
    return sorted([*events, *old, *stages, *ended])


def rollout_spans(
    record: Deployment, tasks: Sequence[TaskTimes], told: RolloutTimes, window: Window
) -> Found:
    """Yield (phase, begin, end) of what ECS did while the revision rolled out.

    While no task could be placed, all of it is `capacity`.
    """
    new = [task for task in tasks if task.new]
    created = [task.created for task in new if task.created]
    if created or _moments(record, told, {"unplaced"}):
        yield "capacity", window.began, min(created, default=window.ended)
    for task in new:
        yield from _task_spans(task, window.ended)
    yield from _step_spans(record, window.ended)
    yield from _between(record, tasks, told, window)


def _between(
    record: Deployment, tasks: Sequence[TaskTimes], told: RolloutTimes, window: Window
) -> Found:
    """Yield what ECS waits for while no new task is on its way.

    That is `healthy` until the first one is so, because ECS starts another one then. Afterwards old
    tasks leave (`draining`), and ECS may watch the new ones (`traffic`).
    """
    new = [task for task in tasks if task.new]
    begun = [at for task in new for at in (task.started, task.stopping or task.stopped) if at]
    if not begun:
        return
    settled = min((task.healthy for task in new if task.healthy), default=window.ended)
    yield "healthy", min(begun), settled
    old = [task.stopped for task in tasks if not task.new and (task.stopping or task.stopped)]
    stopped = [at for at in old if at is not None]
    if told.bakes and len(stopped) == len(old):
        yield "traffic", max([settled, *stopped]), window.ended
    yield "draining" if old or record.steps else "healthy", settled, window.ended


def _task_spans(task: TaskTimes, end: datetime) -> Found:
    """Yield the phases of one task: each begins at its time, and ends where the next one begins."""
    last = min(end, task.stopping or task.stopped or end)
    no_pull = task.pull_started is None and task.started is not None
    marks = (
        ("starting" if no_pull else "capacity", task.created),
        ("pulling", task.pull_started),
        ("starting", task.pull_stopped),
        ("healthy", task.started),
        ("", task.healthy),
        ("", last),
    )
    known = [(phase, at) for phase, at in marks if at is not None]
    begin = known[0][1]
    for (phase, _), (_, next_one) in pairwise(known):
        until = max(begin, min(next_one, last))  # such times may lie
        if phase:
            yield phase, begin, until
        begin = until


def _step_spans(record: Deployment, end: datetime) -> Found:
    """Yield when traffic moved or was watched, and when ECS waited for a person."""
    ends = [step.at for step in record.steps[1:]]
    for step, until in zip(record.steps, [*ends, end], strict=False):
        if step.waits:
            yield "paused", step.at, min(until, end)
        elif step.stage in _TRAFFIC:
            yield "traffic", step.at, min(until, end)
