"""rows -> out/bench.md: a summary, one line per scenario, and how it was measured."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import fields
from statistics import median

from bench.rows import TOOLS, Row
from embedded.services.ecs import Lag, Timings
from example.scenarios import SCENARIOS

CLOCK = (
    "the clock runs {rate:g}x while every tool sleeps, and 1x while any tool computes, for all "
    "tools alike"
)
GUESS = 1.0  # seconds before certainty
LATE = 5.0  # seconds after it
_NAMES = {
    "slipway": "Slipway",
    "slipway-lag": "Slipway, while reads lag",
    "ecs-deploy": "ecs-deploy 1.17.0",
    "aws-waiter": "`aws ecs wait services-stable`",
}
_METHOD = """\
How it was measured: all tools at once, each on a service of its own, on one simulated ECS over
HTTP; {clock}. Slipway is its packaged template and zip under AWS' Lambda runtime client,
called by ECR and ECS events and its state machine. `ecs deploy --rollback` gets the same deadline
of 30 minutes as Slipway (its default, 5 minutes, would also fail a good slow rollout). The waiter
follows `aws ecs register-task-definition` and `update-service`. Both are the real commands; their
`time.sleep`, `time.time` and `datetime.now` are the simulated clock's, nothing else of them is
changed. Time is in simulated seconds from UpdateService to the verdict: Slipway's first notice that
tells the outcome, the others' exit. In brackets is how long after certainty that was. Calls are ECS
API calls from begin to end; Slipway's include the rollback and, in `newer-push`, the newer
deployment, and leave out the sweep, which every ten minutes looks after all services together.
Memory is the peak of the largest process, of Slipway's the largest function. A command that exits
with a failure where the image was superseded counts as right: an exit code cannot say more. Then
Slipway plays them all again while reads lag: each read of ECS, and UpdateService's own answer, is
up to {lag:g} seconds old, two reads may disagree, and what was just made may be missing.

Certainty is the moment from which the simulator knows how the rollout must end. It is the earliest
of these: ECS has called the service deployment successful, or was told to stop it or roll it back;
the service was deleted; the first task of the image has failed, without ever being healthy, by a
fault that strikes all its tasks; ECS could not place the first task, and never can. No tool can
honestly know the end before: a verdict more than {guess:g} second before it counts as a guess, even
if it turns out right. Nor can a tool always know it at that moment: after one failed task, it
cannot tell a crash loop from a task that crashed once. Both moments are times of the same simulated
clock, and each tool's certainty is that of its own service.

The simulated ECS: {timings} (seconds).
"""


def markdown(rows: Sequence[Row], rate: float) -> str:
    parts = [
        "# Side by side",
        "\n".join(_totals(rows)),
        *_late(rows),
        "\n".join(_lines(rows)),
        *(textwrap.fill(part, 100) for part in _method(rate)),
    ]
    return "\n\n".join(parts) + "\n"


def _method(rate: float) -> list[str]:
    return _METHOD.format(
        clock=CLOCK.format(rate=rate), timings=_timings(), lag=Lag().seconds, guess=GUESS
    ).split("\n\n")


def summary(rows: Sequence[Row]) -> str:
    """One line: how often each tool was right."""
    counts = (
        f"{_NAMES[tool].strip('`')} {sum(row.right for row in of)} of {len(of)}"
        for tool in TOOLS
        if (of := [row for row in rows if row.tool == tool])
    )
    return f"Right: {', '.join(counts)}"


def _totals(rows: Sequence[Row]) -> Iterable[str]:
    yield (
        "| tool | right | to a right verdict of failure, median "
        "| from certainty to a right verdict, median | right, but guessed "
        "| calls, median | peak memory |"
    )
    yield "|---|---|---|---|---|---|---|"
    for tool in TOOLS:
        if of := [row for row in rows if row.tool == tool]:
            yield f"| {_NAMES[tool]} | {' | '.join(_total(of))} |"


def _total(rows: Sequence[Row]) -> Sequence[str]:
    """The cells of one tool."""
    failing = {one.name for one in SCENARIOS if one.right == "failed"}
    right = [row for row in rows if row.right]
    took = [row.seconds for row in right if row.scenario in failing and row.seconds is not None]
    distances = [row.distance for row in right if row.distance is not None]
    return (
        f"{len(right)} of {len(rows)}",
        _seconds(median(took) if took else None),
        f"{median(distances):.1f} s" if distances else "",
        str(sum(distance < -GUESS for distance in distances)) if distances else "",
        f"{median(row.calls for row in rows):.0f}",
        f"{max(row.peak_mb for row in rows)} MB",
    )


def _late(rows: Sequence[Row]) -> Iterable[str]:
    """Where Slipway was late, the latest first."""
    for tool in (tool for tool in TOOLS if tool.startswith("slipway")):
        distances = [
            (row.distance, row.scenario)
            for row in rows
            if row.tool == tool and row.distance is not None
        ]
        late = [f"{name} ({by:.1f} s)" for by, name in sorted(distances, reverse=True) if by > LATE]
        if distances:
            where = ", ".join(late) or "no scenario"
            yield f"{_NAMES[tool]}: more than {LATE:g} seconds after certainty in {where}."


def _lines(rows: Sequence[Row]) -> Iterable[str]:
    yield "| scenario | right | " + " | ".join(_NAMES[tool] for tool in TOOLS) + " |"
    yield "|---|---|" + "---|" * len(TOOLS)
    cells = {(row.scenario, row.tool): _cell(row) for row in rows}
    for one in SCENARIOS:
        mine = [cells.get((one.name, tool), "") for tool in TOOLS]
        if any(mine):
            yield f"| **{one.name}**: {one.story} | {one.right} | {' | '.join(mine)} |"


def _cell(row: Row) -> str:
    verdict = row.verdict if row.right else f"**{row.verdict}: wrong**"
    after = "" if row.distance is None else f" ({row.distance:+,.1f} s)"
    return f"{verdict}, {_seconds(row.seconds)}{after}, {row.calls:,} calls, {row.peak_mb} MB"


def _seconds(seconds: float | None) -> str:
    return "never" if seconds is None else f"{seconds:,.0f} s"


def _timings() -> str:
    timings = Timings()
    return ", ".join(
        f"{one.name.replace('_', ' ')} {getattr(timings, one.name):g}" for one in fields(timings)
    )
