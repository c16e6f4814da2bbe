"""stopped tasks + what else was read -> case: why a deployment failed, on one screen, in words.

Most important first, because a phone shows the beginning: what failed, what to do, what the load
balancer, the placement and the alarms say, ECS' own words, what changed, the last log lines.

Sources: ECS API reference, Task (`stopCode`, `stoppedReason`, `containers[].exitCode` and
`reason`); Amazon ECS developer guide, "Viewing Amazon ECS service event messages".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime

from chalicelib.explain.classify import (
    Cause,
    Kind,
    certain_from_logs,
    classify,
    classify_placement,
    said,
)
from chalicelib.explain.load_balancer import passed_on, reasons
from chalicelib.explain.mask import safe_line
from chalicelib.model.health import TargetHealth
from chalicelib.model.services import Service, ServiceEvent, StoppedTask

_LONGEST = 4_500  # a notice holds 5,000 characters, and says more than the case
_LINE = 240
_LOG_LINE = 200
_CAUSES = 4
_ADVICES = 2
_FACTS = 5
_EVENTS = 3
_CHANGED = 8
_LOGS = 30
_NOT_PLACED = {Kind.NO_CAPACITY, Kind.NO_IP_ADDRESS, Kind.ROLE_NOT_ASSUMABLE}
# Reasons that say no more than the sentence does.
_EMPTY = {"Essential container in task exited", "Task failed to start"}
# Events that only count tasks, and those that tell of a task one by one.
_COUNTING = (
    "has started", "has stopped", "has begun draining", "has reached a steady state",
    "registered 1 targets", "deregistered 1 targets",
)  # fmt: skip


def explain(  # noqa: PLR0913 - each is one thing that was read, and all but the first may lack
    tasks: Sequence[StoppedTask],
    service: Service | None,
    since: datetime | None,
    *,
    logs: Sequence[str] = (),
    logs_note: str = "",
    targets: Sequence[TargetHealth] = (),
    targets_note: str = "",
    changed: Sequence[str] = (),
    alarms: Sequence[str] = (),
) -> str:
    """The case, at most 4,500 characters; empty when nothing was seen.

    `since` (UTC) is when the deployment was applied; older events are not its own. `logs` are the
    last lines of the failing container, oldest first; `logs_note` says why there are none, or
    whose they are. `targets` are those of the service's target groups as they are now;
    `targets_note` says why they are not known. `changed` are the fields that differ from the last
    good task definition, `alarms` those that fired. Everything from outside is put on one line,
    cut, and masked. What does not fit is cut from the oldest log lines.
    """
    causes = _causes(tasks, logs)
    events = _own(service, since)
    unplaced = _unplaced(events)
    balancer = reasons(targets, events, ended=bool(tasks))
    sections = [
        _section("What failed:", _failed(causes, unplaced)),
        _section("What to do:", _advice(causes, unplaced)),
        _section("The load balancer says:", _facts(balancer)),
        f"Load balancer: {_outside(targets_note)}" if targets_note else "",
        _section("Alarms that fired:", _facts(alarms)),
        _section("What ECS says:", [*_reasons(causes), *_said(service, events)]),
        _section("Changed since the last good task definition:", _listed(changed)),
    ]
    above = "\n".join(section for section in sections if section)[: _LONGEST - 300]
    below = _logs(logs, logs_note, _LONGEST - len(above) - 1)
    return "\n".join(part for part in (above, below) if part)


def headline(
    tasks: Sequence[StoppedTask], service: Service | None, since: datetime | None = None
) -> str:
    """The cause in one clause, `container web exited with code 1 (4 tasks)`; empty when unknown."""
    known = [
        (cause, ended) for cause, ended in _causes(tasks, ()) if cause.kind is not Kind.UNKNOWN
    ]
    for cause, ended in known:
        if cause.kind is not Kind.NOT_THE_IMAGE:
            return f"{cause.sentence} ({_tasks(len(ended))})"
    for cause in _unplaced(_own(service, since)):
        return f"no task could be placed: {cause.sentence}"
    return ""


def kinds(tasks: Sequence[StoppedTask]) -> Counter[Kind]:
    """How many tasks ended by each kind of cause; those of `UNKNOWN` are worth a look."""
    return Counter(classify(task).kind for task in tasks)


def _causes(
    tasks: Sequence[StoppedTask], logs: Sequence[str]
) -> list[tuple[Cause, list[StoppedTask]]]:
    """The causes and their tasks, the most frequent first, what is not the image's doing last."""
    by_cause: dict[Cause, list[StoppedTask]] = {}
    for task in tasks:
        by_cause.setdefault(certain_from_logs(classify(task), logs), []).append(task)
    return sorted(
        by_cause.items(),
        key=lambda item: (item[0].kind is Kind.NOT_THE_IMAGE, -len(item[1])),
    )


def _own(service: Service | None, since: datetime | None) -> list[ServiceEvent]:
    """The events of the deployment's own time, newest first."""
    events = service.events if service else ()
    return [event for event in events if since is None or event.at >= since]


def _unplaced(events: Sequence[ServiceEvent]) -> list[Cause]:
    causes = (classify_placement(event.message) for event in events)
    return [cause for cause in dict.fromkeys(causes) if cause.kind in _NOT_PLACED]


def _section(title: str, lines: Sequence[str]) -> str:
    return "\n".join([title, *(f"- {line}" for line in lines)]) if lines else ""


def _failed(
    causes: Sequence[tuple[Cause, list[StoppedTask]]], unplaced: Sequence[Cause]
) -> list[str]:
    lines = []
    for cause, ended in causes[:_CAUSES]:
        apart = ", not counted" if cause.kind is Kind.NOT_THE_IMAGE else ""
        lines.append(f"{_tasks(len(ended))}{_when(ended)}{apart}: {cause.sentence}{_ran(ended)}")
    if left := sum(len(ended) for _, ended in causes[_CAUSES:]):
        lines.append(f"{_tasks(left)}: other causes")
    return lines + [f"no task could be placed: {cause.sentence}" for cause in unplaced[:_ADVICES]]


def _tasks(count: int) -> str:
    return "1 task" if count == 1 else f"{count} tasks"


def _when(ended: Sequence[StoppedTask]) -> str:
    times = sorted(task.stopped_at for task in ended if task.stopped_at is not None)
    if not times:
        return ""
    first, last = (f"{moment.astimezone(UTC):%H:%M:%S}" for moment in (times[0], times[-1]))
    return f", {first} UTC" if first == last else f", {first} to {last} UTC"


def _ran(ended: Sequence[StoppedTask]) -> str:
    """The longest life, in whole seconds, of those that ran."""
    lives = [
        (task.stopped_at - task.started_at).total_seconds()
        for task in ended
        if task.stopped_at is not None and task.started_at is not None
    ]
    return f" (ran at most {max(0, round(max(lives)))} s)" if lives else ""


def _advice(
    causes: Sequence[tuple[Cause, list[StoppedTask]]], unplaced: Sequence[Cause]
) -> list[str]:
    failures = [cause for cause, _ in causes if cause.kind is not Kind.NOT_THE_IMAGE]
    advices = dict.fromkeys(cause.advice for cause in (*failures, *unplaced))
    return list(advices)[:_ADVICES]


def _facts(facts: Sequence[str]) -> list[str]:
    return [_outside(fact) for fact in dict.fromkeys(facts)][:_FACTS]


def _listed(names: Sequence[str]) -> list[str]:
    """Names as `decide/compare.py` gives them; its signs would not read well after a dash."""
    words = {"+": " (added)", "-": " (removed)"}
    told = [_outside(name.lstrip("+-") + words.get(name[:1], "")) for name in names[:_CHANGED]]
    return told + [f"and {len(names) - _CHANGED} more"] * (len(names) > _CHANGED)


def _outside(text: str) -> str:
    return _cut(safe_line(text).strip(), _LINE)


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}…"


def _reasons(causes: Sequence[tuple[Cause, list[StoppedTask]]]) -> list[str]:
    """ECS' words for the newest task of each cause, where they say more than its sentence."""
    reasons = []
    for cause, ended in causes[:_CAUSES]:
        if cause.kind in {Kind.NOT_THE_IMAGE, Kind.UNKNOWN}:
            continue
        newest = ended[0]
        telling = newest.model_copy(
            update={
                "stop_code": "",
                "reason": "" if newest.reason in _EMPTY else newest.reason,
            }
        )
        reasons.append(said(telling, _LINE))
    return [reason for reason in dict.fromkeys(reasons) if reason]


def _said(service: Service | None, events: Sequence[ServiceEvent]) -> list[str]:
    """The newest events, oldest first, without the service's name before each.

    Without those that only count tasks, and those that the load balancer's lines repeat.
    """
    name = f"(service {service.name})" if service else ""
    said = [
        _outside(event.message.removeprefix(name))
        for event in events
        if not any(counting in event.message for counting in _COUNTING)
        and not passed_on(event.message)
    ]
    return list(dict.fromkeys(said))[:_EVENTS][::-1]


def _logs(logs: Sequence[str], note: str, room: int) -> str:
    """The newest lines that there is room for."""
    title = _cut(f"Last log lines{f' ({_outside(note)})' if note else ''}:", room)
    if not logs:
        return f"Log: {_outside(note)}"[:room] if note else ""
    room -= len(title)
    kept: list[str] = []
    for line in reversed(logs[-_LOGS:]):
        told = f"  {_cut(safe_line(line).rstrip(), _LOG_LINE)}"
        room -= len(told) + 1
        if room < 0:
            break
        kept.insert(0, told)
    return "\n".join([title, *kept]) if kept else ""
