"""rows -> out/bench-scheduled.md: what each way made of each case, and how that was measured."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from bench.scheduled.cases import CASES, Case
from bench.scheduled.job import Kind
from bench.scheduled.ways import WAYS, Way
from bench.table import CLOCK

_INTRODUCTION = """\
A rule of EventBridge and a schedule of EventBridge Scheduler run the family of a service. Do they
follow it, and does all else in them stay? `.venv/bin/python -m bench.scheduled` writes this section
to out/bench-scheduled.md.

`ecs cron` before `ecs deploy` is the quickest: it asks nobody whether the image works. Slipway and
`ecs deploy && ecs cron` write once the service is live. Jobs that name no revision need nobody to
write, so nobody's change is lost. But they run an image as soon as it is registered, and one that
failed until the next one is registered.
"""
_METHOD = """\
How it was measured: a service runs a family; a rule and a schedule, with targets that have all the
members that EventBridge documents for Fargate, start a task of the family at every full minute. The
embedded AWS starts these tasks. "Runs" is the image of the first one after the story, or why none
was started. Members are compared as JSON, apart from the revision. One of the target's members,
`MemberOfNextYear`, is in no SDK's model: every new member of AWS is that to an SDK that is older.
A way is right only if it leaves both jobs right, and the rest as people wrote it.
Slipway is its packaged template and zip, and is told by a push; ecs-deploy 1.17.0 is the real
command, with the rights of an administrator, and every command waits for the one before. All ways
play a case at once, each on a service of its own; {clock}. Seconds are simulated, from the push to
the last write that changes what a job runs; of `ecs update`, whose jobs name no revision, to the
last revision that was registered or deregistered. Calls are those to ECS, EventBridge and
Scheduler, from begin to end; Slipway's leave out what the sweep reads of ECS, which is of all
services.

What ecs-deploy cannot do is told as it tells it. It has no command for schedules: `ecs cron`
changes the first target of one rule, and `ecs --help` names no other. It has no command to go back;
after `ecs rollback` was refused, the same commands were run with the earlier tag. `ecs update`
changes no rule. Its jobs follow because their targets name no revision, and so they run the newest
ACTIVE one, whoever registered it. Unless told otherwise, each of its commands deregisters the
revision on which it based the new one; with `ecs cron` after `ecs deploy`, the one that the service
runs.

Where another writer acts, a call of the tool waits for it, so no seconds are told. PutTargets takes
no condition: no tool can keep what is written between its last look and its write. Slipway looks
once more after its write, and tells what it finds then; what is written back later, it does not.
"""
_IMAGES = {"first": "the old", "earlier": "the earlier", "new": "the new"}


@dataclass(frozen=True)
class Row:
    """What one way made of one case.

    `rule` and `schedule` are the build that the job runs which each starts next, or why none
    starts. `failed`: a job ran the image that failed, meanwhile or afterwards. `changed` are the
    members, apart from the revision, that are not as people wrote them. `active`: the service runs
    an ACTIVE revision. `seconds` are simulated, from the push or the command to the last write that
    changes what a job runs (None: there was none).
    """

    case: str
    way: str
    rule: str
    schedule: str
    failed: bool
    changed: Sequence[str]
    active: bool
    said: str
    seconds: float | None
    calls: int


def right(row: Row) -> bool:
    """Whether both jobs run what they should, and everything else is as people wrote it."""
    harmed = row.failed or row.changed or not row.active
    return not (_wrong("rule", row) or _wrong("schedule", row) or harmed)


def _wrong(kind: Kind, row: Row) -> bool:
    """Whether the job runs another image than it should.

    Where somebody has written the old target back, the rule should run the old image: the person's
    word is the last one. A target without a revision says nothing of the image.
    """
    case, way = _case(row), _way(row)
    put_back = kind == "rule" and case.race == "after" and not way.family_only
    return bool(getattr(row, kind) != ("first" if put_back else case.runs))


def _case(row: Row) -> Case:
    return next(case for case in CASES if case.name == row.case)


def _way(row: Row) -> Way:
    return next(way for way in WAYS if way.name == row.way)


def line(row: Row) -> str:
    """One line for the terminal."""
    mark = "✓" if right(row) else "✗"
    after = "      -" if row.seconds is None else f"{row.seconds:5.1f} s"
    runs = f"rule: {row.rule}, schedule: {row.schedule}"
    return f"  {mark} {row.case:<8}{row.way:<12}{after}{row.calls:>5} calls  {runs}; {row.said}"


def markdown(rows: Sequence[Row], rate: float) -> str:
    """The section of docs/bench.md."""
    parts = [
        "## Scheduled tasks",
        *_filled(_INTRODUCTION),
        "\n".join(_totals(rows)),
        "\n".join(_lines(rows)),
        *method(rate),
    ]
    return "\n\n".join(parts) + "\n"


def method(rate: float) -> list[str]:
    """How it was measured, in paragraphs."""
    return _filled(_METHOD.format(clock=CLOCK.format(rate=rate)))


def _filled(text: str) -> list[str]:
    return [textwrap.fill(part, 100) for part in text.split("\n\n")]


def _totals(rows: Sequence[Row]) -> Iterator[str]:
    """How often each way left both jobs, and all else, as they should be."""
    yield (
        "| way | the rule runs what it should | the schedule does "
        "| both, and all else is as it was | seconds, good image | calls, good image |"
    )
    yield "|---|---|---|---|---|---|"
    for way in WAYS:
        of = [row for row in rows if row.way == way.name]
        good = next((f"{_seconds(row)} | {row.calls}" for row in of if row.case == "good"), " | ")
        counts = (
            sum(not _wrong("rule", row) for row in of),
            sum(not _wrong("schedule", row) for row in of),
            sum(map(right, of)),
        )
        if of:
            cells = " | ".join(f"{count} of {len(of)}" for count in counts)
            yield f"| {way.words} | {cells} | {good} |"


def _lines(rows: Sequence[Row]) -> Iterator[str]:
    yield (
        "| case | way | the rule runs | the schedule runs | what else is not as it was "
        "| what the tool says | seconds | calls |"
    )
    yield "|---|---|---|---|---|---|---|---|"
    for case in CASES:
        mine = [row for row in rows if row.case == case.name]
        for number, row in enumerate(sorted(mine, key=lambda row: WAYS.index(_way(row)))):
            story = f"**{case.name}**: {case.story}" if not number else ""
            yield f"| {story} | {' | '.join(_cells(row))} |"


def _cells(row: Row) -> Iterable[str]:
    runs: tuple[Kind, ...] = ("rule", "schedule")
    yield _way(row).words
    for kind in runs:
        yield _bold(_image(row, kind), bold=_wrong(kind, row))
    yield _bold("; ".join(_harm(row)), bold=True)
    yield row.said.replace("|", "/")
    yield _seconds(row)
    yield str(row.calls)


def _seconds(row: Row) -> str:
    told = row.seconds is not None and _case(row).race is None
    return f"{row.seconds:.0f}" if told else ""


def _image(row: Row, kind: Kind) -> str:
    runs = str(getattr(row, kind))
    if runs == "new" and _case(row).bad:
        return "the image that failed"
    return f"{_IMAGES[runs]} image" if runs in _IMAGES else runs


def _harm(row: Row) -> Iterator[str]:
    if row.failed:
        yield "a job ran the image that failed"
    if row.changed:
        yield f"changed: {', '.join(f'`{path}`' for path in row.changed)}"
    if not row.active:
        yield "the service runs an INACTIVE revision"


def _bold(text: str, *, bold: bool) -> str:
    return f"**{text}**" if bold and text else text
