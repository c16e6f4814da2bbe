"""All of Slipway in one process, on a virtual clock, so that thousands of tests are possible.

`app.py` and boto3 are the real ones. The services are the simulated ones, and IAM has the policies
that packaging generates. `Rehearsal` takes the place of Lambda and Step Functions: it calls the
handlers, and does what the state machine does (wait, call `watch`, wait for as long as it answers).
The packaged template, Lambda's runtime and the state machine itself run in `EmbeddedAws` only.
"""

from __future__ import annotations

import importlib
import itertools
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar
from unittest.mock import patch

import botocore.endpoint
from botocore.awsrequest import AWSResponse
from moto import mock_aws
from moto.events.models import EventPattern, Rule

from chalicelib.model.deployments import OPEN
from chalicelib.model.targets import Targets, load_targets
from embedded.clock.clock import VirtualClock
from embedded.services import ecr, ecs
from embedded.services.dynamodb import Lagging, without_detours
from embedded.services.read_lag import ReadLag
from example.conflicto import ACCOUNT, REGION
from rehearsal import account
from rehearsal.account import TABLE
from rehearsal.permissions import Permissions
from rehearsal.scheduled_tasks import ScheduledTasks
from rehearsal.watchers import Watchers
from rehearsal.wire import Attempt, wired

_FIRST_WAIT = 10
_NO_TIME = SimpleNamespace(sleep=lambda _: None)  # the retries of a function take no time here
_DELIVERY_SECONDS = 1.0
_ENVIRONMENT = {
    "AWS_DEFAULT_REGION": REGION,
    "AWS_REGION": REGION,
    "AWS_ACCESS_KEY_ID": "rehearsal",
    "AWS_SECRET_ACCESS_KEY": "rehearsal",
    "LEDGER_TABLE": TABLE,
    "STATE_MACHINE_ARN": f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:slipway-dev",
    "STAGE": "dev",
    "POWERTOOLS_LOG_LEVEL": "CRITICAL",
}


@dataclass(frozen=True)
class Context:
    """What a handler uses of Lambda's context object."""

    aws_request_id: str
    function_name: str
    timeout_ms: int = 30_000

    @property
    def invoked_function_arn(self) -> str:
        return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{self.function_name}"

    def get_remaining_time_in_millis(self) -> int:
        return self.timeout_ms


@dataclass
class Rehearsal:
    """One team's account with Slipway in it; use `rehearse()`."""

    clock: VirtualClock
    ecs: ecs.Ecs
    ecr: ecr.Ecr
    app: Any
    permissions: Permissions
    topic: str
    rules: dict[str, Any]
    scheduled_tasks: ScheduledTasks
    events: list[dict[str, Any]] = field(default_factory=list)
    failures: list[tuple[str, Exception]] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    watchers: Watchers = field(init=False)
    deliver: bool = True
    requests: Iterator[int] = field(default_factory=itertools.count)

    def client(self, service: str) -> Any:
        """A person's client; its calls do not count as Slipway's."""
        return account.client(service)

    def invoke(self, function: str, payload: Mapping[str, Any]) -> Any:
        """Call one of the app's handlers as Lambda would; an exception is a failed invocation."""
        context = Context(f"request-{next(self.requests)}", f"slipway-dev-{function}")
        with self.permissions.acting(function):
            return getattr(self.app, function)(dict(payload), context)

    def nudge(self, function: str, payload: Mapping[str, Any]) -> Any:
        """As `invoke`, but a failed invocation is only recorded: something will call again."""
        try:
            return self.invoke(function, payload)
        except Exception as error:  # Lambda survives whatever a handler raises
            self.failures.append((function, error))
            return None

    def advance(self, seconds: float) -> None:
        self.clock.advance(seconds)

    def until(self, reached: Callable[[], bool], limit: float = 3600) -> bool:
        return self.clock.advance_until(reached, limit)

    def deployments(self, service: str) -> list[dict[str, Any]]:
        """What `status` answers about a service, newest first."""
        noted = len(self.calls)
        reply = self.invoke("status", {"service": service})
        del self.calls[noted:]
        return list(reply["deployments"])

    def settle(self, service: str, digest: str, limit: float = 7200) -> dict[str, Any]:
        """Let time pass until the newest deployment of `digest` is closed; returns it."""

        def newest() -> dict[str, Any] | None:
            known = self.deployments(service)
            return next((record for record in known if record["digest"] == digest), None)

        made = -1

        def closed() -> bool:
            nonlocal made
            if made == len(self.calls):
                return False  # Slipway has done nothing since, so nothing has changed
            made = len(self.calls)
            found = newest()
            return found is not None and found["status"] not in OPEN

        if not self.until(closed, limit):
            raise TimeoutError(f"{service} did not settle within {limit} s: {newest()}")
        return newest() or {}

    def notices(self) -> list[dict[str, Any]]:
        """Every message published so far, oldest first."""
        from moto.sns.models import sns_backends  # noqa: PLC0415 - moto is heavy

        topic = sns_backends[ACCOUNT][REGION].topics[self.topic]
        return [
            {
                "subject": subject,
                "body": body,
                "attributes": {
                    name: attribute["Value"] for name, attribute in (attributes or {}).items()
                },
            }
            for _, body, subject, attributes, *_ in topic.sent_notifications
        ]

    def on_event(self, event: dict[str, Any]) -> None:
        """EventBridge: an event goes to the handlers whose rules match it, a moment later."""
        self.events.append(event)
        for function, pattern in self.rules.items():
            if self.deliver and pattern.matches_event(event):
                copied = json.loads(json.dumps(event))
                self.clock.call_later(_DELIVERY_SECONDS, partial(self.nudge, function, copied))

    def send(self, attempt: Attempt) -> AWSResponse:
        """Every request of the app on its way to AWS."""
        return self.permissions.send(attempt)

    def begin(self, execution: str, deployment: str) -> None:
        """Step Functions: an execution begins; it waits first."""
        self.clock.call_later(_FIRST_WAIT, partial(self.poll, execution, deployment))

    def poll(self, execution: str, deployment: str) -> None:
        """Step Functions: one turn of an execution's loop."""
        reply = self.nudge("watch", {"deployment": deployment})
        wait = _FIRST_WAIT if reply is None else reply["wait"]
        if wait:
            self.clock.call_later(wait, partial(self.poll, execution, deployment))
        else:
            self.watchers.executions[execution] = "SUCCEEDED"


_Kind = TypeVar("_Kind", bound=Rehearsal)


@contextmanager
def rehearse(
    targets: str,
    kind: type[_Kind],
    *,
    timings: ecs.Timings | None = None,
    lag: ecs.Lag | None = None,
) -> Iterator[_Kind]:
    """An empty account with Slipway in it, following `targets` (a targets.toml's text).

    `kind` is `Rehearsal`, or a subclass of a test. With a `lag`, ECS' answers may be some seconds
    old, and so may what is read of rules and schedules.
    """
    clock = VirtualClock()
    with ExitStack() as stack:
        _enter_aws(stack, clock, lag)
        bus: list[Callable[[dict[str, Any]], None]] = []

        def emit(event: dict[str, Any]) -> None:
            for receive in bus:
                receive(event)

        simulated = ecs.install(
            clock, emit, timings=timings, seed=7, pull_problem=ecr.pull_problem, lag=lag
        )
        stack.enter_context(simulated)
        registry = ecr.install(clock, emit)
        topic = account.set_up()
        os.environ["NOTICES_TOPIC_ARN"] = topic
        calls: list[str] = []
        loaded = load_targets(targets, _ENVIRONMENT["STAGE"])
        permissions = Permissions(loaded, _arns(topic))
        app = _fresh_app(stack, clock, loaded)
        rehearsal = kind(
            calls=calls,
            clock=clock,
            ecs=simulated,
            ecr=registry,
            app=app,
            permissions=permissions,
            topic=topic,
            rules=_rules(app),
            scheduled_tasks=ScheduledTasks(clock, stack, _read_lag(lag)),
        )
        bus.append(rehearsal.on_event)
        rehearsal.watchers = Watchers(rehearsal.begin)
        permissions.handlers.append(rehearsal.watchers)
        stack.enter_context(wired(rehearsal.send, calls.append))
        yield rehearsal


def _enter_aws(stack: ExitStack, clock: VirtualClock, lag: ecs.Lag | None) -> None:
    stack.enter_context(patch.dict(os.environ, _ENVIRONMENT))
    stack.enter_context(mock_aws())
    lagging = Lagging(clock.now, lag.seconds, lag.seed) if lag else None
    stack.enter_context(without_detours(lagging))
    stack.enter_context(patch.object(botocore.endpoint, "time", _NO_TIME))
    # No rule of an account starts anything by PutEvents here, and moto does not know ECS' targets.
    stack.enter_context(patch.object(Rule, "send_to_targets", lambda *_, **__: None))


def _read_lag(lag: ecs.Lag | None) -> ReadLag | None:
    return ReadLag(lag.seconds, lag.seed, lag.fresh) if lag else None


def _arns(topic: str) -> dict[str, str]:
    """The resources to which the functions' policies refer, by their names in the template."""
    return {
        "Ledger.Arn": f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{TABLE}",
        "Notices": topic,
        "Failures.Arn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:slipway-dev-failures",
    }


def _fresh_app(stack: ExitStack, clock: VirtualClock, targets: Targets) -> Any:
    """The app as after a cold start: without clients and settings of an earlier rehearsal."""
    from chalicelib import lambda_edge, wiring  # noqa: PLC0415 - they read the environment

    lambda_edge.forget()
    stack.callback(lambda_edge.forget)
    stack.enter_context(patch.object(wiring, "targets", lambda: targets))
    stack.enter_context(patch.object(wiring, "now", clock.now))
    if str(root := Path(__file__).parent.parent) not in sys.path:
        sys.path.insert(0, str(root))
    return importlib.import_module("app")


def _rules(app: Any) -> dict[str, Any]:
    """The pattern of each function's rule, as the package carries it to EventBridge."""
    return {
        source.name: EventPattern.load(json.dumps(source.event_pattern))
        for source in app.app.event_sources
        if hasattr(source, "event_pattern")
    }
