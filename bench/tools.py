"""The tools: each deploys the new image once and says how that went.

Slipway is told by a push, and its verdict is the first notice that tells the outcome. The others
are commands: exit code 0 says that the new image is live, any other that it is not.
"""

from __future__ import annotations

import json
import sys
import tempfile
import threading
from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from bench import program
from bench.account import ecs_calls, keys_of, updated_at
from bench.rows import Row
from chalicelib.model.deployments import OPEN, Status
from embedded.account import EmbeddedAws
from embedded.services.sns import Notice
from example.scenario import CLUSTER, Build, Scenario, Trial

DEADLINE = 1800  # seconds that ecs-deploy is given; Slipway's default is the same 30 minutes
LIMIT = 5400  # simulated seconds after which any tool is given up
_SAID: dict[str, str] = {
    Status.SUCCESSFUL: "successful",
    Status.SUPERSEDED: "superseded",
    Status.ROLLBACK_IN_PROGRESS: "failed",
    Status.ROLLBACK_SUCCESSFUL: "failed",
    Status.ROLLBACK_FAILED: "failed",
    Status.FAILED: "failed",
}


class Tool(ABC):
    """A way to deploy; a tool is asked from a thread of its own."""

    name: str

    def __init__(self, aws: EmbeddedAws) -> None:
        self._aws = aws

    @abstractmethod
    def ship(self, trial: Trial, build: Build) -> None:
        """Deploy an image as the users of the tool do, without waiting."""

    @abstractmethod
    def deploy(self, trial: Trial) -> Row: ...

    def settled(self, trial: Trial) -> bool:
        """Whether the deployment has ended, for the tool as well."""
        return trial.ready


class Slipway(Tool):
    """The packaged template and zip, on a push."""

    name = "slipway"

    def ship(self, trial: Trial, build: Build) -> None:
        threading.Thread(target=trial.push, args=(build,)).start()

    def settled(self, trial: Trial) -> bool:
        records = self._status(trial)
        return trial.ready and bool(records) and records[0]["status"] not in OPEN

    def deploy(self, trial: Trial) -> Row:
        aws, since = self._aws, len(self._aws.recorder.calls)
        earlier = {one["deployment"] for one in self._status(trial)}
        invoked = len(aws.invocations)
        trial.push("new")
        aws.wait_until(lambda: self._last(trial, earlier) not in {"", *OPEN}, LIMIT)
        aws.wait_until(lambda: aws.idle, 60)
        told = [one for one in self._notices(trial, earlier) if one.attributes["status"] in _SAID]
        final = self._record(trial).get("status", "none")
        verdict = _SAID.get(final, final)
        first = next((one for one in told if _SAID[one.attributes["status"]] == verdict), None)
        began = updated_at(aws, trial, _is_slipway, since)
        peaks = [one.memory_mb or 0 for one in aws.invocations[invoked:]]
        return Row(
            scenario=trial.scenario.name,
            tool=self.name,
            verdict=verdict,
            right=verdict == trial.scenario.right,
            seconds=round(first.at.timestamp() - began, 1) if first else None,
            calls=ecs_calls(aws, _is_slipway, since),
            peak_mb=max(peaks, default=0),
            certain=certain_after(aws, trial, began),
        )

    def _status(self, trial: Trial) -> list[dict[str, Any]]:
        reply = self._aws.invoke("slipway-dev-status", {"service": trial.key})
        return list(reply["deployments"])

    def _record(self, trial: Trial) -> dict[str, Any]:
        found = (one for one in self._status(trial) if one["digest"] == trial.digest())
        return next(found, {})

    def _notices(self, trial: Trial, earlier: set[str]) -> list[Notice]:
        """The notices about the new image, not about an earlier image or a newer push."""
        about = [
            one
            for one in self._aws.notices()
            if one.attributes.get("service") == trial.key
            and one.attributes["deployment"] not in earlier
        ]
        return [one for one in about if one.attributes["deployment"] == _of(about[0])]

    def _last(self, trial: Trial, earlier: set[str]) -> str:
        told = self._notices(trial, earlier)
        return told[-1].attributes["status"] if told else ""


def _of(notice: Notice) -> str:
    return notice.attributes["deployment"]


class SlipwayLagging(Slipway):
    """Slipway on an embedded AWS whose reads lag."""

    name = "slipway-lag"


def _is_slipway(principal: str) -> bool:
    """Whether Slipway made the call, without the sweep: it looks at all scenarios at once."""
    return principal.startswith("slipway-dev-") and not principal.endswith("-sweep")


class Command(Tool):
    """A tool that a pipeline runs as one command, or as several in a row."""

    def ship(self, trial: Trial, build: Build) -> None:
        threading.Thread(target=self._ship, args=(trial, build)).start()

    def _ship(self, trial: Trial, build: Build) -> None:
        trial.push(build)
        ecs = self._aws.client("ecs")
        made = ecs.register_task_definition(**trial.definition(build))["taskDefinition"]
        ecs.update_service(
            cluster=CLUSTER, service=trial.service_name, taskDefinition=made["taskDefinitionArn"]
        )

    def deploy(self, trial: Trial) -> Row:
        aws, since = self._aws, len(self._aws.recorder.calls)
        trial.push("new")
        principal = f"{self.name}/{trial.scenario.name}"
        keys = keys_of(aws, principal)
        with tempfile.TemporaryDirectory() as home:
            environment = {**keys, "HOME": home}
            peak = 0
            for command in self.commands(trial, Path(home)):
                ended = program.run(aws.clock, command, environment, LIMIT)
                peak = max(peak, ended.peak_mb)
                if ended.code:
                    break
            (Path(home) / "output").write_text(ended.output, encoding="utf-8")
        verdict = "failed" if ended.code else "successful"
        began = updated_at(aws, trial, principal.__eq__, since)
        return Row(
            scenario=trial.scenario.name,
            tool=self.name,
            verdict=verdict,
            right=is_right(verdict, trial.scenario),
            seconds=round(ended.at.timestamp() - began, 1),
            calls=ecs_calls(aws, principal.__eq__, since),
            peak_mb=peak,
            certain=certain_after(aws, trial, began),
        )

    @abstractmethod
    def commands(self, trial: Trial, home: Path) -> Sequence[Sequence[str]]: ...


def certain_after(aws: EmbeddedAws, trial: Trial, began: float) -> float | None:
    """Seconds from `began` (epoch seconds) to certainty; None if it takes too long.

    It waits for certainty: a tool may have said its verdict before.
    """

    def certain_at() -> datetime | None:
        with aws.clock.lock:
            return trial.certain_at

    aws.wait_until(certain_at, LIMIT)
    found = certain_at()
    return None if found is None else round(found.timestamp() - began, 1)


def is_right(verdict: str, scenario: Scenario) -> bool:
    """Whether the verdict is right; a superseded image may also be called a failure."""
    return (verdict == "successful") == (scenario.right == "successful")


class EcsDeploy(Command):
    """https://github.com/fabfuel/ecs-deploy with its own rollback."""

    name = "ecs-deploy"

    def __init__(self, aws: EmbeddedAws, venv: Path) -> None:
        super().__init__(aws)
        self._python = venv / "bin" / "python"

    def commands(self, trial: Trial, home: Path) -> Sequence[Sequence[str]]:
        del home
        words = f"deploy {CLUSTER} {trial.service_name} --tag {trial.tag()} --rollback"
        program_file = str(self._python.with_name("ecs"))
        return [
            [str(self._python), program_file, *words.split(), "--timeout", str(DEADLINE)],
        ]


class AwsWaiter(Command):
    """The AWS CLI: register, update, `aws ecs wait services-stable`."""

    name = "aws-waiter"

    def commands(self, trial: Trial, home: Path) -> Sequence[Sequence[str]]:
        file = home / "task-definition.json"
        file.write_text(json.dumps(trial.definition("new")), encoding="utf-8")
        aws = [sys.executable, str(Path(sys.executable).with_name("aws")), "ecs"]
        return [
            [*aws, "register-task-definition", "--cli-input-json", f"file://{file}"],
            [*aws, "update-service", "--cluster", CLUSTER, "--service", trial.service_name,
             "--task-definition", trial.repository],
            [*aws, "wait", "services-stable", "--cluster", CLUSTER, "--services",
             trial.service_name],
        ]  # fmt: skip
