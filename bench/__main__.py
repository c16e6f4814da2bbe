"""`make bench`: each scenario on Slipway and two other tools, side by side on one simulated ECS.

Then Slipway plays them alone, while ECS' reads lag. Each row is printed as it comes: the verdict,
when it was said, how long after the end was certain, and what it cost. At the end, out/bench.json,
out/bench.md and out/bench.svg are written.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from itertools import chain
from pathlib import Path

from bench import chart, rows, table
from bench.account import PROJECT, deploy_slipway, stage_name, targets
from bench.rows import Row
from bench.tools import LIMIT, AwsWaiter, EcsDeploy, Slipway, SlipwayLagging, Tool
from embedded.account import EmbeddedAws
from embedded.services.ecs import Lag
from example.scenario import CLUSTER, Scenario, Trial
from example.scenarios import SCENARIOS, named

RATE = 40.0
OUT = PROJECT / "out"
ECS_DEPLOY = "ecs-deploy==1.17.0"


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--only", nargs="+", metavar="SCENARIO", help="default: all")
    parser.add_argument("--resume", action="store_true", help="keep the rows that are there")
    parser.add_argument("--rate", type=float, default=RATE, help="default: %(default)g")
    parser.add_argument("--seed", type=int, default=1, help="of the lag; default: %(default)s")
    parser.add_argument("--out", type=Path, default=OUT, help="default: %(default)s")
    chosen = parser.parse_args(arguments)
    try:
        wanted = named(chosen.only)
    except LookupError as unknown:
        print(unknown)
        return 2
    file = chosen.out / "bench.json"
    known = rows.read(file)
    there = {row.scenario for row in known if row.tool == "slipway"} if chosen.resume else set()
    lagging = (
        {row.scenario for row in known if row.tool == "slipway-lag"} if chosen.resume else set()
    )
    began = time.monotonic()
    print(f"{len(wanted)} scenarios; {table.CLOCK.format(rate=chosen.rate)}\n", flush=True)
    found: list[Row] = []
    first = measure([one for one in wanted if one.name not in there], chosen.out, chosen.rate)
    then = [one for one in wanted if one.name not in lagging]
    for row in chain(first, measure_lagging(then, chosen.out, chosen.rate, chosen.seed)):
        print(_line(row), flush=True)
        found.append(row)
        known = rows.merged(known, [row], [one.name for one in SCENARIOS])
        rows.write(file, known)
    (chosen.out / "bench.md").write_text(table.markdown(known, chosen.rate), encoding="utf-8")
    (chosen.out / "bench.svg").write_text(chart.svg(known), encoding="utf-8")
    print(f"\n{table.summary(known)}\n{time.monotonic() - began:.0f} s; see {chosen.out}/bench.md")
    return int(any(row.tool.startswith("slipway") and not row.right for row in found))


def measure(scenarios: Sequence[Scenario], out: Path, rate: float) -> Iterator[Row]:
    """Play each scenario to all tools at once; each tool has a service of its own."""
    if not scenarios:
        return
    venv = ecs_deploy(OUT / "bench-venv")
    with EmbeddedAws(rate=rate) as aws:
        aws.client("ecs").create_cluster(clusterName=CLUSTER)
        deploy_slipway(aws, out / "bench", targets())
        tools = (Slipway(aws), EcsDeploy(aws, venv), AwsWaiter(aws))
        for scenario in scenarios:
            yield from _side_by_side(aws, tools, scenario)


def measure_lagging(
    scenarios: Sequence[Scenario], out: Path, rate: float, seed: int
) -> Iterator[Row]:
    """Play each scenario to Slipway alone, while ECS' reads lag."""
    if not scenarios:
        return
    with EmbeddedAws(rate=rate, lag=Lag(seed=seed)) as aws:
        aws.client("ecs").create_cluster(clusterName=CLUSTER)
        deploy_slipway(aws, out / "bench", targets(SlipwayLagging.name))
        for scenario in scenarios:
            yield from _side_by_side(aws, [SlipwayLagging(aws)], scenario)


def _side_by_side(aws: EmbeddedAws, tools: Sequence[Tool], scenario: Scenario) -> Iterator[Row]:
    trials = {tool: _trial(aws, tool, scenario) for tool in tools}
    for trial in trials.values():
        trial.build()
    aws.wait_until(lambda: all(trial.ready for trial in trials.values()), LIMIT)
    if scenario.earlier:
        for tool, trial in trials.items():
            tool.ship(trial, "earlier")
        aws.wait_until(lambda: all(map(_on_earlier, trials.values())), LIMIT)
        aws.wait_until(lambda: all(tool.settled(trials[tool]) for tool in tools), LIMIT)
    for trial in trials.values():
        with aws.clock.lock:
            trial.begin()
    with ThreadPoolExecutor(len(tools)) as pool:
        running = [pool.submit(tool.deploy, trial) for tool, trial in trials.items()]
        for done in as_completed(running):
            yield done.result()
    _clear(aws, trials.values())


def _trial(aws: EmbeddedAws, tool: Tool, scenario: Scenario) -> Trial:
    name = stage_name(scenario.name, tool.name)
    return Trial(name, scenario, aws.client, aws.ecs, aws.clock, tool.ship)


def _on_earlier(trial: Trial) -> bool:
    return trial.runs() == {"earlier"}


def _clear(aws: EmbeddedAws, trials: Iterable[Trial]) -> None:
    """Delete the services: no crash loop may go on during the next scenario."""
    aws.ecs.faults.clear()
    for trial in trials:
        if trial.service.status == "ACTIVE":
            aws.client("ecs").delete_service(
                cluster=CLUSTER, service=trial.service_name, force=True
            )


def ecs_deploy(venv: Path) -> Path:
    """A virtual environment with ecs-deploy in it, apart from ours."""
    if not (venv / "bin" / "ecs").exists():
        print(f"Installing {ECS_DEPLOY} into {venv} (once)", flush=True)
        subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
        pip = [str(venv / "bin" / "python"), "-m", "pip", "install", "--quiet"]
        subprocess.run([*pip, "--disable-pip-version-check", ECS_DEPLOY], check=True)
    return venv


def _line(row: Row) -> str:
    mark = "✓" if row.right else "✗"
    after = "        -" if row.seconds is None else f"{row.seconds:7.1f} s"
    from_certainty = "" if row.distance is None else f"{row.distance:+.1f} s"
    return (
        f"  {mark} {row.scenario:<32}{row.tool:<12}{row.verdict:<12}{after}{from_certainty:>11}"
        f"{row.calls:>7} calls{row.peak_mb:>5} MB"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
