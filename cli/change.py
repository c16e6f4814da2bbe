"""A verb that changes something: who asks and why, the plan, the question, the act, the wait."""

from __future__ import annotations

import shlex
import sys
import uuid
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from cli import ask
from cli.exits import BY_STATUS, LIVE, Declined
from cli.follow import Followed, follow, screen, silent
from cli.show import plan as shown
from cli.show.screen import say, say_json

if TYPE_CHECKING:  # boto3 takes a third of a second
    from cli.functions import Functions

Reply = Mapping[str, Any]
Words = Callable[[Reply], list[str]]


@dataclass(frozen=True)
class Manner:
    """How a person wants a change done: the options that all four verbs have."""

    why: str | None
    dry_run: bool
    yes: bool
    wait: bool
    limit: timedelta
    as_json: bool

    def show(self, plan: Reply, lines: Iterable[str]) -> None:
        """Show the plan: as JSON only where it is all that is wanted."""
        if self.as_json:
            if self.dry_run:
                say_json(plan)
        else:
            say(*lines)


@dataclass
class Change:
    """One call of a function that changes something.

    `command` are the words that do the same without a question.
    """

    functions: Functions
    function: str
    payload: dict[str, Any]
    manner: Manner
    command: list[str] = field(default_factory=list)
    service: str = ""  # where the payload names only a deployment
    asked: bool = False  # a question was put, so the whole command is printed

    def plan(self) -> Reply:
        """The reply of the function with `plan`: nothing is changed.

        Meanwhile, STS tells once who you are, if that will be needed.
        """
        planned = {**self.payload, "by": "slipway", "why": "a plan", "plan": True}
        if self.manner.dry_run or "by" in self.payload:
            return self.functions.call(self.function, planned)
        with ThreadPoolExecutor(1) as other:
            identity = other.submit(self.functions.identity)
            found = self.functions.call(self.function, planned)
            self.payload["by"] = identity.result()
        return found

    def planned(self, plan: Reply) -> int | None:
        """Show the plan; the exit code where it ends here, None where it goes on to `act`.

        Raises:
            Declined: when a program reads, and Slipway would refuse.
        """
        refused = plan["would"] == "refuse"
        if refused and self.manner.as_json and not self.manner.dry_run:
            raise Declined(plan["reason"])
        self.manner.show(plan, shown.lines(plan))
        return shown.code(plan) if self.manner.dry_run or refused else None

    def act(self, question: str) -> Reply:
        """Ask for what is missing, ask whether to go on, and call the function.

        The reply's deployment may only be recorded yet: `finish` waits.
        """
        self.asked |= self.manner.why is None
        why = ask.needed(self.manner.why, "--why", "Why?")
        ask.agreed(question, yes=self.manner.yes)
        who = self.payload.get("by") or self.functions.identity()
        # With a key, asking a second time, as the SDK does after a lost answer, changes nothing.
        payload = {**self.payload, "by": who, "why": why, "key": uuid.uuid4().hex}
        if self.asked:
            self._print_command(why)
        return self.functions.call(self.function, payload)

    def finish(self, reply: Reply, words: Words) -> int:
        """Tell the reply, wait when that is wanted, and return the exit code."""
        deployment, status = reply.get("deployment"), reply.get("status", "")
        if self.manner.wait and deployment and status not in BY_STATUS:
            return self._waited(str(deployment))
        if self.manner.as_json:
            say_json(reply)
        else:
            say(*words(reply))
        return BY_STATUS.get(str(status), LIVE)

    def _waited(self, deployment: str) -> int:
        service = self.service or self.payload["service"]
        watched = silent() if self.manner.as_json else screen()
        followed = Followed(service, deployment, self.manner.limit, watched)
        record, code = follow(self.functions, followed)
        if self.manner.as_json:
            say_json(record)
        return code

    def _print_command(self, why: str) -> None:
        words = ["slipway", *self.command, "--why", why, "--yes", "--stage", self.functions.name]
        print(f"The same as: {shlex.join(words)}", file=sys.stderr)
