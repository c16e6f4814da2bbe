"""the boards of stages -> one matrix: a row for each service, a column for each stage."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cli.dashboard.answers import Answer
from cli.dashboard.marks import Mark, mark_of
from cli.show.board import below
from cli.show.words import commit_beside, progress, version, who

Row = Mapping[str, Any]
_TASK_CLUSTER = "@task"


@dataclass(frozen=True)
class Stage:
    """A stage as the page shows it: its name, and what its board is, or why it is not known."""

    name: str  # as the person calls it
    stage: str  # as the stack is called
    answer: Answer


@dataclass(frozen=True)
class UnderWay:
    """An open deployment in a cell."""

    deployment: str
    version: str
    mark: Mark
    since: str
    words: str


@dataclass(frozen=True)
class Cell:
    """One service in one stage."""

    stage: str
    service: str
    runs: str = ""
    commit: str = ""
    since: str = ""
    by: str = ""
    last: Mark | None = None
    last_deployment: str = ""
    last_version: str = ""  # where it is not what runs
    under_way: tuple[UnderWay, ...] = ()
    below: tuple[str, ...] = ()
    held: bool = False

    @property
    def troubled(self) -> bool:
        """Whether a person should look: the last one failed, or something waits for a person."""
        failed = self.last is not None and self.last.kind in {"bad", "back"}
        return failed or self.held or not self.runs or bool(self.below)


@dataclass(frozen=True)
class MatrixRow:
    """One service in all stages; `cells` has None where a stage does not have it."""

    name: str
    cluster: str
    cells: tuple[Cell | None, ...]


@dataclass(frozen=True)
class Matrix:
    """The board: `stages` are the columns."""

    stages: tuple[Stage, ...]
    rows: tuple[MatrixRow, ...] = field(default=())

    @property
    def troubled(self) -> int:
        """How many cells a person should look at."""
        return sum(cell.troubled for row in self.rows for cell in row.cells if cell is not None)

    @property
    def busy(self) -> int:
        """How many cells have a deployment under way."""
        return sum(bool(cell.under_way) for row in self.rows for cell in row.cells if cell)


def matrix(stages: Sequence[Stage]) -> Matrix:
    """The rows keep the order in which the services come; those of one name share a row."""
    rows: dict[tuple[str, str], list[Cell | None]] = {}
    for column, stage in enumerate(stages):
        for row in (stage.answer.reply or {}).get("board", ()):
            cells = rows.setdefault(name_of(row["service"], stage.stage), [None] * len(stages))
            cells[column] = cell(stage.name, row)
    return Matrix(
        tuple(stages),
        tuple(MatrixRow(name, cluster, tuple(cells)) for (name, cluster), cells in rows.items()),
    )


def name_of(service: str, stage: str) -> tuple[str, str]:
    """The service and its cluster, both without the stage's name.

    >>> name_of("conflicto-dev/conflicto-backend-service-dev", "dev")
    ('conflicto-backend-service', 'conflicto')
    """
    cluster, _, name = service.partition("/")
    kind = "scheduled task" if cluster == _TASK_CLUSTER else _without(cluster, stage)
    return _without(name, stage), kind


def _without(name: str, stage: str) -> str:
    word = re.escape(stage)
    return re.sub(rf"^{word}[-_.]|[-_.]{word}(?=[-_.]|$)", "", name)


def cell(stage: str, row: Row) -> Cell:
    """A row of the board as a cell."""
    runs, last = row.get("runs"), row.get("last")
    return Cell(
        stage=stage,
        service=row["service"],
        runs=version(runs) if runs else "",
        commit=commit_beside(runs) if runs else "",
        since=str(runs.get("since", "")) if runs else "",
        by=who(runs) if runs else "",
        last=mark_of(last["status"]) if last else None,
        last_deployment=last["deployment"] if last else "",
        last_version=version(last) if last and version(last) != version(runs or {}) else "",
        under_way=tuple(_under_way(row.get("under_way", ()))),
        below=tuple(line.partition(": ")[2] for line in below([row])),
        held=bool(row.get("holds")),
    )


def _under_way(records: Iterable[Row]) -> Iterable[UnderWay]:
    for record in records:
        yield UnderWay(
            deployment=record["deployment"],
            version=version(record),
            mark=mark_of(record["status"]),
            since=record["updated"],
            words=progress(record),
        )
