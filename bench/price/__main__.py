"""`make price`: what a deployment and an idle month cost: out/price.md.

Computed from what `make bench-lambda` measured, rollouts on the virtual clock, and prices.toml.
"""

from __future__ import annotations

import argparse
import sys
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from bench.account import PROJECT
from bench.lambda_ import rows
from bench.lambda_.rows import Report
from bench.price import cost, usage
from bench.price.cost import Dollars, Prices
from bench.price.usage import Usage

MINUTES = (1, 5, 30)
MONTHS = (1, 100, 10_000)
_OF_A_MONTH = 5  # minutes that each deployment of the table of months takes
_TARGETS = (1, 10, 50)  # of the table of sweeps
_READS = {
    "dynamodb:Query": "what is unfinished",
    "dynamodb:GetItem": "each target's HEAD; once an hour for what others deployed",
    "ecr:DescribeImages": "each repository, 1,000 images a call: lost pushes, images that are gone",
    "ecs:DescribeServices": "ten services a call, once an hour: what others deployed",
}
_METHOD = """\
Computed, not billed: us-east-1, before any free tier. Polls, calls, DynamoDB units and notices are
counted in a good rollout of two tasks, played on the virtual clock, of a service with ten
deployments behind it; transitions by the state machine's own definition. Functions: what
`make bench-lambda` measured, one cold start of each function; Init with a whole CPU, the rest with
the share that the memory buys, and {call:g} ms (assumed) for each AWS call. Every invocation is
taken for a trace; Lambda's own {log} bytes of log (estimated) are added to ours, kept for three
months. A notice is published and sent as one e-mail. An exchange with Slack, Teams or a webhook is
assumed to take {exchange:g} ms. A sweep is taken for a cold start each time.
Not in it: S3 for the package, less than a cent; pushes to other repositories and rollouts of other
services, one short invocation each; scheduled tasks that follow the service: a rule and a schedule
take 12 calls of EventBridge and Scheduler, which cost nothing, 48 write units and 3 read units,
$0.00003 a deployment. The GitHub runner (Linux, 2 cores) is billed for the minutes that it waits;
CodePipeline (V2) for a source action of a minute and a deploy action that waits.
"""


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.price", description=__doc__)
    parser.add_argument(
        "--measured",
        type=Path,
        default=PROJECT / "docs" / "bench-lambda.json",
        help="what make bench-lambda wrote; default: %(default)s",
    )
    parser.add_argument("--out", type=Path, default=PROJECT / "out", help="default: %(default)s")
    chosen = parser.parse_args(arguments)
    report = rows.read(chosen.measured)
    used = {minutes: usage.deployment(minutes) for minutes in MINUTES}
    hours = {targets: usage.hour(targets) for targets in _TARGETS}
    text = "\n".join(markdown(used, usage.sweep(), hours, report, cost.prices())) + "\n"
    chosen.out.mkdir(parents=True, exist_ok=True)
    (chosen.out / "price.md").write_text(text, encoding="utf-8")
    print(text, end="")
    return 0


def markdown(
    used: Mapping[int, Usage],
    sweep: Usage,
    hours: Mapping[int, Usage],
    report: Report,
    price: Prices,
) -> Iterator[str]:
    """Five tables: a deployment, what channels add, a month, idle months and sweeps; and how."""
    deployments = {minutes: cost.deployment(one, report, price) for minutes, one in used.items()}
    idle = cost.idle(sweep, report, price)
    yield "# What it costs"
    yield ""
    yield from _deployment(used, deployments, price)
    yield ""
    yield from _channels(used[_OF_A_MONTH].notices, price)
    yield ""
    yield from _months(sum(deployments[_OF_A_MONTH].values()), sum(idle.values()), price)
    yield ""
    yield from _idle(idle)
    yield ""
    yield from _sweeps(hours)
    yield ""
    yield textwrap.fill(_method(), 100)
    yield ""
    pages = {f"{one['page']} ({one['as_of']})" for one in price.table.values()}
    yield textwrap.fill(f"Prices, with the dates of the copies: {'; '.join(sorted(pages))}.", 100)


def _method() -> str:
    return _METHOD.format(call=cost.CALL_MS, log=cost.PLATFORM_LOG, exchange=cost.EXCHANGE_MS)


def _deployment(
    used: Mapping[int, Usage], deployments: Mapping[int, Dollars], price: Prices
) -> Iterator[str]:
    yield f"| one deployment, $ | {' | '.join(f'{minutes} min' for minutes in used)} |"
    yield f"|---|{'---|' * len(used)}"
    counts = [f"{one.polls}, {cost.transitions(one.polls)}" for one in used.values()]
    yield f"| polls, state transitions | {' | '.join(counts)} |"
    units = [f"{one.writes}, {one.reads:g}" for one in used.values()]
    yield f"| write units, read units | {' | '.join(units)} |"
    yield _line("invocations", [f"{sum(one.invocations.values())}" for one in used.values()])
    for part in next(iter(deployments.values())):
        yield _line(part, [f"{each[part]:.6f}" for each in deployments.values()])
    totals = [f"**{sum(each.values()):.5f}**" for each in deployments.values()]
    yield _line("**Slipway**", totals)
    yield _line("a GitHub runner that waits", [f"{cost.github(one, price):.3f}" for one in used])
    yield _line("CodePipeline", [f"{cost.codepipeline(one, price):.3f}" for one in used])


def _channels(notices: int, price: Prices) -> Iterator[str]:
    yield f"| a channel adds to a deployment with {notices} notices | $ |"
    yield "|---|---|"
    for name, amount in cost.channels(notices, price).items():
        yield _line(name, [f"{amount:.7f}"])


def _months(each: float, idle: float, price: Prices) -> Iterator[str]:
    yield (
        f"| a month of deployments, {_OF_A_MONTH} min each, $ "
        f"| {' | '.join(f'{number:,}' for number in MONTHS)} |"
    )
    yield f"|---|{'---|' * len(MONTHS)}"
    yield _line("**Slipway**, idle costs included", [f"{idle + n * each:.2f}" for n in MONTHS])
    waits, pipe = cost.github(_OF_A_MONTH, price), cost.codepipeline(_OF_A_MONTH, price)
    yield _line("a GitHub runner that waits", [f"{n * waits:.2f}" for n in MONTHS])
    yield _line("CodePipeline", [f"{n * pipe:.2f}" for n in MONTHS])


def _idle(idle: Dollars) -> Iterator[str]:
    yield "| an idle month, one stage with one target | $ |"
    yield "|---|---|"
    for name, amount in idle.items():
        yield _line(name, [f"{amount:.3f}"])
    yield _line("**Together**", [f"**{sum(idle.values()):.2f}**"])


def _sweeps(hours: Mapping[int, Usage]) -> Iterator[str]:
    """Every call of six sweeps, and what it is for: a call that is not explained is a mistake."""
    yield f"| calls of an idle hour's six sweeps, targets: | {' | '.join(map(str, hours))} | |"
    yield f"|---|{'---|' * len(hours)}---|"
    made = sorted({name for used in hours.values() for name in used.operations})
    for name in made:
        counts = [str(used.operations.get(name, 0)) for used in hours.values()]
        yield _line(name, [*counts, _READS[name]])


def _line(name: str, cells: Sequence[str]) -> str:
    return f"| {name} | {' | '.join(cells)} |"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
