"""samples -> one row of medians a case; `out/bench-lambda.json` holds them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from bench.lambda_.cases import YARDSTICK
from bench.lambda_.measure import Sample, Took


@dataclass(frozen=True)
class Row:
    """Medians in milliseconds, of real time and of CPU; sizes in bytes."""

    case: str
    cold: int
    warm: int
    init_ms: float
    init_cpu_ms: float
    first_ms: float
    first_cpu_ms: float
    warm_ms: float
    warm_cpu_ms: float
    peak_mb: int
    log_bytes: int


@dataclass(frozen=True)
class Report:
    """What a run found: the package's sizes, the rows, the slowest imports of all functions."""

    zip_bytes: int
    unzipped_bytes: int
    python: str
    rows: tuple[Row, ...]
    imports: tuple[tuple[str, float], ...]

    def row(self, case: str) -> Row:
        return next(row for row in self.rows if row.case == case)

    def ratio(self, row: Row) -> float:
        """The CPU of Init, divided by that of the yardstick in the same run."""
        return row.init_cpu_ms / self.row(YARDSTICK).init_cpu_ms


def medians(samples: Sequence[Sample], cases: Iterable[str]) -> tuple[Row, ...]:
    """One row a case, in the order of `cases`."""
    return tuple(_row(name, [one for one in samples if one.case == name]) for name in cases)


def write(path: Path, report: Report) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(asdict(report), indent=1) + "\n", encoding="utf-8")


def read(path: Path) -> Report:
    found = json.loads(path.read_text("utf-8"))
    slowest = tuple((name, took) for name, took in found["imports"])
    return Report(
        **{**found, "rows": tuple(Row(**row) for row in found["rows"]), "imports": slowest}
    )


def _row(name: str, of: Sequence[Sample]) -> Row:
    warm = [took for one in of for took in one.warm]
    return Row(
        name,
        len(of),
        len(warm),
        *_medians([one.init for one in of]),
        *_medians([one.first for one in of]),
        *_medians(warm),
        peak_mb=max(one.peak_mb for one in of),
        log_bytes=round(median(one.log_bytes for one in of)),
    )


def _medians(took: Sequence[Took]) -> tuple[float, float]:
    return round(median(one.wall for one in took), 2), round(median(one.cpu for one in took), 2)
