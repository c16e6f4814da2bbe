"""a deployment's `times` -> lanes: what there is to draw, in percent of its whole time.

Lanes, from top to bottom: the traffic, one task each, the events, the verdict. The template makes
SVG of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from operator import itemgetter
from typing import Any

from chalicelib.model.deployments import OPEN
from cli.dashboard.marks import mark_of
from cli.dashboard.spent import spent
from cli.show.words import moment

Record = Mapping[str, Any]
PHASES: Mapping[str, str] = {
    "waiting": "waiting to begin",
    "before": "its `before` task",
    "capacity": "waiting for capacity",
    "pulling": "pulling the image",
    "starting": "starting",
    "healthy": "getting healthy",
    "traffic": "moving traffic",
    "draining": "draining old tasks",
    "paused": "waiting for a person",
    "after": "its `after` task",
    "watching": "watching",
    "returning": "rolling back",
    "slipway": "Slipway itself",
    "unknown": "not known",
}
_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1_200, 1_800, 3_600, 7_200, 21_600, 86_400)
_END = 1.2  # percent: the width of the verdict
_THINNEST = 0.2  # percent: the width of a bar
_TICKS = 6  # at most, on the axis
_TASKS = 24  # lanes of tasks; the rest is told in a line
_STATES = (  # of a task: from which time, and how it is drawn
    ("created", "placed"),
    ("pull_started", "pulling"),
    ("pull_stopped", "starting"),
    ("started", "running"),
    ("healthy", "healthy"),
    ("stopping", "stopping"),
)


@dataclass(frozen=True)
class Bar:
    """A part of a lane: `left` and `width` in percent; `height` too, counted from the bottom."""

    left: float
    width: float
    kind: str
    title: str
    height: float = 100


@dataclass(frozen=True)
class Lane:
    """A line of the drawing."""

    label: str
    kind: str
    bars: tuple[Bar, ...]
    title: str = ""


@dataclass(frozen=True)
class Tick:
    """A time on the axis: where, in percent, and how long after the beginning."""

    left: float
    words: str


@dataclass(frozen=True)
class Drawing:
    """All that is drawn of a deployment; `more` says what there was no room for."""

    lanes: tuple[Lane, ...]
    ticks: tuple[Tick, ...]
    more: str = ""


class Scale:
    """Moments -> percent of the time from `began` to `ended`."""

    def __init__(self, began: datetime, ended: datetime) -> None:
        self.began = began
        self.seconds = max((ended - began).total_seconds(), 1.0)

    def at(self, when: datetime) -> float:
        """The place of a moment; one before the beginning, or after the end, is at the edge."""
        share = 100 * (when - self.began).total_seconds() / self.seconds
        return round(min(max(share, 0.0), 100.0), 3)

    def bar(self, begins: datetime, ends: datetime, kind: str, title: str) -> Bar:
        """A bar between two moments; it is never too thin to be seen, also at the right edge."""
        left = min(self.at(begins), 100 - _THINNEST)
        return Bar(left, round(max(self.at(ends) - left, _THINNEST), 3), kind, title)


def drawing(record: Record, now: datetime) -> Drawing | None:
    """What there is to draw of a deployment; None where nothing is known of its times."""
    times = record.get("times")
    if not times:
        return None
    began = moment(record["created"])
    ended = now if record["status"] in OPEN else moment(record.get("closed") or record["updated"])
    scale = Scale(began, ended)
    tasks = list(times.get("tasks", ()))
    lanes = (
        *_traffic(times.get("steps", ()), scale, ended),
        *(_task(task, scale, ended) for task in tasks[:_TASKS]),
        *_events(times.get("events", ()), scale),
    )
    if lanes:
        lanes = (*lanes, *_verdict(record, scale, ended))
    more = f"{len(tasks) - _TASKS} more tasks are not drawn" if len(tasks) > _TASKS else ""
    return Drawing(lanes, tuple(_ticks(scale)), more)


def parts(record: Record) -> tuple[Bar, ...]:
    """Where the time went, as parts of one bar, in the order of the phases."""
    phases = record.get("phases") or {}
    whole = sum(phases.values())
    found, left = [], 0.0
    for phase, words in PHASES.items():
        seconds = phases.get(phase, 0)
        if whole and seconds:
            width = round(100 * seconds / whole, 3)
            found.append(Bar(round(left, 3), width, phase, f"{words}: {spent(seconds)}"))
            left += width
    return tuple(found)


def _traffic(steps: Sequence[Mapping[str, Any]], scale: Scale, ended: datetime) -> Iterator[Lane]:
    known = [step for step in steps if step.get("traffic") is not None]
    if not known:
        return
    bars = []
    for step, following in zip(known, [*known[1:], None], strict=True):
        ends = moment(following["at"]) if following else ended
        share = float(step["traffic"])
        bar = scale.bar(moment(step["at"]), ends, "traffic", f"{share:g} % ({step['stage']})")
        bars.append(Bar(bar.left, bar.width, bar.kind, bar.title, height=share))
    yield Lane("traffic", "traffic", tuple(bars), f"{known[-1]['traffic']:g} % at the end")


def _task(task: Mapping[str, Any], scale: Scale, ended: datetime) -> Lane:
    """A task as a bar: each of its states until the next one that is known."""
    stopped = moment(task["stopped"]) if task.get("stopped") else ended
    states = [(moment(task[key]), kind) for key, kind in _STATES if task.get(key)]
    known = sorted(states, key=itemgetter(0))  # clocks differ: a state may seem to come too early
    bars = []
    for (begins, kind), (ends, _) in pairwise([*known, (stopped, "")]):
        if ends > begins:
            bars.append(scale.bar(begins, ends, kind, f"{kind} for {_between(begins, ends)}"))
    age = "new" if task.get("new") else "old"
    name = f"{age} {task['id'][:6]}"
    return Lane(name, f"task {age}", tuple(bars), _life(task, stopped))


def _life(task: Mapping[str, Any], stopped: datetime) -> str:
    """The task in words: how long it took to start, and whether it ended."""
    words = [f"{task.get('revision') or 'task'} {task['id']}"]
    if task.get("created") and task.get("started"):
        span = _between(moment(task["created"]), moment(task["started"]))
        words.append(f"started after {span}")
    if task.get("started") and task.get("stopped"):
        words.append(f"ran for {_between(moment(task['started']), stopped)}")
    elif task.get("stopped"):
        words.append("ended before it ran")
    return ", ".join(words)


def _between(begins: datetime, ends: datetime) -> str:
    return spent(max((ends - begins).total_seconds(), 0))


def _events(events: Sequence[Mapping[str, Any]], scale: Scale) -> Iterator[Lane]:
    bars = tuple(
        Bar(min(scale.at(moment(event["at"])), 99.6), 0.4, "event", event["what"])
        for event in events
    )
    if bars:
        yield Lane("ECS events", "events", bars, f"{len(bars)} events of the service")


def _verdict(record: Record, scale: Scale, ended: datetime) -> Iterator[Lane]:
    """How it ended, and before that the time that its rollback took."""
    mark = mark_of(record["status"])
    if record["status"] in OPEN:
        return
    back = (record.get("phases") or {}).get("returning", 0)
    began = ended - timedelta(seconds=back)
    bars = [scale.bar(began, ended, "back", f"rolling back: {spent(back)}")] if back else []
    bars.append(Bar(100 - _END, _END, mark.kind, mark.words))
    yield Lane("verdict", "verdict", tuple(bars), mark.words)


def _ticks(scale: Scale) -> Iterator[Tick]:
    step = next((step for step in _STEPS if scale.seconds / step <= _TICKS), None)
    step = step or 86_400 * (int(scale.seconds / 86_400 / _TICKS) + 1)
    for second in range(0, int(scale.seconds) + 1, step):
        at = scale.began + timedelta(seconds=second)
        yield Tick(min(scale.at(at), 100.0), spent(second) if second else "0")
