"""`python -m bench.scheduled`: do a service's scheduled tasks follow it, and does the rest stay?

A rule and a schedule run the family of a service. Slipway and ecs-deploy's commands play the same
cases, side by side on one simulated ECS. Each row is printed as it comes. At the end,
out/bench-scheduled.md is written.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from bench.__main__ import OUT, RATE, ecs_deploy
from bench.scheduled import table
from bench.scheduled.cases import CASES, LOST
from bench.scheduled.play import measure


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.scheduled", description=__doc__)
    names = [case.name for case in CASES]
    parser.add_argument("--only", nargs="+", choices=names, metavar="CASE", help="default: all")
    parser.add_argument("--rate", type=float, default=RATE, help="default: %(default)g")
    parser.add_argument("--out", type=Path, default=OUT, help="default: %(default)s")
    chosen = parser.parse_args(arguments)
    wanted = [case for case in CASES if not chosen.only or case.name in chosen.only]
    began, rows = time.monotonic(), []
    for row in measure(wanted, chosen.out, ecs_deploy(OUT / "bench-venv"), chosen.rate):
        print(table.line(row), flush=True)
        rows.append(row)
    file = chosen.out / "bench-scheduled.md"
    file.write_text(table.markdown(rows, chosen.rate), encoding="utf-8")
    print(f"\n{time.monotonic() - began:.0f} s; see {file}")
    ours = (row for row in rows if row.way == "slipway" and row.case not in LOST)
    return int(not all(table.right(row) for row in ours))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
