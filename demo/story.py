"""`make demo`: the main job, told as it happens, on the packaged template and the packaged zip.

Exit code 0 only when everything that should have happened did.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from rich.console import Console

from cli.project import without_package
from cli.terminal import Interrupted
from demo.repackaged import BEFORE, Repackaged
from demo.teller import FAMILY, LIMIT, Teller
from embedded.account import EmbeddedAws
from embedded.services.ecs import Crash, Exits
from example import conflicto

RATE = 10.0
_PACKAGE = Path("out/dev")
_PIPED_WIDTH = 110  # columns
_GOOD, _BAD = "abc1234", "bad5678"
_LOCKED, _MIGRATED = "bad9012", "def9012"
_LOGS = ("Booting worker with pid: 8", "KeyError: 'DATABASE_URL'")
_LOCK_TIMEOUT = "django.db.utils.OperationalError: canceling statement due to lock timeout"
_MIGRATION_LOGS = ("Applying accounts.0042_contact_email...", _LOCK_TIMEOUT)


class Story:
    """The demonstration: acts, and what must be true after each."""

    def __init__(self, aws: EmbeddedAws, console: Console) -> None:
        self._aws = aws
        self._tell = Teller(aws, console)

    @property
    def checks(self) -> list[tuple[bool, str]]:
        return self._tell.checks

    def tell(self) -> None:
        """All acts, in order."""
        with Repackaged(_PACKAGE) as later:
            self._before()
            self._a_good_image()
            self._a_crashing_image()
            self._add_migrations(later)
        runs = self._tell.called("RunTask")
        self._a_failing_migration()
        self._a_good_migration()
        twice = self._tell.called("RunTask") - runs == len({_LOCKED, _MIGRATED})
        self._tell.check(twice, "each of the two migrations ran once")
        self._a_rollback_by_hand()
        self._epilogue()

    def _before(self) -> None:
        aws, tell = self._aws, self._tell
        tell.title("Before", f"an AWS account, {RATE:.0f} times as fast as real time")
        conflicto.build(aws.client)
        steady = aws.wait_until(lambda: all(map(tell.steady, conflicto.STAGES)), LIMIT)
        tell.check(steady, "the team's services run steadily before Slipway comes")
        tell.timeline.forget()
        has = "each an ECR repository and an ECS service of 2 tasks"
        tell.timeline.say("the team's account", f"{', '.join(conflicto.STAGES)}: {has}", "")
        count = self._deploy(_PACKAGE, "{} resources, all there")
        tell.check(count > 0, f"the packaged template deploys: {count} resources")

    def _deploy(self, package: Path, done: str) -> int:
        """Deploy the package, say what was `done`, and return how many resources the stack has."""
        stack = self._aws.deploy(package / "sam.json", package / "deployment.zip")
        count = len(stack.resources)
        self._tell.timeline.say("CloudFormation", f"stack slipway-dev: {done.format(count)}", "")
        return count

    def _a_good_image(self) -> None:
        tell = self._tell
        tell.title("Act 1", "a good image is pushed, and nobody does anything more")
        digest = tell.push(_GOOD, "latest")
        record = tell.settled(digest)
        tell.check(record["status"] == "SUCCESSFUL", f"{_GOOD} is live, and Slipway says so")
        tell.check(tell.image_running().endswith(digest), "the service runs the pushed digest")
        once = tell.called("UpdateService") == 1
        tell.check(once, "two tags, one deployment: one UpdateService")

    def _a_crashing_image(self) -> None:
        tell = self._tell
        tell.title("Act 2", "an image that crashes at start")
        self._aws.ecs.faults.image(
            conflicto.digest_of(_BAD), Crash(exit_code=1, after=3, logs=_LOGS)
        )
        record = tell.settled(tell.push(_BAD))
        tell.check(
            record["status"] == "ROLLBACK_SUCCESSFUL", f"{_BAD} is called a failure, rolled back"
        )
        tell.check("exited with code 1" in record["case"], "the notice says why it failed")
        tell.check(tell.steady_on(f"{FAMILY}:2"), f"the service is back on {FAMILY}:2")

    def _add_migrations(self, later: Repackaged) -> None:
        tell = self._tell
        tell.title("Act 3", "from now on, each push migrates the database first")
        tell.timeline.say("a person", f"targets.toml: {BEFORE}")
        tell.timeline.say("a person", "make deploy STAGE=dev")
        self._deploy(later.made(), "updated")

    def _a_failing_migration(self) -> None:
        tell = self._tell
        self._aws.ecs.faults.run(
            Exits(exit_code=1, after=6, logs=_MIGRATION_LOGS),
            image=conflicto.digest_of(_LOCKED),
            command="migrate",
        )
        rollouts, updates = tell.service()["deployments"], tell.called("UpdateService")
        record = tell.settled(tell.push(_LOCKED))
        told = self._aws.notices()[-1].body
        tell.check(record["status"] == "FAILED", f"{_LOCKED} is a failure: its migration failed")
        tell.check("exited with code 1" in told and _LOCK_TIMEOUT in told, "the notice says why")
        untouched = rollouts == tell.service()["deployments"]
        tell.check(
            untouched and updates == tell.called("UpdateService"), "the service was not touched"
        )

    def _a_good_migration(self) -> None:
        tell = self._tell
        digest = tell.push(_MIGRATED)
        record = tell.settled(digest)
        live = record["status"] == "SUCCESSFUL" and tell.image_running().endswith(digest)
        tell.check(live, f"{_MIGRATED} is live, after its migration ended well")

    def _a_rollback_by_hand(self) -> None:
        tell, to = self._tell, f"{FAMILY}:2"
        tell.title("Act 4", "somebody wants the version from before the migration")
        refused = tell.rollback(to, why="to show a rollback by hand")
        asks = "deployment" not in refused and "`override`" in refused.get("error", "")
        tell.check(asks, "the way back across a migration needs `override`, and the reply says why")
        reply = tell.rollback(to, why=f"{_GOOD} can work with the new data", override=True)
        record = tell.settled(deployment=reply.get("deployment", "none"))
        tell.check(record["status"] == "SUCCESSFUL", "the rollback by hand is live")
        tell.check(tell.steady_on(to), f"the service runs {to} again")

    def _epilogue(self) -> None:
        aws, tell = self._aws, self._tell
        tell.title("What must be true", "and is checked")
        others = [tell.service(stage)["taskDefinition"] for stage in conflicto.STAGES[1:]]
        untouched = all(revision.endswith(":1") for revision in others)
        tell.check(untouched, "staging and prod were not touched")
        idle = aws.wait_until(self._watchers_ended, LIMIT)
        tell.check(idle, "every watcher of the state machine has ended well")
        failed = [record for record in aws.invocations if record.error]
        tell.check(not failed, f"{len(aws.invocations)} invocations, none failed")
        denied = [call for call in aws.recorder.calls if call.outcome == 403]  # noqa: PLR2004 - HTTP
        tell.check(not denied, "every call was allowed by its function's own role")
        tell.tell_checks()

    def _watchers_ended(self) -> bool:
        executions = self._aws.executions()
        return bool(executions) and all(each.status == "SUCCEEDED" for each in executions)


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
