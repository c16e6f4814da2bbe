"""Lambda and Step Functions: their time-outs and their retries.

Sources: "How Lambda handles errors and retries with asynchronous invocation" (Lambda developer
guide); the Retry and Catch of `Watch` in .chalice/resources.yaml.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache, partial
from pathlib import Path
from typing import Any

from rehearsal.rehearsal import Context
from rehearsal.wire import WIRE
from tests.dialect.rehearsed import RehearsedAccount
from tests.reliability.faults import Killed, without_frames

_ASYNC_RETRIES = (60, 120)
_WATCH_RETRIES = tuple(min(5 * 2**number, 300) for number in range(11))
_CONFIG = Path(__file__).parents[2] / ".chalice" / "config.json"


@dataclass
class Invocation:
    """One invocation of a function; Lambda ends it at its deadline."""

    id: str
    function: str
    deadline: datetime

    def __str__(self) -> str:
        """Its name among all: Lambda tries an invocation again under the same id."""
        return f"{self.id} until {self.deadline:%H:%M:%S}"


@dataclass
class RetriedAccount(RehearsedAccount):
    """Invocations that fail are tried again as AWS does it.

    Several invocations are `under_way` while a call hangs. `letters` names the functions whose
    events ended in the queue of failures.
    """

    under_way: list[Invocation] = field(default_factory=list)
    letters: list[str] = field(default_factory=list)
    crashes: list[BaseException] = field(default_factory=list)
    _waiting: int = 0

    def invoke(self, function: str, payload: Mapping[str, Any], request: str = "") -> Any:
        """One invocation, beside those that hang at this moment."""
        seconds = timeout(function)
        identity = request or f"request-{next(self.requests)}"
        deadline = self.clock.now() + timedelta(seconds=seconds)
        self.under_way.append(Invocation(identity, function, deadline))
        WIRE.depth = len(self.under_way)
        context = Context(identity, f"slipway-dev-{function}", seconds * 1000)
        try:
            with self.permissions.acting(function):
                return getattr(self.app, function)(dict(payload), context)
        finally:
            self.under_way.pop()
            WIRE.depth = len(self.under_way)

    def nudge(self, function: str, payload: Mapping[str, Any]) -> Any:
        """An asynchronous invocation: Lambda tries it three times, as one request."""
        self._asynchronous(function, payload, f"request-{next(self.requests)}", 0)

    def _asynchronous(
        self, function: str, payload: Mapping[str, Any], request: str, tried: int
    ) -> None:
        try:
            self.invoke(function, payload, request)
        except (Exception, Killed) as error:
            self.crashes.append(without_frames(error))
            if tried == len(_ASYNC_RETRIES):
                self.letters.append(function)
                return
            again = partial(self._asynchronous, function, payload, request, tried + 1)
            self._in(_ASYNC_RETRIES[tried], again)

    def _in(self, seconds: float, act: Callable[[], object]) -> None:
        """AWS does something in `seconds`; until then the account is not quiet."""
        self._waiting += 1

        def happens() -> None:
            self._waiting -= 1
            act()

        self.clock.call_later(seconds, happens)

    def poll(self, execution: str, deployment: str, failed: int = 0) -> None:
        """The state machine's `Watch`, with its Retry and its Catch."""
        try:
            wait = self.invoke("watch", {"deployment": deployment})["wait"]
        except (Exception, Killed) as error:
            self.crashes.append(without_frames(error))
            if failed == len(_WATCH_RETRIES):
                self._lost_sight(execution, deployment)
            else:
                again = partial(self.poll, execution, deployment, failed + 1)
                self.clock.call_later(_WATCH_RETRIES[failed], again)
            return
        if wait:
            self.clock.call_later(wait, partial(self.poll, execution, deployment))
        else:
            self.watchers.executions[execution] = "SUCCEEDED"

    def _lost_sight(self, execution: str, deployment: str) -> None:
        """The state machine's Catch: it publishes by itself and fails."""
        self.watchers.executions[execution] = "FAILED"
        attributes = {"notice": f"lost-{execution}", "deployment": deployment, "status": "UNKNOWN"}
        self.client("sns").publish(
            TopicArn=self.topic,
            Subject=f"Slipway lost sight of {deployment}",
            Message="as in .chalice/resources.yaml",
            MessageAttributes={
                key: {"DataType": "String", "StringValue": value}
                for key, value in attributes.items()
            },
        )


@cache
def timeout(function: str) -> int:
    """The function's time-out in seconds, as .chalice/config.json gives it."""
    stages = json.loads(_CONFIG.read_text("utf-8"))["stages"]
    functions = next(iter(stages.values()))["lambda_functions"]
    return int(functions[function]["lambda_timeout"])
