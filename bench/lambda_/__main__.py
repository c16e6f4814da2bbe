"""`make bench-lambda`: every function, cold and warm, and yardsticks beside them, in one run.

A line is printed as each process ends; then out/bench-lambda.json and out/bench-lambda.md are
written.
"""

from __future__ import annotations

import argparse
import platform
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

from bench.account import PROJECT
from bench.lambda_ import imports, rows, table
from bench.lambda_.cases import account, cases
from bench.lambda_.measure import Sample, samples

COLD, WARM = 15, 14  # 15 processes that each handle a first event and 14 more: 210 warm ones


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.lambda_", description=__doc__)
    parser.add_argument("--cold", type=int, default=COLD, help="processes; default: %(default)s")
    parser.add_argument("--warm", type=int, default=WARM, help="of each; default: %(default)s")
    parser.add_argument("--out", type=Path, default=PROJECT / "out", help="default: %(default)s")
    chosen = parser.parse_args(arguments)
    report = measure(chosen.out, chosen.cold, chosen.warm)
    rows.write(chosen.out / "bench-lambda.json", report)
    (chosen.out / "bench-lambda.md").write_text(table.markdown(report), encoding="utf-8")
    print(f"See {chosen.out}/bench-lambda.md")
    return 0


def measure(out: Path, cold: int, warm: int) -> rows.Report:
    """Measure everything; it takes about five minutes on two quiet CPUs."""
    found: list[Sample] = []
    pushes = cold * (warm + 1)
    with tempfile.TemporaryDirectory() as home, account(out, pushes) as (aws, archive):
        known = cases(aws, Path(home))
        with aws.clock.realtime():
            for sample in samples(known, cold, warm):
                print(_line(sample), flush=True)
                found.append(sample)
        package = aws.lambda_.task_root("slipway-dev-watch")
        with zipfile.ZipFile(archive) as zipped:
            unzipped = sum(entry.file_size for entry in zipped.infolist())
        return rows.Report(
            zip_bytes=archive.stat().st_size,
            unzipped_bytes=unzipped,
            python=platform.python_version(),
            rows=rows.medians(found, [case.name for case in known]),
            imports=tuple(imports.profile(package)),
        )


def _line(sample: Sample) -> str:
    return (
        f"  {sample.case:<36} init {sample.init.cpu:6.0f} ms of CPU, {sample.init.wall:6.0f} ms"
        f"   first {sample.first.cpu:5.0f} ms of CPU   peak {sample.peak_mb} MB"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
