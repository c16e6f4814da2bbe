"""What a story is told with: the account, its timeline, what people do, and what must be true."""

from __future__ import annotations

import time
from typing import Any

from rich.console import Console
from rich.text import Text

from chalicelib.model.deployments import OPEN
from demo.timeline import Timeline
from embedded.account import EmbeddedAws
from example import conflicto

SERVICE = "conflicto-dev/conflicto-backend-service-dev"
FAMILY = "conflicto-backend-dev"
LIMIT = 300  # simulated seconds for one act
_REPOSITORY = "conflicto-backend-dev"


class Teller:
    """The service of dev in the embedded AWS, and what is said of it."""

    def __init__(self, aws: EmbeddedAws, console: Console) -> None:
        self.aws = aws
        self.timeline = Timeline(aws, console, "conflicto-dev")
        self.checks: list[tuple[bool, str]] = []
        self._console = console
        self._began = time.monotonic()

    def title(self, name: str, text: str) -> None:
        """Begin an act."""
        self.timeline.finish()
        self._console.print()
        self._console.rule(Text.assemble((name, "bold"), ("  " + text, "dim")), align="left")

    def check(self, true: object, claim: str) -> None:
        """Note whether a claim is true; all are told at the end."""
        self.checks.append((bool(true), claim))

    def tell_checks(self) -> None:
        """Print each claim with a mark, and what it took."""
        for true, claim in self.checks:
            mark = Text("  ✓ ", "green") if true else Text("  ✗ ", "bold red")
            self._console.print(mark + Text(claim))
        self._console.print()
        self._console.print(Text(f"  {self._figures()}", "dim"))

    def _figures(self) -> str:
        calls = self.aws.recorder.calls
        ours = [call for call in calls if call.service == "ecs" and "slipway" in call.principal]
        took = time.monotonic() - self._began
        return f"{took:.0f} s; {len(ours)} ECS calls by Slipway for five deployments"

    def push(self, *tags: str) -> str:
        """Push an image, as GitHub Actions would; return its digest."""
        names = " and ".join(f":{tag}" for tag in tags)
        self.timeline.say("GitHub Actions", f"docker push {_REPOSITORY}{names}")
        return conflicto.push(self.aws.client, _REPOSITORY, tags)

    def rollback(self, to: str, **words: Any) -> dict[str, Any]:
        """Ask for a rollback by hand; return the reply."""
        said = ", with `override`" if words.get("override") else ""
        self.timeline.say("a person", f"rollback to {to}{said}")
        asked = {"service": SERVICE, "to": to, "by": "the demo", **words}
        reply: dict[str, Any] = self.aws.invoke("slipway-dev-rollback", asked)
        if "error" in reply:
            self.timeline.say("the reply", reply["error"], "red")
        return reply

    def settled(self, digest: str = "", deployment: str = "") -> dict[str, Any]:
        """Return the record once it is closed, and show what happens meanwhile."""

        def record() -> dict[str, Any]:
            found = self.aws.invoke("slipway-dev-status", {"service": SERVICE})["deployments"]
            asked_for = (
                each
                for each in found
                if digest == each["digest"] or deployment == each["deployment"]
            )
            return next(asked_for, None) or {"status": "PENDING", "case": ""}

        def told() -> bool:
            self.timeline.show()
            return len(self.aws.notices()) > before and last().attributes["status"] not in OPEN

        def last() -> Any:
            return self.aws.notices()[-1]

        before = len(self.aws.notices())
        self.aws.wait_until(told, LIMIT)
        self.aws.wait_until(lambda: self.aws.idle, LIMIT)
        self.timeline.finish()
        return record()

    def service(self, stage: str = "dev") -> dict[str, Any]:
        """Return the service as ECS describes it."""
        found = self.aws.client("ecs").describe_services(
            cluster=f"conflicto-{stage}", services=[f"conflicto-backend-service-{stage}"]
        )
        return dict(found["services"][0])

    def steady(self, stage: str) -> bool:
        return bool(self.service(stage)["deployments"][0]["rolloutState"] == "COMPLETED")

    def steady_on(self, revision: str) -> bool:
        on_it = self.service()["taskDefinition"].endswith(f"/{revision}")
        return bool(on_it and self.steady("dev"))

    def image_running(self) -> str:
        """Return the image of the revision that the service should run."""
        definition = self.aws.client("ecs").describe_task_definition(
            taskDefinition=self.service()["taskDefinition"]
        )
        return str(definition["taskDefinition"]["containerDefinitions"][0]["image"])

    def called(self, operation: str) -> int:
        """Return how often Slipway called this operation of ECS."""
        made = self.aws.recorder.select("ecs", operation)
        return sum("slipway" in call.principal for call in made)
