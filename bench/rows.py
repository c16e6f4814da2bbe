"""One row: what one tool said of one scenario, and at what cost. `out/bench.json` is a list."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

TOOLS = ("slipway", "slipway-lag", "ecs-deploy", "aws-waiter")


@dataclass(frozen=True)
class Row:
    """`seconds` are simulated, from the update to the verdict (None: there was none).

    `certain` is when the end of the rollout became certain, in simulated seconds from the update
    too (`example/certainty.py`). Rows of before 30 November 2026 do not have it.
    """

    scenario: str
    tool: str
    verdict: str
    right: bool
    seconds: float | None
    calls: int
    peak_mb: int
    certain: float | None = None

    @property
    def distance(self) -> float | None:
        """Simulated seconds from certainty to the verdict; less than 0 if the tool guessed."""
        if self.seconds is None or self.certain is None:
            return None
        return round(self.seconds - self.certain, 1)


def read(path: Path) -> list[Row]:
    """The rows of an earlier run, if there was one."""
    return [Row(**row) for row in json.loads(path.read_text("utf-8"))] if path.exists() else []


def write(path: Path, rows: Iterable[Row]) -> None:
    text = ",\n  ".join(json.dumps(asdict(row)) for row in rows)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"[\n  {text}\n]\n", encoding="utf-8")


def merged(old: Iterable[Row], new: Iterable[Row], scenarios: Iterable[str]) -> list[Row]:
    """Both, in the order of `scenarios`; a new row replaces the old one."""
    order = {name: number for number, name in enumerate(scenarios)}
    rows = {(row.scenario, row.tool): row for row in (*old, *new) if row.scenario in order}
    return sorted(rows.values(), key=lambda row: (order[row.scenario], TOOLS.index(row.tool)))
