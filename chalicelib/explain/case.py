"""stopped tasks + what else was read -> case: why a deployment failed, in words, on one screen.

The most important comes first, because a phone shows the beginning: what failed, what to do, what
the load balancer and the alarms say, ECS' own words, what changed, the last log lines.

Sources: ECS API reference, Task (`stopCode`, `stoppedReason`, `containers[].exitCode` and
`reason`); Amazon ECS developer guide, "Viewing Amazon ECS service event messages".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from chalicelib.explain.causes import COMMANDS_LOG, ITS_LOG, Kind
from chalicelib.explain.classify import (
    FailureCause,
    certain_from_logs,
    classify,
    classify_placement,
    said,
)
from chalicelib.explain.load_balancer import passed_on, reasons
from chalicelib.explain.mask import safe_line, safe_lines
from chalicelib.model.health import TargetHealth
from chalicelib.model.services import Service, ServiceEvent, StoppedTask

_LONGEST = 4_500  # characters; a notice holds 5,000, and says more than the case
_LEFT_FOR_LOGS = 300
_LINE = 240
_LOG_LINE = 200
# At most so many of each.
_CAUSES = 4
_ADVICES = 2
_FACTS = 5
_EVENTS = 3
_FIELDS = 8
_LOG_LINES = 30
_PLACEMENT = {Kind.NO_CAPACITY, Kind.NO_IP_ADDRESS, Kind.ROLE_NOT_ASSUMABLE}
# Reasons that say no more than the sentence does.
_SAYS_NOTHING = {"Essential container in task exited", "Task failed to start"}
# Events that only count tasks, or that tell of a task one by one.
_COUNTING = (
    "has started", "has stopped", "has begun draining", "has reached a steady state",
    "registered 1 targets", "deregistered 1 targets",
)  # fmt: skip


class Explanation(NamedTuple):
    """Why a deployment failed, on one screen, and apart from it the failed container's log.

    The log is apart because it may go to fewer places (`log_lines` in the targets file).
    """

    case: str
    log: str


class _Failure(NamedTuple):
    """One cause, and the tasks that it ended, the newest first."""

    cause: FailureCause
    tasks: list[StoppedTask]


def explain(  # noqa: PLR0913 - each is one thing that was read, and only the tasks always are
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
    command: bool = False,
) -> Explanation:
    """The case and the last log lines, together at most 4,500 characters; empty if unknown.

    `since` (UTC) is when the deployment was applied; older events are not its own. `logs` are the
    last lines of the failing container, oldest first; `logs_note` says why there are none, or
    whose they are. `targets` are those of the service's target groups as they are now;
    `targets_note` says why they are not known. `changed` are the fields that differ from the last
    good task definition, `alarms` those that fired. `command` says that the tasks ran the command
    of a `before` or an `after`.

    Every text from outside is put on one line, cut, and masked. Where the case would be too long,
    the oldest log lines are left out.
    """
    failures = _failures(tasks, logs)
    events = _own(service, since)
    unplaced = _unplaced(events)
    balancer = reasons(targets, events, ended=bool(tasks))
    sections = [
        _section("What failed:", _what_failed(failures, unplaced)),
        _section("What to do:", _what_to_do(failures, unplaced, command=command)),
        _section("The load balancer says:", _facts(balancer)),
        f"Load balancer: {_outside(targets_note)}" if targets_note else "",
        _section("Alarms that fired:", _facts(alarms)),
        _section("What ECS says:", [*_ecs_reasons(failures), *_ecs_events(service, events)]),
        _section("Changed since the last good task definition:", _fields(changed)),
    ]
    above = "\n".join(section for section in sections if section)[: _LONGEST - _LEFT_FOR_LOGS]
    below = _log(logs, logs_note, _LONGEST - len(above) - 1)
    return Explanation(above, below)


def headline(
    tasks: Sequence[StoppedTask], service: Service | None, since: datetime | None = None
) -> str:
    """The cause in one clause, `container web exited with code 1 (4 tasks)`; empty when unknown."""
    for cause, ended in _failures(tasks, ()):
        if cause.kind not in {Kind.UNKNOWN, Kind.NOT_THE_IMAGE}:
            return f"{cause.sentence} ({_counted(ended)})"
    for cause in _unplaced(_own(service, since)):
        return f"no task could be placed: {cause.sentence}"
    return ""


def kinds(tasks: Sequence[StoppedTask]) -> Counter[Kind]:
    """How many tasks each kind of cause ended; `UNKNOWN` is what the table should learn."""
    return Counter(classify(task).kind for task in tasks)


def _failures(tasks: Sequence[StoppedTask], logs: Sequence[str]) -> list[_Failure]:
    """The most frequent cause first; what says nothing about the image last."""
    by_cause: dict[FailureCause, list[StoppedTask]] = {}
    for task in tasks:
        by_cause.setdefault(certain_from_logs(classify(task), logs), []).append(task)
    failures = [_Failure(cause, ended) for cause, ended in by_cause.items()]
    return sorted(
        failures, key=lambda each: (each.cause.kind is Kind.NOT_THE_IMAGE, -len(each.tasks))
    )


def _own(service: Service | None, since: datetime | None) -> list[ServiceEvent]:
    """The events of the deployment's own time, newest first."""
    events = service.events if service else ()
    return [event for event in events if since is None or event.at >= since]


def _unplaced(events: Sequence[ServiceEvent]) -> list[FailureCause]:
    """Why tasks could not be placed, each cause once."""
    causes = (classify_placement(event.message) for event in events)
    return [cause for cause in dict.fromkeys(causes) if cause.kind in _PLACEMENT]


def _section(title: str, lines: Sequence[str]) -> str:
    return "\n".join([title, *(f"- {line}" for line in lines)]) if lines else ""


def _what_failed(failures: Sequence[_Failure], unplaced: Sequence[FailureCause]) -> list[str]:
    named, others = failures[:_CAUSES], failures[_CAUSES:]
    lines = [_failure_line(failure) for failure in named]
    if others:
        lines.append(f"{_counted([task for each in others for task in each.tasks])}: other causes")
    return lines + [f"no task could be placed: {cause.sentence}" for cause in unplaced[:_ADVICES]]


def _failure_line(failure: _Failure) -> str:
    cause, ended = failure
    apart = ", not counted" if cause.kind is Kind.NOT_THE_IMAGE else ""
    return f"{_counted(ended)}{_when(ended)}{apart}: {cause.sentence}{_longest_life(ended)}"


def _counted(tasks: Sequence[StoppedTask]) -> str:
    return "1 task" if len(tasks) == 1 else f"{len(tasks)} tasks"


def _when(ended: Sequence[StoppedTask]) -> str:
    """When the first and the last of them ended."""
    times = sorted(task.stopped_at for task in ended if task.stopped_at is not None)
    if not times:
        return ""
    first, last = (f"{moment.astimezone(UTC):%H:%M:%S}" for moment in (times[0], times[-1]))
    return f", {first} UTC" if first == last else f", {first} to {last} UTC"


def _longest_life(ended: Sequence[StoppedTask]) -> str:
    """The longest life, in whole seconds, of those that ran."""
    lives = [
        (task.stopped_at - task.started_at).total_seconds()
        for task in ended
        if task.stopped_at is not None and task.started_at is not None
    ]
    return f" (ran at most {max(0, round(max(lives)))} s)" if lives else ""


def _what_to_do(
    failures: Sequence[_Failure], unplaced: Sequence[FailureCause], *, command: bool
) -> list[str]:
    causes = [cause for cause, _ in failures if cause.kind is not Kind.NOT_THE_IMAGE]
    advices = dict.fromkeys(cause.advice for cause in (*causes, *unplaced))
    instead = {ITS_LOG: COMMANDS_LOG} if command else {}
    return [instead.get(advice, advice) for advice in advices][:_ADVICES]


def _facts(facts: Sequence[str]) -> list[str]:
    return [_outside(fact) for fact in dict.fromkeys(facts)][:_FACTS]


def _fields(names: Sequence[str]) -> list[str]:
    """Names as `definition/compare.py` gives them; its signs would not read well after a dash."""
    words = {"+": " (added)", "-": " (removed)"}
    told = [_outside(name.lstrip("+-") + words.get(name[:1], "")) for name in names[:_FIELDS]]
    return told + [f"and {len(names) - _FIELDS} more"] * (len(names) > _FIELDS)


def _outside(text: str) -> str:
    """A text from outside, as a line of a case may show it."""
    return _cut(safe_line(text).strip(), _LINE)


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}…"


def _ecs_reasons(failures: Sequence[_Failure]) -> list[str]:
    """ECS' words for the newest task of each cause, where they say more than its sentence."""
    reasons = [
        said(_reasons_alone(tasks[0]), _LINE)
        for cause, tasks in failures[:_CAUSES]
        if cause.kind not in {Kind.NOT_THE_IMAGE, Kind.UNKNOWN}
    ]
    return [reason for reason in dict.fromkeys(reasons) if reason]


def _reasons_alone(task: StoppedTask) -> StoppedTask:
    reason = "" if task.reason in _SAYS_NOTHING else task.reason
    return task.model_copy(update={"stop_code": "", "reason": reason})


def _ecs_events(service: Service | None, events: Sequence[ServiceEvent]) -> list[str]:
    """The newest events, oldest first, without the service's name before each.

    Without those that only count tasks, and those that the load balancer's lines repeat.
    """
    name = f"(service {service.name})" if service else ""
    told = [
        _outside(event.message.removeprefix(name))
        for event in events
        if not any(counting in event.message for counting in _COUNTING)
        and not passed_on(event.message)
    ]
    return list(dict.fromkeys(told))[:_EVENTS][::-1]


def _log(logs: Sequence[str], note: str, room: int) -> str:
    """The newest lines that fit into so many characters."""
    if not logs:
        return f"Log: {_outside(note)}"[:room] if note else ""
    title = _cut(f"Last log lines{f' ({_outside(note)})' if note else ''}:", room)
    room -= len(title)
    kept: list[str] = []
    for line in reversed(safe_lines(logs[-_LOG_LINES:])):
        told = f"  {_cut(line.rstrip(), _LOG_LINE)}"
        room -= len(told) + 1
        if room < 0:
            break
        kept.insert(0, told)
    return "\n".join([title, *kept]) if kept else ""
