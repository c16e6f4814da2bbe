"""The ways to deploy an image to a service and to the jobs of its family.

Slipway is told by a push. ecs-deploy's commands are run one after the other, as a pipeline does,
until one fails.
"""

from __future__ import annotations

import tempfile
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from bench import program
from bench.account import keys_of
from bench.scheduled.job import Job
from bench.tools import DEADLINE, LIMIT
from chalicelib.model.deployments import OPEN
from embedded.account import EmbeddedAws
from embedded.gate.recorder import Record
from embedded.services.sns import Notice
from example.scenario import CLUSTER, Build, Trial

_LOOK = 30  # simulated seconds between looks at what is still due
WRITES = frozenset({"PutTargets", "UpdateSchedule"})


@dataclass(frozen=True)
class Way:
    """One row of each case.

    `looks_before` is how often it looks at the rule before the look on which its write is based.
    `family_only`: it works on jobs whose targets name no revision.
    """

    name: str
    words: str
    family_only: bool = False
    looks_before: int = 0
    commands: tuple[str, ...] = ()

    def writes(self, call: Record) -> bool:
        """Whether the call changes what a job runs."""
        if self.family_only:
            return call.operation in {"RegisterTaskDefinition", "DeregisterTaskDefinition"}
        return call.operation in WRITES


_DEPLOY = f"deploy {CLUSTER} {{service}} --tag {{tag}} --rollback --timeout {DEADLINE}"
_CRON = f"cron {CLUSTER} {{family}} {{rule}} --tag {{tag}}"
_UPDATE = "update {family} --tag {tag}"
_KEEP = " --no-deregister"
# It looks for the first notice, and once it is live, for what `follow` leads to.
SLIPWAY = Way("slipway", "Slipway", looks_before=2)
WAYS = (
    SLIPWAY,
    Way("cron", "`ecs deploy && ecs cron`", commands=(_DEPLOY, _CRON)),
    Way(
        "keep",
        "the same, both with `--no-deregister`",
        commands=(_DEPLOY + _KEEP, _CRON + _KEEP),
    ),
    Way("cron-first", "`ecs cron && ecs deploy`", commands=(_CRON, _DEPLOY)),
    Way(
        "update",
        "`ecs deploy && ecs update`, both with `--no-deregister`; the jobs name no revision",
        family_only=True,
        commands=(_DEPLOY + _KEEP, _UPDATE + _KEEP),
    ),
)


class Player(ABC):
    """Plays one way on the embedded AWS."""

    def __init__(self, aws: EmbeddedAws, way: Way) -> None:
        self.aws, self.way = aws, way

    @abstractmethod
    def deploy(self, job: Job, build: Build) -> str:
        """Deploy the image to its end; what the tool says of that."""

    @abstractmethod
    def go_back(self, job: Job, build: Build) -> str:
        """Go back to an earlier image by hand, to the end; what the tool says of that."""

    @abstractmethod
    def made(self, principal: str, job: Job) -> bool:
        """Whether the tool makes calls under this name."""


class SlipwayPlayer(Player):
    """The packaged template and zip."""

    def deploy(self, job: Job, build: Build) -> str:
        return self._followed(job.trial, lambda: job.trial.push(build))

    def go_back(self, job: Job, build: Build) -> str:
        del build
        asked = {"service": job.trial.key, "by": "alice", "why": "wrong prices"}
        return self._followed(job.trial, lambda: self.aws.invoke("slipway-dev-rollback", asked))

    def made(self, principal: str, job: Job) -> bool:
        del job
        return principal.startswith("slipway-dev-") and principal != "slipway-dev-status"

    def _followed(self, trial: Trial, act: Any) -> str:
        known = {record["deployment"] for record in self._records(trial)}
        told = len(self.aws.notices())
        act()

        def newest() -> dict[str, Any]:
            records = self._records(trial)
            return next((one for one in records if one["deployment"] not in known), {})

        def over() -> bool:
            news = (one for one in self.aws.notices()[told:] if _is_of(one, trial))
            return any(one.attributes["status"] not in OPEN for one in news)

        self.aws.wait_until(over, LIMIT)
        self.aws.wait_until(lambda: self.aws.idle, 60)
        for _ in range(LIMIT // _LOOK):
            if all(one["state"] != "DUE" for one in newest().get("scheduled", ())):
                break
            self.aws.clock.sleep(_LOOK)
        news = [
            str(one.subject).rpartition(": ")[2]
            for one in self.aws.notices()[told:]
            if _is_of(one, trial) and "scheduled task" in str(one.subject)
        ]
        return "; ".join([str(newest().get("status", "nothing")), *news])

    def _records(self, trial: Trial) -> list[dict[str, Any]]:
        return list(self.aws.invoke("slipway-dev-status", {"service": trial.key})["deployments"])


def _is_of(notice: Notice, trial: Trial) -> bool:
    return notice.attributes.get("service") == trial.key


class CommandPlayer(Player):
    """ecs-deploy's commands, as a user with all rights."""

    def __init__(self, aws: EmbeddedAws, way: Way, venv: Path) -> None:
        super().__init__(aws, way)
        self._bin = venv / "bin"

    def deploy(self, job: Job, build: Build) -> str:
        job.trial.push(build)
        return self._run(job, build)

    def go_back(self, job: Job, build: Build) -> str:
        """It has no command for it: what it says of `ecs rollback`, then the earlier tag again."""
        none = self._ended(job, f"rollback {CLUSTER} {job.trial.service_name}")
        return f"`ecs rollback`: {_last(none)}; then the earlier tag: {self._run(job, build)}"

    def made(self, principal: str, job: Job) -> bool:
        return principal == self._name(job)

    def _run(self, job: Job, build: Build) -> str:
        trial = job.trial
        for command in self.way.commands:
            ended = self._ended(
                job,
                command.format(
                    service=trial.service_name,
                    family=trial.repository,
                    rule=job.name,
                    tag=trial.tag(build),
                ),
            )
            if ended.code:
                return f"`ecs {command.split()[0]}`: exit {ended.code}, {_last(ended)}"
        return "exit 0"

    def _ended(self, job: Job, command: str) -> program.Ended:
        with tempfile.TemporaryDirectory() as home:
            environment: Mapping[str, str] = {**keys_of(self.aws, self._name(job)), "HOME": home}
            python, ecs = str(self._bin / "python"), str(self._bin / "ecs")
            return program.run(self.aws.clock, [python, ecs, *command.split()], environment, LIMIT)

    def _name(self, job: Job) -> str:
        return f"ecs-deploy/{job.name}"


def _last(ended: program.Ended) -> str:
    """The last line that a program wrote."""
    lines = [line.strip() for line in ended.output.splitlines() if line.strip()]
    return lines[-1] if lines else ""


def players(aws: EmbeddedAws, venv: Path) -> list[Player]:
    """A player of every way."""
    return [
        SlipwayPlayer(aws, way) if way is SLIPWAY else CommandPlayer(aws, way, venv) for way in WAYS
    ]


def seconds(since: datetime, calls: list[Record]) -> float | None:
    """Simulated seconds to the last of these calls; None without any."""
    return round((calls[-1].at - since).total_seconds(), 1) if calls else None
