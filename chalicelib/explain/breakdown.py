"""closed record + what ECS told of times -> where the time went, phase by phase.

Rule: each second counts for the first of the phases, in the order of `model/times.py`, in which any
new task (or Slipway) was. What Slipway kept itself comes first where ECS waits for a person.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from statistics import median

from chalicelib.explain.mask import masked
from chalicelib.explain.rollout_times import Window, rollout_spans, sorted_out, window_of
from chalicelib.explain.service_events import kind_of
from chalicelib.explain.spans import Span, at, cut, shared_out
from chalicelib.explain.text import brief
from chalicelib.model.deployments import Deployment
from chalicelib.model.services import ServiceEvent
from chalicelib.model.times import (
    COMPARED,
    PHASES,
    Lasted,
    PhaseTime,
    RolloutTimes,
    TaskTimes,
    Times,
)

_MOST = 40  # tasks, and events, that a record keeps
_LONGEST = 300  # characters of an event
_ENOUGH = 3  # deployments that make a usual time
_FAR_LONGER = 2  # times the usual
_MUCH = 15_000  # milliseconds more than usual
_MAY_WAIT = ("healthy", "traffic", "draining")  # while ECS waits for a person
_WORDS = {
    "capacity": "Getting capacity",
    "pulling": "Pulling",
    "starting": "Starting",
    "healthy": "Becoming healthy",
    "draining": "Draining",
}
_NOTHING: Mapping[str, int] = {}
_NOT_TOLD = RolloutTimes()


def times_of(
    record: Deployment,
    closed: datetime,
    told: RolloutTimes = _NOT_TOLD,
    *,
    usual: Mapping[str, int] = _NOTHING,
    note: str = "",
) -> Times:
    """Return where the time went between the record's creation and `closed` (UTC).

    The phases are exact: together, they are that time. What ECS told may be late, out of order or
    missing; then more of it is `unknown`. `usual` are the usual milliseconds of phases.
    """
    tasks = sorted_out(record, told.tasks, told)
    whole = at(record.created), max(at(record.created), at(closed))
    lengths = shared_out(whole, PHASES, _spans(record, tasks, told, closed))
    newest = sorted(tasks, key=lambda task: (not task.new, -at(task.created or closed), task.id))
    return Times(
        phases=tuple(
            PhaseTime(phase=phase, milliseconds=lengths[phase], usual=usual.get(phase))
            for phase in PHASES
            if lengths[phase]
        ),
        tasks=tuple(newest[:_MOST]),
        events=_events(record, told.events, closed),
        note=note or _note(record, tasks),
    )


def _note(record: Deployment, tasks: Sequence[TaskTimes]) -> str:
    if not record.rolled_out or any(task.new for task in tasks):
        return ""
    return "ECS' events name no new task of this deployment."


def _spans(
    record: Deployment, tasks: Sequence[TaskTimes], told: RolloutTimes, closed: datetime
) -> Mapping[str, Sequence[Span]]:
    window = window_of(record, told, closed)
    found: dict[str, list[Span]] = {phase: [] for phase in PHASES}
    for phase, begin, end in _own_spans(record, window, closed):
        found[phase].append((at(begin), at(end)))
    if window is not None:
        within = at(window.began), at(window.ended)
        for phase, begin, end in rollout_spans(record, tasks, told, window):
            found[phase].append((max(at(begin), within[0]), min(at(end), within[1])))
    for phase in _MAY_WAIT:
        found[phase] = cut(found[phase], found["paused"])
    return found


def _own_spans(
    record: Deployment, window: Window | None, closed: datetime
) -> Iterator[tuple[str, datetime, datetime]]:
    """Yield (phase, begin, end) of what the record alone tells."""
    applied = window.began if window else record.applied_at or closed
    if record.blocked is not None:
        tried = record.attempted or applied
        yield "waiting", record.blocked, applied if tried < record.blocked else tried
    if record.before is not None:
        yield "before", record.before.began, record.before.ended or applied
    yield "slipway", record.created, applied
    if window is None:
        yield "slipway", applied, closed
        return
    after = record.after
    if after is not None:
        yield "after", after.began, min(after.ended or closed, window.back or closed)
    if record.succeeded is not None and record.watch_after:
        yield "watching", record.succeeded, window.back or closed
    if window.back is not None:
        yield "returning", window.back, window.over or closed
    ended = window.over or record.succeeded
    if ended is not None:
        yield "slipway", ended, closed


def _events(
    record: Deployment, events: Sequence[ServiceEvent], closed: datetime
) -> tuple[ServiceEvent, ...]:
    """Return the first and the last of the events that tell something, oldest first, masked."""
    within = [
        ServiceEvent(at=event.at, message=brief(masked(event.message), _LONGEST))
        for event in sorted(events, key=lambda event: event.at)
        if kind_of(event.message) and record.created <= event.at <= closed
    ]
    half = _MOST // 2
    return tuple(within if len(within) <= _MOST else (*within[:half], *within[-half:]))


def lasted_of(times: Times) -> Lasted | None:
    """Return what counts for the usual times; None where ECS told of no new task."""
    if not any(task.new for task in times.tasks):
        return None
    return Lasted(**{phase: times.milliseconds(phase) for phase in COMPARED})


def usual_of(lasted: Sequence[Lasted]) -> Mapping[str, int]:
    """Return the median milliseconds of each phase; nothing of fewer than three deployments."""
    if len(lasted) < _ENOUGH:
        return {}
    return {phase: int(median(getattr(one, phase) for one in lasted)) for phase in COMPARED}


def slower(times: Times) -> str:
    """Return the sentence on the phase that took far longer than usual; empty for none.

    `far_longer` has the rule. Of several phases, it names the one that took most more.
    """
    found = [
        (one.milliseconds - one.usual, one)
        for one in times.phases
        if one.phase in _WORDS and one.usual is not None and far_longer(one.milliseconds, one.usual)
    ]
    if not found:
        return ""
    _, worst = max(found, key=lambda pair: pair[0])
    took, usual = round(worst.milliseconds / 1000), round((worst.usual or 0) / 1000)
    return f"{_WORDS[worst.phase]} took {took} s, usually {usual} s."


def far_longer(took: float, usual: float) -> bool:
    """Whether a phase took more than twice the usual, and at least 15 seconds more.

    Both are milliseconds.
    """
    return took > _FAR_LONGER * usual and took - usual >= _MUCH
