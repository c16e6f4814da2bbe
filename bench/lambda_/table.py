"""report -> Markdown: out/bench-lambda.md, of which docs/bench-lambda.md is a copy."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator

from bench.lambda_.cases import YARDSTICK
from bench.lambda_.rows import Report

_METHOD = """\
How it was measured: each function's packaged zip, unpacked as Lambda unpacks it, in a process of
AWS' own `awslambdaric` that writes no bytecode, against the embedded AWS on the same machine; every
case in turn, {cold} cold starts and {warm} warm invocations of each, medians. Init is from the
start of the process to its first request for an event. CPU is the function's own process'; the
machine was shared, so that milliseconds by the wall clock, which include what the embedded AWS
takes to answer, say less. The yardstick, "{yardstick}", is a handler that imports boto3 as pip
installs it (compiled) and makes one ECS client: what any Python tool for ECS pays. Ratios are of
the CPU of Init, in this run. Slipway's Init makes two clients, DynamoDB's and ECS', because Lambda
gives Init a whole CPU and an invocation only the share that its memory buys. Python {python}.
"""


_IMPORTS = """\
All functions import the same: one app.py. The modules that took longest by themselves, in \
milliseconds of one run (`-X importtime`, which slows what it measures; `app` includes making the \
clients): """


def markdown(report: Report) -> str:
    cold, warm = (min(getattr(row, name) for row in report.rows) for name in ("cold", "warm"))
    method = _METHOD.format(cold=cold, warm=warm, yardstick=YARDSTICK, python=report.python)
    parts = [
        "# On Lambda",
        f"Zip {report.zip_bytes / 1e6:.1f} MB, unzipped {report.unzipped_bytes / 1e6:.1f} MB, "
        "bytecode included.",
        "\n".join(_rows(report)),
        textwrap.fill(method, 100),
        textwrap.fill(_IMPORTS + _listed(report.imports) + ".", 100),
    ]
    return "\n\n".join(parts) + "\n"


def summary(report: Report) -> Iterator[str]:
    """The table of docs/performance.md: what the targets are about."""
    yield "| | init, CPU ms | of the yardstick | first event, CPU ms | warm, CPU ms | peak MB |"
    yield "|---|---|---|---|---|---|"
    for row in report.rows:
        yield (
            f"| {row.case} | {row.init_cpu_ms:.0f} | {report.ratio(row):.2f} "
            f"| {row.first_cpu_ms:.0f} | {row.warm_cpu_ms:.1f} | {row.peak_mb} |"
        )


def _rows(report: Report) -> Iterator[str]:
    yield (
        "| function | init, CPU ms | of the yardstick | init, ms | first, CPU ms | first, ms "
        "| warm, CPU ms | warm, ms | peak MB | log bytes |"
    )
    yield "|---|---|---|---|---|---|---|---|---|---|"
    for row in report.rows:
        yield (
            f"| {row.case} | {row.init_cpu_ms:.0f} | {report.ratio(row):.2f} | {row.init_ms:.0f} "
            f"| {row.first_cpu_ms:.0f} | {row.first_ms:.0f} | {row.warm_cpu_ms:.1f} "
            f"| {row.warm_ms:.0f} | {row.peak_mb} | {row.log_bytes} |"
        )


def _listed(profile: Iterable[tuple[str, float]]) -> str:
    return ", ".join(f"`{name}` {took:.1f}" for name, took in profile)
