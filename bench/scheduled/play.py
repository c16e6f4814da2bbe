"""case -> one row for each way: all ways at once, each on a service of its own, on one ECS."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.account import deploy_slipway, stage_name
from bench.scheduled.cases import CASES, Case
from bench.scheduled.job import JOB, KINDS, Job, Moment, changed, let_jobs_end, make_role
from bench.scheduled.table import Row
from bench.scheduled.ways import SLIPWAY, Player, players, seconds
from bench.tools import LIMIT
from embedded.account import EmbeddedAws
from embedded.calls.call import Call
from embedded.gate.faults import Delay, Rule
from embedded.gate.recorder import Record
from example.scenario import CLUSTER, Build, Trial

# A call waits so long for somebody else's change: while a program runs, these are real seconds too.
_WHILE = 3.0
_OTHER_INPUT = '{"containerOverrides": []}'
_COUNTED = frozenset({"ecs", "events", "scheduler"})
_TARGET = """
[[target]]
repository = "conflicto-{name}-dev"
cluster    = "{cluster}"
service    = "conflicto-{name}-service-dev"
family     = "conflicto-{name}-dev"
tags       = '^[0-9a-f]{{7,40}}$'
pass_roles = ["arn:aws:iam::*:role/conflicto-*"]
follow     = {{rules = ["{job}"], schedules = ["default/{job}"]}}
"""


def targets() -> str:
    """A targets.toml in which Slipway follows its own service of every case."""
    names = [stage_name(case.name, SLIPWAY.name) for case in CASES]
    tables = [_TARGET.format(name=name, cluster=CLUSTER, job=name) for name in names]
    return "".join([*tables, "\n[environment.dev]\n"])


def measure(cases: Sequence[Case], out: Path, venv: Path, rate: float) -> Iterator[Row]:
    """Play each case on every way."""
    with EmbeddedAws(rate=rate) as aws:
        aws.client("ecs").create_cluster(clusterName=CLUSTER)
        make_role(aws)
        deploy_slipway(aws, out / "bench-scheduled", targets())
        for case in cases:
            yield from _side_by_side(aws, players(aws, venv), case)


def _side_by_side(aws: EmbeddedAws, all_players: Sequence[Player], case: Case) -> Iterator[Row]:
    let_jobs_end(aws)
    jobs = {player: _job(aws, player, case) for player in all_players}
    for job in jobs.values():
        job.trial.build()
    aws.wait_until(lambda: all(job.trial.ready for job in jobs.values()), LIMIT)
    for job in jobs.values():
        job.build()
        with aws.clock.lock:
            job.trial.begin()
    with ThreadPoolExecutor(len(jobs)) as pool:
        running = [pool.submit(_play, player, job, case) for player, job in jobs.items()]
        played = [one.result() for one in running]
    ended = {one.job.name: one.job.now() for one in played}
    aws.wait_until(lambda: all(one.job.both(ended[one.job.name]) for one in played), 300)
    yield from (one.row(case, ended[one.job.name]) for one in played)
    aws.ecs.faults.clear()
    for job in jobs.values():
        job.remove()
        aws.client("ecs").delete_service(
            cluster=CLUSTER, service=job.trial.service_name, force=True
        )


def _job(aws: EmbeddedAws, player: Player, case: Case) -> Job:
    name = stage_name(case.name, player.way.name)
    trial = Trial(name, case.scenario, aws.client, aws.ecs, aws.clock, _no_ship)
    return Job(name, trial, aws, player.way.family_only, case.queue_first)


def _no_ship(trial: Trial, build: Build) -> None:
    raise NotImplementedError(f"{trial.name} ships no {build} image by itself")


@dataclass(frozen=True)
class Played:
    """A way that has played a case; `wanted` is how people left the rule and the schedule."""

    player: Player
    job: Job
    began: Moment
    wanted: Mapping[str, Any]
    said: str
    calls: Sequence[Record]

    def row(self, case: Case, ended: Moment) -> Row:
        job, way = self.job, self.player.way
        every = [one for kind in KINDS for one in job.jobs(kind, self.began)]
        return Row(
            case=case.name,
            way=way.name,
            rule=job.jobs("rule", ended)[0],
            schedule=job.jobs("schedule", ended)[0],
            failed=case.bad and "new" in every,
            changed=changed(self.wanted, job.seen()),
            active=job.service_revision_active(),
            said=self.said,
            seconds=seconds(self.began.at, [one for one in self.calls if way.writes(one)]),
            calls=sum(one.service in _COUNTED for one in self.calls),
        )


def _play(player: Player, job: Job, case: Case) -> Played:
    wanted = job.seen()
    for build in case.before:
        player.deploy(job, build)
    began, since = job.now(), len(player.aws.recorder.calls)
    somebody = Somebody(player, job, case)
    said = player.go_back(job, case.runs) if case.back else player.deploy(job, "new")
    wanted |= somebody.done()
    made = (one for one in player.aws.recorder.calls[since:] if player.made(one.principal, job))
    calls = [one for one in made if one.service != "ecs" or not one.principal.endswith("-sweep")]
    return Played(player, job, began, wanted, said, calls)


class Somebody:
    """Another writer of the rule, who acts at the moment of the case's race."""

    def __init__(self, player: Player, job: Job, case: Case) -> None:
        self._player, self._job, self._case = player, job, case
        self._over = threading.Event()
        self._wrote: dict[str, object] = {}
        self._thread: threading.Thread | None = None
        if case.race is not None:
            old = job.target()
            fault = self._delay()
            since = len(player.aws.recorder.calls)

            def written() -> bool:
                return any(
                    one.operation == "PutTargets" and player.made(one.principal, job)
                    for one in player.aws.recorder.calls[since:]
                )

            moment = written if case.race == "after" else lambda: fault.struck > 0
            new = old if case.race == "after" else {**old, "Input": _OTHER_INPUT}
            self._thread = threading.Thread(target=self._act, args=(moment, new))
            self._thread.start()

    def done(self) -> dict[str, object]:
        """Let the tool be over; return the members that somebody wrote, by path."""
        self._over.set()
        if self._thread is not None:
            self._thread.join()
        return self._wrote

    def _act(self, moment: Callable[[], bool], target: dict[str, object]) -> None:
        while not moment() and not self._over.wait(0.005):
            pass
        self._job.put(target)
        if self._case.race != "after":
            self._wrote = {f"{JOB}.Input": target["Input"]}

    def _delay(self) -> Rule:
        """Let the tool's call wait that comes after the moment of the race."""
        player, job, race = self._player, self._job, self._case.race
        made: list[str] = []

        def strikes(call: Call) -> bool:
            if not player.made(call.principal.name, job):
                return False
            made.append(call.operation)
            if race == "look":
                return len(made) == player.way.looks_before + 2
            return "PutTargets" in (made if race == "write" else made[:-1])

        return player.aws.faults.add(Delay(_WHILE), service="events", where=strikes)
