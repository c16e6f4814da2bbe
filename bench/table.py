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
tells the outcome, the others' exit. Calls are ECS API calls from begin to end; Slipway's include
the rollback and, in `newer-push`, the newer deployment, and leave out the sweep, which every ten
minutes looks after all services together. Memory is the peak of the largest process, of Slipway's
the largest function. A command that exits with a failure where the image was superseded counts as
right: an exit code cannot say more. Then Slipway plays them all again while reads lag: each read of
ECS, and UpdateService's own answer, is up to {lag:g} seconds old, two reads may disagree, and what
was just made may be missing.

The simulated ECS: {timings} (seconds).
"""


def markdown(rows: Sequence[Row], rate: float) -> str:
    parts = [
        "# Side by side",
        "\n".join(_totals(rows)),
        "\n".join(_lines(rows)),
        *(textwrap.fill(part, 100) for part in _method(rate)),
    ]
    return "\n\n".join(parts) + "\n"


def _method(rate: float) -> list[str]:
    return _METHOD.format(
        clock=CLOCK.format(rate=rate), timings=_timings(), lag=Lag().seconds
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
    yield "| tool | right | to a right verdict of failure, median | calls, median | peak memory |"
    yield "|---|---|---|---|---|"
    failing = {one.name for one in SCENARIOS if one.right == "failed"}
    for tool in TOOLS:
        of = [row for row in rows if row.tool == tool]
        if of:
            took = [
                row.seconds
                for row in of
                if row.scenario in failing and row.right and row.seconds is not None
            ]
            right = f"{sum(row.right for row in of)} of {len(of)}"
            calls, peak = median(row.calls for row in of), max(row.peak_mb for row in of)
            yield (
                f"| {_NAMES[tool]} | {right} | {_seconds(median(took) if took else None)} "
                f"| {calls:.0f} | {peak} MB |"
            )


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
    return f"{verdict}, {_seconds(row.seconds)}, {row.calls:,} calls, {row.peak_mb} MB"


def _seconds(seconds: float | None) -> str:
    return "never" if seconds is None else f"{seconds:,.0f} s"


def _timings() -> str:
    timings = Timings()
    return ", ".join(
        f"{one.name.replace('_', ' ')} {getattr(timings, one.name):g}" for one in fields(timings)
    )
