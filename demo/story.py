"""`make demo`: the main job, told as it happens, on the packaged template and the packaged zip.

Exit code 0 only when everything that should have happened did.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from chalicelib.model.deployments import OPEN
from cli.project import without_package
from cli.terminal import Interrupted
from demo.timeline import Timeline
from embedded.account import EmbeddedAws
from embedded.services.ecs import Crash
from example import conflicto

RATE = 10.0
_PACKAGE = Path("out/dev")
_SERVICE = "conflicto-dev/conflicto-backend-service-dev"
_REPOSITORY = "conflicto-backend-dev"
_FAMILY = "conflicto-backend-dev"
_PIPED_WIDTH = 110  # columns
_LIMIT = 300  # simulated seconds for one act
_GOOD, _BAD = "abc1234", "bad5678"
_LOGS = ("Booting worker with pid: 8", "KeyError: 'DATABASE_URL'")


class Story:
    """The demonstration: acts, and what must be true after each."""

    def __init__(self, aws: EmbeddedAws, console: Console) -> None:
        self._aws = aws
        self._console = console
        self._timeline = Timeline(aws, console, "conflicto-dev")
        self._began = time.monotonic()
        self.checks: list[tuple[bool, str]] = []

    def tell(self) -> None:
        """All acts, in order."""
        self._before()
        self._a_good_image()
        self._a_crashing_image()
        self._a_rollback_by_hand()
        self._epilogue()

    def _before(self) -> None:
        aws = self._aws
        self._title("Before", f"an AWS account, {RATE:.0f} times as fast as real time")
        conflicto.build(aws.client)
        steady = aws.wait_until(lambda: all(map(self._steady, conflicto.STAGES)), _LIMIT)
        self._check(steady, "the team's services run steadily before Slipway comes")
        self._timeline.forget()
        has = "each an ECR repository and an ECS service of 2 tasks"
        self._timeline.say("the team's account", f"{', '.join(conflicto.STAGES)}: {has}", "")
        stack = aws.deploy(_PACKAGE / "sam.json", _PACKAGE / "deployment.zip")
        count = len(stack.resources)
        self._timeline.say("CloudFormation", f"stack slipway-dev: {count} resources, all there", "")
        self._check(count > 0, f"the packaged template deploys: {count} resources")

    def _a_good_image(self) -> None:
        self._title("Act 1", "a good image is pushed, and nobody does anything more")
        digest = self._push(_GOOD, "latest")
        record = self._settled(digest)
        self._check(record["status"] == "SUCCESSFUL", f"{_GOOD} is live, and Slipway says so")
        self._check(self._image_running().endswith(digest), "the service runs the pushed digest")
        once = self._aws.recorder.count("ecs", "UpdateService", self._of("on_image_push"))
        self._check(once == 1, "two tags, one deployment: one UpdateService")

    def _a_crashing_image(self) -> None:
        self._title("Act 2", "an image that crashes at start")
        self._aws.ecs.faults.image(
            conflicto.digest_of(_BAD), Crash(exit_code=1, after=3, logs=_LOGS)
        )
        record = self._settled(self._push(_BAD))
        self._check(
            record["status"] == "ROLLBACK_SUCCESSFUL", f"{_BAD} is called a failure, rolled back"
        )
        self._check("exited with code 1" in record["case"], "the notice says why it failed")
        self._check(self._steady_on(f"{_FAMILY}:2"), f"the service is back on {_FAMILY}:2")

    def _a_rollback_by_hand(self) -> None:
        self._title("Act 3", "somebody wants the version before that one")
        self._timeline.say("a person", f"rollback {_SERVICE} to {_FAMILY}:1")
        reply = self._aws.invoke(
            "slipway-dev-rollback",
            {
                "service": _SERVICE,
                "to": f"{_FAMILY}:1",
                "by": "the demo",
                "why": "to show a rollback by hand",
            },
        )
        record = self._settled(deployment=reply["deployment"])
        self._check(record["status"] == "SUCCESSFUL", "the rollback by hand is live")
        self._check(self._steady_on(f"{_FAMILY}:1"), f"the service runs {_FAMILY}:1 again")

    def _epilogue(self) -> None:
        aws = self._aws
        self._title("What must be true", "and is checked")
        others = [self._service(stage)["taskDefinition"] for stage in conflicto.STAGES[1:]]
        untouched = all(revision.endswith(":1") for revision in others)
        self._check(untouched, "staging and prod were not touched")
        idle = aws.wait_until(self._watchers_ended, _LIMIT)
        self._check(idle, "every watcher of the state machine has ended well")
        failed = [record for record in aws.invocations if record.error]
        self._check(not failed, f"{len(aws.invocations)} invocations, none failed")
        denied = [call for call in aws.recorder.calls if call.outcome == 403]  # noqa: PLR2004 - HTTP
        self._check(not denied, "every call was allowed by its function's own role")
        for true, claim in self.checks:
            mark = Text("  ✓ ", "green") if true else Text("  ✗ ", "bold red")
            self._console.print(mark + Text(claim))
        self._console.print()
        self._console.print(Text(f"  {self._figures()}", "dim"))

    def _figures(self) -> str:
        calls = self._aws.recorder.calls
        ours = [call for call in calls if call.service == "ecs" and "slipway" in call.principal]
        took = time.monotonic() - self._began
        return f"{took:.0f} s; {len(ours)} ECS calls by Slipway for three deployments"

    def _push(self, *tags: str) -> str:
        names = " and ".join(f":{tag}" for tag in tags)
        self._timeline.say("GitHub Actions", f"docker push {_REPOSITORY}{names}")
        return conflicto.push(self._aws.client, _REPOSITORY, tags)

    def _settled(self, digest: str = "", deployment: str = "") -> dict[str, Any]:
        """The record once it is closed, showing what happens meanwhile."""

        def record() -> dict[str, Any]:
            found = self._aws.invoke("slipway-dev-status", {"service": _SERVICE})["deployments"]
            asked_for = (
                each
                for each in found
                if digest == each["digest"] or deployment == each["deployment"]
            )
            return next(asked_for, None) or {"status": "PENDING", "case": ""}

        def told() -> bool:
            self._timeline.show()
            return len(self._aws.notices()) > before and last().attributes["status"] not in OPEN

        def last() -> Any:
            return self._aws.notices()[-1]

        before = len(self._aws.notices())
        self._aws.wait_until(told, _LIMIT)
        self._aws.wait_until(lambda: self._aws.idle, _LIMIT)
        self._timeline.finish()
        return record()

    def _service(self, stage: str = "dev") -> dict[str, Any]:
        found = self._aws.client("ecs").describe_services(
            cluster=f"conflicto-{stage}", services=[f"conflicto-backend-service-{stage}"]
        )
        return dict(found["services"][0])

    def _steady(self, stage: str) -> bool:
        return bool(self._service(stage)["deployments"][0]["rolloutState"] == "COMPLETED")

    def _steady_on(self, revision: str) -> bool:
        on_it = self._service()["taskDefinition"].endswith(f"/{revision}")
        return bool(on_it and self._steady("dev"))

    def _image_running(self) -> str:
        definition = self._aws.client("ecs").describe_task_definition(
            taskDefinition=self._service()["taskDefinition"]
        )
        return str(definition["taskDefinition"]["containerDefinitions"][0]["image"])

    def _watchers_ended(self) -> bool:
        executions = self._aws.executions()
        return bool(executions) and all(each.status == "SUCCEEDED" for each in executions)

    def _of(self, function: str) -> str:
        named = {call.principal for call in self._aws.recorder.calls if function in call.principal}
        return next(iter(named), "")

    def _check(self, true: object, claim: str) -> None:
        self.checks.append((bool(true), claim))

    def _title(self, name: str, text: str) -> None:
        self._timeline.finish()
        self._console.print()
        self._console.rule(Text.assemble((name, "bold"), ("  " + text, "dim")), align="left")


def main(
    arguments: Sequence[str] = (),
    console: Console | None = None,
    run: Callable[[Story], None] = Story.tell,
) -> int:
    """Tell the story; 0 when every check held."""
    argparse.ArgumentParser(prog="python -m demo story", description=__doc__).parse_args(arguments)
    archive = _PACKAGE / "deployment.zip"
    if not archive.exists():
        raise without_package("dev", archive)
    width = None if sys.stdout.isatty() else _PIPED_WIDTH
    try:
        with EmbeddedAws(rate=RATE) as aws:
            story = Story(aws, console or Console(highlight=False, width=width))
            run(story)
    except KeyboardInterrupt:
        raise Interrupted("Interrupted: the demo has ended, and everything in it.") from None
    return 0 if story.checks and all(true for true, _ in story.checks) else 1
