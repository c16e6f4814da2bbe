"""Every crash point and the long run: `python -m tests.reliability`, or `make reliability`.

Writes out/reliability.json and out/reliability.md, the table of docs/reliability.md. The exit
code is 1 when a rule was broken: each such case is printed with what was wrong and with the command
that plays it again. ECS' reads lag in all of them, unless `--at-once` is given; `--lags` chooses
other seeds. Flows that are named are played alone, without long runs unless `--seeds` names some.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.reliability.cases import Case, every_case
from tests.reliability.flows import FLOWS
from tests.reliability.long_run import HOURS, SERVICES, LongRun

_OUT = Path(__file__).parent.parent.parent / "out"
_HEAD = "| | crash points | faults injected | notices lost | wrong ends |\n|---|---|---|---|---|\n"


@dataclass
class Row:
    """One line of the table, for a flow or a long run."""

    name: str
    points: int = 0
    faults: int = 0
    lost: int = 0
    wrong: int = 0

    def add(self, faults: int, wrong: Sequence[str]) -> None:
        lost = sum(words.startswith("everybody_is_told") for words in wrong)
        self.points += 1
        self.faults += faults
        self.lost += lost
        self.wrong += len(wrong) > lost


def _played(case: Case) -> tuple[Case, int, list[str]]:
    run = case.play()
    return case, run.struck, run.wrong or ([] if run.struck else ["nothing was struck"])


def _long(seed: int) -> tuple[int, int, int, list[str]]:
    run = LongRun(seed, SERVICES, HOURS * 60)
    wrong = run.play()
    return seed, len(run.account.points), run.account.struck, wrong


def _rows(cases: Sequence[Case], seeds: Sequence[int], workers: int) -> Iterable[Row]:
    rows = {case.flow: Row(case.flow) for case in cases}
    with ProcessPoolExecutor(workers) as pool:
        for case, faults, wrong in pool.map(_played, cases, chunksize=4):
            rows[case.flow].add(faults, wrong)
            _say(f"{case} (lag seed {case.seed!r}; again: {case.again})", wrong)
        yield from rows.values()
        for seed, calls, faults, wrong in pool.map(_long, seeds):
            row = Row(f"long run of {calls:,} calls, seed {seed}")
            row.add(faults, wrong)
            row.points = 0
            _say(f"SLIPWAY_SEED={seed}", wrong)
            yield row


def _say(name: str, wrong: Sequence[str]) -> None:
    if wrong:
        print(name, *wrong, sep="\n    ", flush=True)


def _together(rows: Sequence[Row]) -> Row:
    total = Row("**together**")
    for row in rows:
        total.points += row.points
        total.faults += row.faults
        total.lost += row.lost
        total.wrong += row.wrong
    return total


def _line(row: Row) -> str:
    points = f"{row.points:,}" if row.points else ""
    return f"| {row.name} | {points} | {row.faults:,} | {row.lost} | {row.wrong} |\n"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.reliability", description=__doc__)
    parser.add_argument("flows", nargs="*", help="only these", metavar="FLOW")
    parser.add_argument("--every", type=int, default=1, help="only one crash point in so many")
    parser.add_argument("--lags", type=int, default=0, help="another number: other lag seeds")
    parser.add_argument("--at-once", action="store_true", help="no read lags at a crash point")
    parser.add_argument("--case", help="only this one, as it was printed")
    parser.add_argument("--seeds", help="of the long runs, with commas (default: 1,2,3)")
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    asked = parser.parse_args()
    if unknown := set(asked.flows) - set(FLOWS):
        parser.error(f"no such flow: {', '.join(sorted(unknown))}; there are {', '.join(FLOWS)}")
    wanted = asked.seeds if asked.seeds is not None else "" if asked.flows else "1,2,3"
    seeds = [int(seed) for seed in wanted.split(",") if seed]
    salt = None if asked.at_once else asked.lags
    cases = every_case(salt, asked.flows or FLOWS)[:: asked.every]
    if asked.case:
        cases, seeds = [case for case in cases if str(case) == asked.case], []
    rows = list(_rows(cases, seeds, asked.workers))
    total = _together(rows)
    _OUT.mkdir(exist_ok=True)
    (_OUT / "reliability.json").write_text(json.dumps([asdict(row) for row in rows], indent=2))
    table = _HEAD + "".join(map(_line, [*rows, total]))
    (_OUT / "reliability.md").write_text(table)
    print(table)
    print(f"crash points: {total.points}")
    return 1 if total.lost or total.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
