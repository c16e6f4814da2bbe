"""`python -m bench.certainty`: how long after certainty Slipway says its verdict, in each scenario.

All of Slipway plays each scenario in this process, on a virtual clock (`rehearsal/`): functions
compute in no time, and an event arrives a second after ECS sends it. `example/certainty.py` says
from when the end of a rollout is certain. A scenario belongs to the first of these groups that
fits it:

- itself: Slipway's own verdict made the end certain, so its distance is 0 by definition.
- event: ECS decided, and sent an event about it within five seconds: of the deployment, of a hook,
  or of the deployment that takes its place.
- task: a task failed, and ECS sent an event of it. The end is certain in the simulation, but one
  failed task does not show it: the next one may run.
- none: no event tells it. ECS sends none for DeleteService, for a stage, or for a service
  deployment that is STOPPED. Its SERVICE_TASK_PLACEMENT_FAILURE does not say whether the failure
  lasts. In some scenarios every event is lost.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from statistics import median
from typing import Literal

from embedded.services.ecs import Lag
from example.scenario import Scenario
from example.scenarios import named
from rehearsal.played import PlayedAccount, played

LATE = 5.0  # seconds after certainty
Group = Literal["itself", "event", "task", "none"]
GROUPS: dict[Group, str] = {
    "itself": "Slipway's own verdict made it certain",
    "event": "ECS decided, and sent an event about it",
    "task": "a task failed, which ECS told, but one failed task does not show the end",
    "none": "no event told it",
}
_NEAR = timedelta(seconds=5)
_TASK = "ECS Task State Change"


@dataclass(frozen=True)
class Distance:
    """One scenario. `seconds` are from certainty to the right verdict; None if there was none."""

    scenario: str
    right: bool
    verdict: str
    seconds: float | None
    group: Group
    calls: int

    @property
    def late(self) -> bool:
        return self.seconds is None or self.seconds > LATE


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.certainty", description=__doc__)
    parser.add_argument("--only", nargs="+", metavar="SCENARIO", help="default: all")
    parser.add_argument("--lag", action="store_true", help="ECS' reads are up to 5 seconds old")
    parser.add_argument("--seed", type=int, default=1, help="of the lag; default: %(default)s")
    chosen = parser.parse_args(arguments)
    try:
        wanted = named(chosen.only)
    except LookupError as unknown:
        print(unknown)
        return 2
    began = time.monotonic()
    found = []
    for one in measure(wanted, chosen.seed if chosen.lag else None):
        found.append(one)
        print(f"{len(found):>4}/{len(wanted)} {line(one)}", flush=True)
    print("\n".join(["", *summary(found), "", f"{time.monotonic() - began:.0f} s"]))
    return int(not all(one.right for one in found))


def measure(scenarios: Sequence[Scenario], seed: int | None = None) -> Iterator[Distance]:
    """Play the scenarios one by one; with a `seed`, ECS' reads lag."""
    for scenario in scenarios:
        lag = None if seed is None else Lag(seed=f"{scenario.name} {seed}")
        with played(scenario, lag) as account:
            yield Distance(
                scenario=scenario.name,
                right=account.verdict == scenario.right,
                verdict=account.verdict,
                seconds=account.distance,
                group=group_of(account),
                calls=sum(call.startswith("ecs:") for call in account.calls),
            )


def group_of(account: PlayedAccount) -> Group:
    """Return which of the groups a scenario belongs to, after it was played."""
    certain = account.trial.certain
    if certain is None or account.trial.scenario.events_lost:
        return "none"
    if certain.by == "task":
        return "task"
    if certain.by != "decision":
        return "none"
    if account.distance is not None and account.distance <= 0:
        return "itself"
    return "event" if _told(account) else "none"


def _told(account: PlayedAccount) -> bool:
    certain_at = account.trial.certain_at
    return certain_at is not None and any(
        timedelta() <= at - certain_at <= _NEAR and event["detail-type"] != _TASK
        for at, event in account.heard
    )


def line(one: Distance) -> str:
    mark = "✓" if one.right else "✗"
    seconds = "-" if one.seconds is None else f"{one.seconds:+.1f} s"
    return (
        f"{mark} {one.scenario:<34}{one.verdict:<12}{seconds:>9}{one.calls:>6} calls  {one.group}"
    )


def summary(found: Sequence[Distance]) -> Iterator[str]:
    """The median of each group and of all, and the rows that are late, the latest first."""
    yield f"Right: {sum(one.right for one in found)} of {len(found)}"
    for group, words in GROUPS.items():
        yield from _of_group(words, [one for one in found if one.group == group])
    yield from _of_group("all", found, name=False)


def _of_group(words: str, rows: Sequence[Distance], *, name: bool = True) -> Iterator[str]:
    if not rows:
        return
    seconds = [one.seconds for one in rows if one.seconds is not None]
    middle = f"median {median(seconds):.1f} s" if seconds else "no verdict"
    late = sorted((one for one in rows if one.late), key=_seconds, reverse=True)
    named = f": {', '.join(map(_named, late))}" if name and late else ""
    yield f"{words}: {middle}; {len(late)} of {len(rows)} later than {LATE:g} s{named}"


def _named(one: Distance) -> str:
    return f"{one.scenario} ({'never' if one.seconds is None else f'{one.seconds:.1f} s'})"


def _seconds(one: Distance) -> float:
    return float("inf") if one.seconds is None else one.seconds


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
