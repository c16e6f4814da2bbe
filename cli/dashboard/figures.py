"""the figures of stages -> what their page shows: tables in words, and a chart by week."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cli.dashboard.answers import Answer
from cli.figures import Found, together
from cli.show.figures import cells, time

Row = Mapping[str, Any]
DAYS = (30, 90, 365)  # that the page offers; the first one is the default
_THINNEST = 1.5  # percent of the height: what is there can be seen


@dataclass(frozen=True)
class Line:
    """The figures of a service, or of all together (`name` is empty), in words."""

    name: str
    cluster: str
    per_day: str
    lead: str
    lead_p90: str
    failed: str
    restore: str
    restore_p90: str
    service: str = ""
    note: str = ""


@dataclass(frozen=True)
class Table:
    """A stage: its services, and all of them together where there are several.

    `error` says what could not be read, and `awaited` that it may come.
    """

    stage: str
    error: str
    awaited: bool
    lines: tuple[Line, ...]
    whole: Line | None


@dataclass(frozen=True)
class Column:
    """A week in the chart. `left` and `width` are percent; so are the heights, of the top."""

    left: float
    width: float
    live: float
    failed: float
    begins: str
    deployments: int
    failures: int

    @property
    def title(self) -> str:
        return f"From {self.begins}: {self.deployments} deployments, {self.failures} failed"


@dataclass(frozen=True)
class View:
    """The page: a table for each stage, all stages together, and the weeks of all; oldest first."""

    days: int
    periods: tuple[int, ...]
    tables: tuple[Table, ...]
    whole: Line | None
    columns: tuple[Column, ...]
    top: int


def view(answers: Mapping[str, Answer], days: int) -> View:
    """What the page shows of the stages' answers."""
    found = [one.reply["found"] for one in answers.values() if one.reply]
    every = together(found) if found else None
    by_week = every["weeks"] if every else ()
    top = max((max(week["deployments"], week["failed"]) for week in by_week), default=0)
    return View(
        days=days,
        periods=DAYS,
        tables=tuple(_table(stage, answer) for stage, answer in answers.items()),
        whole=_line(every) if every and len(found) > 1 else None,
        columns=_columns(by_week, top) if top else (),
        top=top,
    )


def _table(stage: str, answer: Answer) -> Table:
    found: Found | None = answer.reply["found"] if answer.reply else None
    services = found.told["services"] if found else ()
    several = found is not None and len(services) > 1
    return Table(
        stage=stage,
        error=answer.error,
        awaited=answer.awaited,
        lines=tuple(_line(row, row["service"]) for row in services),
        whole=_line(found.told["all"]) if found and several else None,
    )


def _line(row: Row, service: str = "") -> Line:
    per_day, lead, failed, restore, _ = cells(row)
    cluster, _, name = service.partition("/")
    missing = row.get("unreadable", 0)
    return Line(
        name=name,
        cluster=cluster,
        per_day=per_day,
        lead=lead,
        lead_p90=_p90(row["lead_time"]),
        failed=failed,
        restore=restore,
        restore_p90=_p90(row["time_to_restore"]),
        service=service,
        note=f"{missing} records of a newer release are not counted" if missing else "",
    )


def _p90(spread: Row) -> str:
    """The time that nine of ten do not exceed; empty where one value is all there is."""
    return time(spread["p90"]) if spread["count"] > 1 else ""


def _columns(by_week: Sequence[Row], top: int) -> tuple[Column, ...]:
    slot = 100 / len(by_week)
    return tuple(
        Column(
            left=round(number * slot + slot * 0.1, 3),
            width=round(slot * 0.38, 3),
            live=_height(week["deployments"], top),
            failed=_height(week["failed"], top),
            begins=week["begins"][:10],
            deployments=week["deployments"],
            failures=week["failed"],
        )
        for number, week in enumerate(by_week)
    )


def _height(count: int, top: int) -> float:
    return round(max(100 * count / top, _THINNEST), 2) if count else 0.0
