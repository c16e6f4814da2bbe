"""Slipway over many services, its functions side by side: a rehearsal in which calls take time.

Every AWS call of a function takes `CALL_SECONDS` (assumed). Its retries wait, it is killed at its
time-out, and the other functions run meanwhile. Documented: "How Lambda handles errors and retries
with asynchronous invocation" (twice more, after one minute and after two; then the failure queue).
The state machine retries as .chalice/resources.yaml says. The time-outs are those of config.json.
Not simulated: cold starts, the account's limit of concurrent executions, throttles of other
services than ECS.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from threading import local
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import botocore.endpoint
from botocore.awsrequest import AWSResponse

from rehearsal.rehearsal import Context, Rehearsal
from rehearsal.turns import TimedOut, Turns
from rehearsal.wire import WIRE, Attempt

CALL_SECONDS = 0.04  # on the way, in AWS, and computed with a fraction of a processor
_DELIVERY_SECONDS = 1.0
_HOOKED = frozenset({"ecs", "events", "scheduler"})  # services whose clients get hooks
_RETRIES_AFTER = (60.0, 120.0)
_SWEEP_SECONDS = 600.0
_FIRST_WAIT = 10.0
_CONFIG = Path(__file__).parent.parent / ".chalice" / "config.json"


@dataclass
class Fleet(Rehearsal):
    """Use within `side_by_side()`. Failures are counted, not raised."""

    turns: Turns = field(init=False)
    invocations: Counter[str] = field(default_factory=Counter)
    timed_out: Counter[str] = field(default_factory=Counter)
    undelivered: list[dict[str, Any]] = field(default_factory=list)
    lost_sight: int = 0
    executions: dict[str, bool] = field(default_factory=dict)  # by name: does it run?
    seconds: dict[str, list[float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.turns = Turns(self.clock)
        (stage,) = json.loads(_CONFIG.read_text("utf-8"))["stages"].values()
        functions = stage["lambda_functions"]
        self._timeouts = {name: each["lambda_timeout"] for name, each in functions.items()}
        self._warm: list[dict[Any, Any]] = []
        self._shared: dict[Any, Any] = {}
        self._environment = local()

    def on_event(self, event: dict[str, Any]) -> None:
        self.events.append(event)
        if not self.deliver:
            return
        for function, pattern in self.rules.items():
            if pattern.matches_event(event):
                deliver = partial(self.deliver_to, function, json.loads(json.dumps(event)))
                self.clock.call_later(_DELIVERY_SECONDS, deliver)

    def deliver_to(self, function: str, event: dict[str, Any], tried: int = 0) -> None:
        """Lambda's asynchronous invocation."""

        def failed() -> None:
            if tried < len(_RETRIES_AFTER):
                again = partial(self.deliver_to, function, event, tried + 1)
                self.clock.call_later(_RETRIES_AFTER[tried], again)
            else:
                self.undelivered.append(event)

        self._begin(function, event, lambda _: None, failed)

    def every_ten_minutes(self) -> None:
        """Call `sweep` every ten minutes from now on, as EventBridge's schedule does."""
        self.deliver_to("sweep", {"source": "aws.events"})
        self.clock.call_later(_SWEEP_SECONDS, self.every_ten_minutes)

    def begin(self, execution: str, deployment: str) -> None:
        """Begin an execution of the state machine, which waits first."""
        self.executions[execution] = True
        self.clock.call_later(_FIRST_WAIT, partial(self._watch, deployment, execution))

    def _end(self, execution: str) -> None:
        self.executions[execution] = False
        self.watchers.executions.pop(execution, None)

    def _watch(self, deployment: str, name: str, tried: int = 0) -> None:
        def answered(reply: dict[str, Any]) -> None:
            if reply["wait"]:
                again = partial(self._watch, deployment, name)
                self.clock.call_later(reply["wait"], again)
            else:
                self._end(name)

        def failed() -> None:
            # resources.yaml, Watch, Retry of States.ALL
            if tried < 11:  # noqa: PLR2004
                again = partial(self._watch, deployment, name, tried + 1)
                self.clock.call_later(min(5 * 2.0**tried, 300), again)
            else:
                self._end(name)
                self.lost_sight += 1

        self._begin("watch", {"deployment": deployment}, answered, failed)

    def _begin(
        self,
        function: str,
        payload: dict[str, Any],
        answered: Callable[[Any], None],
        failed: Callable[[], None],
    ) -> None:
        """Begin one invocation, in an execution environment of its own."""
        timeout = float(self._timeouts[function])
        context = Context(
            f"request-{next(self.requests)}", f"slipway-dev-{function}", int(timeout * 1000)
        )

        def work() -> None:
            self.invocations[function] += 1
            began = self.clock.now()
            clients = self._environment.clients = self._warm.pop() if self._warm else {}
            try:
                with self.permissions.acting(function):
                    reply = getattr(self.app, function)(payload, context)
            except TimedOut:
                self.timed_out[function] += 1
                failed()
            except Exception as error:  # Lambda survives whatever a handler raises
                self.failures.append((function, error))
                failed()
            else:
                answered(reply)
            self._warm.append(clients)
            took = (self.clock.now() - began).total_seconds()
            self.seconds.setdefault(function, []).append(took)

        self.turns.begin(work, timeout)

    def client_of(self, service: str, attempts: int, seconds: int) -> Any:
        """The client of this execution environment.

        All but those with hooks are shared: `chalicelib.aws.raw` hooks into a client during a call.
        """
        clients = getattr(self._environment, "clients", self._shared)
        if service not in _HOOKED:
            clients = self._shared
        key = (service, attempts, seconds)
        if key not in clients:
            clients[key] = self._make(*key)
        return clients[key]

    _make: Callable[[str, int, int], Any] = field(init=False, repr=False)


@contextmanager
def side_by_side(fleet: Fleet) -> Iterator[None]:
    """Within the block, functions run side by side, and their calls take time."""
    from chalicelib.aws import clients  # noqa: PLC0415 - reads the environment when first used

    line = WIRE.line

    def slow(attempt: Attempt) -> AWSResponse:
        fleet.turns.sleep(CALL_SECONDS)
        return line(attempt)

    fleet._make = WIRE.made
    with ExitStack() as patches:
        patches.enter_context(patch.object(clients, "_client", fleet.client_of))
        patches.enter_context(patch.object(WIRE, "line", slow))
        time = SimpleNamespace(sleep=fleet.turns.sleep)
        patches.enter_context(patch.object(botocore.endpoint, "time", time))
        yield
