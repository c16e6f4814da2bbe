"""Lambda, Step Functions and EventBridge as they are on a bad day, around the whole app.

Every AWS call of the app is numbered, in the order of the run: `points` says which call was made,
and `faults` strikes at a number. A run is repeatable: the same faults strike the same calls.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache, partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from boto3.dynamodb.types import TypeDeserializer
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ReadTimeoutError
from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models.dynamo_type import DynamoType

from chalicelib.model.targets import Target
from embedded.calls.call import error_reply
from embedded.gate.faults import Error, Throttle, as_error
from embedded.services.ecs import Lag
from example import conflicto
from rehearsal.account import TABLE
from rehearsal.rehearsal import Context, Rehearsal, rehearse
from rehearsal.wire import WIRE, Attempt

CLUSTER = "conflicto-dev"
SWEEP_SECONDS = 600
_FIRST_SWEEP = 180
_READ_SECONDS = 15  # the SDK's read time-out, in chalicelib/aws/clients.py
_ASYNC_RETRIES = (60, 120)  # "Asynchronous invocation", Lambda developer guide
_WATCH_RETRIES = tuple(min(5 * 2**number, 300) for number in range(11))  # .chalice/resources.yaml
_LATE = 120
_AGAIN = 300
_DENIED = Error("AccessDeniedException", 400, "is not authorized to perform this action")
_read = TypeDeserializer().deserialize


class Killed(BaseException):
    """The function's process died, or Lambda ended it at its time-out."""


@dataclass(frozen=True)
class Point:
    """One AWS call of one run: the `number`th attempt, by `function`."""

    number: int
    function: str
    call: str

    def __str__(self) -> str:
        return f"{self.number}-{self.function}-{self.call}"


@dataclass(frozen=True)
class Act:
    """A call that changed something: who made it, with what, and what was answered."""

    at: datetime
    invocation: str
    function: str
    call: str
    asked: Mapping[str, Any]
    answered: Mapping[str, Any]


@dataclass
class Invocation:
    id: str
    function: str
    deadline: datetime


@dataclass(frozen=True)
class Window:
    """A fault that lasts: which calls it strikes, and until when."""

    until: datetime
    call: str
    function: str
    kind: str


@dataclass(frozen=True)
class Pushed:
    at: datetime
    repository: str
    digest: str


_ACTS = frozenset(
    {
        "ecs:RegisterTaskDefinition",
        "ecs:UpdateService",
        "ecs:StopServiceDeployment",
        "dynamodb:TransactWriteItems",
    }
)
# For how long a fault lasts that is not over at once, in seconds.
_LASTS = {"throttled": 90, "slow": 60, "denied": 900}
KINDS = ("killed before", "killed after", "throttled", "late", "slow", "hung", "denied")
EVENT_KINDS = ("duplicated", "dropped", "swapped")


def _alone(error: BaseException) -> BaseException:
    """Without what it came from: a long run would keep thousands of frames alive."""
    error.__traceback__ = error.__context__ = error.__cause__ = None
    return error


@dataclass
class Machine(Rehearsal):
    """An account with Slipway in it, whose faults, retries and clock are the test's.

    Without `asks_iam`, calls are answered without IAM: that takes half of the time.
    """

    faults: dict[int, str] = field(default_factory=dict)
    event_faults: dict[int, str] = field(default_factory=dict)
    chance: Callable[[tuple[str, ...]], str | None] | None = None
    asks_iam: bool = False
    points: list[Point] = field(default_factory=list)
    heard: list[str] = field(default_factory=list)
    acts: list[Act] = field(default_factory=list)
    struck: int = 0
    windows: list[Window] = field(default_factory=list)
    running: list[Invocation] = field(default_factory=list)
    letters: list[str] = field(default_factory=list)
    crashes: list[BaseException] = field(default_factory=list)
    pushes: list[Pushed] = field(default_factory=list)
    touched: dict[str, datetime] = field(default_factory=dict)
    script: int = 0
    _waiting: int = 0
    _held: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    _looked: int = -1

    # What people do

    def push(self, repository: str, *tags: str, build: str | None = None) -> str:
        """`docker push`: every tag is an event."""
        digest = conflicto.digest_of(build or tags[0])
        self.pushes.append(Pushed(self.clock.now(), repository, digest))
        return conflicto.push(self.client, repository, tags, build)

    def later(self, seconds: float, act: Callable[[], object]) -> None:
        """Something that happens in `seconds`: the run is not over before."""
        self.script += 1

        def happens() -> None:
            self.script -= 1
            act()

        self.clock.call_later(seconds, happens)

    def when(self, reached: Callable[[], object], act: Callable[[], object]) -> None:
        """Something that happens as soon as `reached()`, looked at every second."""

        def look() -> None:
            if reached():
                act()
            else:
                self.later(1, look)

        self.later(1, look)

    def person(self, function: str, payload: Mapping[str, Any], tries: int = 60) -> None:
        """Somebody invokes a function, and again in a minute when that did not work."""
        reply: dict[str, Any] | None = None
        try:
            reply = self.invoke(function, payload)
        except (Exception, Killed) as error:
            self.crashes.append(_alone(error))
        if reply is None or "Ask again" in reply.get("error", ""):
            if not tries:
                raise TimeoutError(f"{function} was not answered: {reply}")
            self.later(60, lambda: self.person(function, payload, tries - 1))

    def touch(self, service: str) -> None:
        """Somebody acts on the service beside Slipway."""
        self.touched[service] = self.clock.now()

    def console(self, service: str, operation: str, **request: Any) -> None:
        """Somebody changes the service in the console."""
        self.touch(service)
        cluster, name = service.split("/")
        act = getattr(self.client("ecs"), operation)
        act(cluster=cluster, service=name, **request)

    # Lambda

    def invoke(self, function: str, payload: Mapping[str, Any], request: str = "") -> Any:
        """One invocation, beside those that hang at this moment."""
        seconds = timeout(function)
        identity = request or f"request-{next(self.requests)}"
        deadline = self.clock.now() + timedelta(seconds=seconds)
        self.running.append(Invocation(identity, function, deadline))
        WIRE.depth = len(self.running)
        context = Context(identity, f"slipway-dev-{function}", seconds * 1000)
        try:
            with self.permissions.acting(function):
                return getattr(self.app, function)(dict(payload), context)
        finally:
            self.running.pop()
            WIRE.depth = len(self.running)

    def nudge(self, function: str, payload: Mapping[str, Any]) -> Any:
        """An asynchronous invocation: Lambda tries it three times, as one request."""
        self._asynchronous(function, payload, f"request-{next(self.requests)}", 0)

    def _asynchronous(
        self, function: str, payload: Mapping[str, Any], request: str, tried: int
    ) -> None:
        try:
            self.invoke(function, payload, request)
        except (Exception, Killed) as error:
            self.crashes.append(_alone(error))
            if tried == len(_ASYNC_RETRIES):
                self.letters.append(function)
                return
            again = partial(self._asynchronous, function, payload, request, tried + 1)
            self._in(_ASYNC_RETRIES[tried], again)

    # EventBridge

    def on_event(self, event: dict[str, Any]) -> None:
        for function, pattern in self.rules.items():
            if self.deliver and pattern.matches_event(event):
                self._heard(function, json.loads(json.dumps(event)))

    def _heard(self, function: str, event: dict[str, Any]) -> None:
        number = len(self.heard)
        self.heard.append(f"{number}-{function}-{event['detail-type'].replace(' ', '-')}")
        before, self._held = self._held, []
        kind = self.event_faults.get(number) or (self.chance and self.chance(EVENT_KINDS))
        self.struck += kind is not None
        match kind:
            case "dropped":
                pass
            case "swapped":
                self._held = [(function, event)]
                self._in(_LATE, partial(self._overdue, number, function, event))
            case "duplicated":
                for seconds in (1, 1, _AGAIN):
                    self._in(seconds, partial(self.nudge, function, event))
            case _:
                self._in(1, partial(self.nudge, function, event))
        for held in before:
            self._in(1, partial(self.nudge, *held))

    def _overdue(self, number: int, function: str, event: dict[str, Any]) -> None:
        """No event came after the one that was held back."""
        if len(self.heard) == number + 1 and self._held:
            self._held = []
            self.nudge(function, event)

    def _in(self, seconds: float, act: Callable[[], object]) -> None:
        self._waiting += 1

        def happens() -> None:
            self._waiting -= 1
            act()

        self.clock.call_later(seconds, happens)

    # Step Functions

    def poll(self, execution: str, deployment: str, failed: int = 0) -> None:
        """`Watch` with its Retry and Catch, as in .chalice/resources.yaml."""
        try:
            wait = self.invoke("watch", {"deployment": deployment})["wait"]
        except (Exception, Killed) as error:
            self.crashes.append(_alone(error))
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

    # The calls

    def send(self, attempt: Attempt) -> AWSResponse:
        if not self.running:
            return super().send(attempt)
        invocation, call = self.running[-1], str(attempt)
        if self.clock.now() >= invocation.deadline:
            raise Killed(f"{invocation.function} timed out")
        point = Point(len(self.points), invocation.function, call)
        self.points.append(point)
        kind = self.faults.get(point.number) or (self.chance and self.chance(KINDS))
        if kind in _LASTS:
            until = self.clock.now() + timedelta(seconds=_LASTS[kind])
            self.windows.append(Window(until, call, invocation.function, kind))
        return self._struck(attempt, invocation, kind or self._lasting(call, invocation))

    def _lasting(self, call: str, invocation: Invocation) -> str | None:
        """The fault that still lasts. AWS throttles an account, and denies a function's role."""
        for window in self.windows:
            everybody = window.kind == "throttled" or window.function == invocation.function
            if window.until > self.clock.now() and window.call == call and everybody:
                return window.kind
        return None

    def _struck(self, attempt: Attempt, invocation: Invocation, kind: str | None) -> AWSResponse:
        self.struck += kind is not None
        match kind:
            case "killed before":
                raise Killed
            case "killed after":
                self._performed(attempt, invocation)
                raise Killed
            case "late":  # answered just before the SDK gives up, while others went on
                self._pass(_READ_SECONDS - 1)
            case "hung":
                self._performed(attempt, invocation)
                self._pass(timeout(invocation.function))
            case "slow":
                self._performed(attempt, invocation)
                self._pass(_READ_SECONDS)
                raise ReadTimeoutError(endpoint_url=attempt.request.url)
            case "throttled":
                return _says(attempt, as_error(Throttle(), attempt.service))
            case "denied":
                return _says(attempt, _DENIED)
        return self._performed(attempt, invocation)

    def _pass(self, seconds: float) -> None:
        """The innermost invocation waits, while everything else goes on; Lambda may end it."""
        if not self.running:
            return
        deadline = self.running[-1].deadline
        left = (deadline - self.clock.now()).total_seconds()
        self.clock.advance(max(0.0, min(seconds, left)))
        if self.clock.now() >= deadline:
            raise Killed("timed out")

    def _performed(self, attempt: Attempt, invocation: Invocation) -> AWSResponse:
        if not self.asks_iam and str(attempt) == "dynamodb:GetItem":
            return self._item(attempt)
        gated = self.asks_iam or attempt.service == "stepfunctions"
        answer = super().send(attempt) if gated else attempt.perform()
        if str(attempt) in _ACTS and answer.status_code == 200:
            answered = json.loads(answer.raw.getvalue() or b"{}")
            act = (self.clock.now(), invocation.id, invocation.function, str(attempt))
            self.acts.append(Act(*act, attempt.parameters, answered))
        return answer

    def _item(self, attempt: Attempt) -> AWSResponse:
        """GetItem, straight from moto's table: its serialiser takes a third of a run's time."""
        key = attempt.parameters["Key"]
        found = _table().get_item(DynamoType(key["pk"]), DynamoType(key["sk"]))
        stored = {name: one.to_regular_json() for name, one in found.attrs.items()} if found else {}
        return attempt.answer(200, json.dumps({"Item": stored} if stored else {}).encode())

    # What there is to see

    def items(self) -> list[dict[str, Any]]:
        """Every item of the ledger's table, HEADs and records, as it is stored."""
        return [
            {name: _read(value.to_regular_json()) for name, value in item.attrs.items()}
            for item in _table().all_items()
        ]

    def records(self) -> list[dict[str, Any]]:
        """The deployments, oldest first."""
        found = [one for one in self.items() if one["sk"] != "HEAD"]
        return sorted(found, key=lambda one: (one["created"], one["id"]))

    def heads(self) -> dict[str, dict[str, Any]]:
        return {one["pk"]: one for one in self.items() if one["sk"] == "HEAD"}

    def quiet(self) -> bool:
        """Whether nobody will act any more but the sweep, and it has nothing to do."""
        if (
            self.script
            or self._waiting
            or self.running
            or "RUNNING" in self.watchers.executions.values()
        ):
            return False
        if self._looked == len(self.points):
            return False  # the same as before
        self._looked = len(self.points)
        return not self.lost() and not any("open" in record for record in self.records())

    def lost(self) -> list[tuple[str, Pushed]]:
        """The newest push of every target that the sweep has still to find.

        One from before the first meeting is never found: meeting a service deploys nothing.
        """
        newest = {pushed.repository: pushed for pushed in self.pushes}
        known = {(record["service"], record["digest"]) for record in self.records()}
        heads = self.heads()
        return [
            (target.name, pushed)
            for target in followers()
            if (pushed := newest.get(target.repository)) is not None
            and (target.name, pushed.digest) not in known
            and not (target.name in heads and _since(heads[target.name]) > pushed.at)
        ]

    def rest(self, limit: float = 4 * 3600) -> bool:
        """Let time pass until all is quiet, then until an hour of sweeps has looked at all."""
        if not self.clock.advance_until(self.quiet, limit):
            return False
        self.clock.advance(3600)
        return True


def _since(head: Mapping[str, Any]) -> datetime:
    """From when on the sweep looks for lost pushes."""
    return max(_moment(head["met"]), _moment(head["order"]))


@cache
def timeout(function: str) -> int:
    """The function's time-out in seconds, as .chalice/config.json gives it."""
    root = Path(__file__).parent.parent.parent
    stages = json.loads((root / ".chalice" / "config.json").read_text())["stages"]
    functions = next(iter(stages.values()))["lambda_functions"]
    return int(functions[function]["lambda_timeout"])


def _table() -> Any:
    return dynamodb_backends[conflicto.ACCOUNT][conflicto.REGION].get_table(TABLE)


def followers() -> Sequence[Target]:
    """The targets of the rehearsal that runs."""
    from chalicelib import wiring  # noqa: PLC0415 - what it follows is this rehearsal's

    return wiring.targets().all


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _says(attempt: Attempt, error: Error | None) -> AWSResponse:
    assert error is not None
    service = attempt.service
    reply = error_reply(service, error.code, error.message, error.status)
    return attempt.answer(reply.status, reply.body, dict(reply.headers))


@contextmanager
def machine(targets: str, lag: Lag | None = None) -> Iterator[Machine]:
    """An account without services yet; events are delivered from `begin` on."""
    with rehearse(targets, Machine, lag=lag) as made:
        made.deliver = False
        made.client("ecs").create_cluster(clusterName=CLUSTER)
        slept = SimpleNamespace(sleep=lambda seconds: made._pass(1.0 if seconds else 0.0))
        with patch("botocore.endpoint.time", slept):
            yield made


def begin(made: Machine, *, met: bool = True) -> None:
    """The services stand, and Slipway has `met` them; its events and its sweep begin."""
    made.advance(240)
    if met:
        made.invoke("sweep", _TICK | {"time": "2026-03-02T10:04:00Z"})
        made.points.clear()
    made.advance(60)
    made.deliver = True

    def sweep() -> None:
        made.clock.call_later(SWEEP_SECONDS, sweep)
        made.nudge("sweep", _TICK | {"time": made.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")})

    made.clock.call_later(_FIRST_SWEEP, sweep)


_TICK: dict[str, Any] = {
    "version": "0",
    "id": "tick",
    "detail-type": "Scheduled Event",
    "source": "aws.events",
    "account": conflicto.ACCOUNT,
    "region": conflicto.REGION,
    "resources": [],
    "detail": {},
}
