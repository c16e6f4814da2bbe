"""Every call of AWS has a number, and something goes wrong at the numbers that a run names."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from botocore.awsrequest import AWSResponse
from botocore.exceptions import ReadTimeoutError
from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models.dynamo_type import DynamoType

from example import conflicto
from rehearsal.account import TABLE
from rehearsal.wire import Attempt
from tests.reliability.deliveries import EventFaultAccount
from tests.reliability.faults import KINDS, LASTS, READ_SECONDS, Killed, Window, refusal
from tests.reliability.invocations import Invocation, timeout

UPDATE = "ecs:UpdateService"
REGISTER = "ecs:RegisterTaskDefinition"
STOP = "ecs:StopServiceDeployment"
CONTINUE = "ecs:ContinueServiceDeployment"
RUN = "ecs:RunTask"
WRITE = "dynamodb:TransactWriteItems"
PUT_TARGETS = "events:PutTargets"
UPDATE_SCHEDULE = "scheduler:UpdateSchedule"
_LOOKS = frozenset({"events:ListTargetsByRule", "scheduler:GetSchedule"})
_UPDATE_EXPRESS = "ecs:UpdateExpressGatewayService"
_ACTS = frozenset({UPDATE, _UPDATE_EXPRESS, REGISTER, STOP, CONTINUE, RUN, WRITE})


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
    """A call that changed something: who made it, its request and its answer."""

    at: datetime
    invocation: str
    function: str
    call: str
    asked: Mapping[str, Any]
    answered: Mapping[str, Any]


@dataclass(frozen=True)
class Rewrite:
    """A write of one scheduled task; `invocation` is empty when somebody else made it.

    `before` and `after` are the target of the rule, or the body of the schedule; None where there
    is none. `read` is when the same invocation read any scheduled task last, and `acts` is how many
    acts there were before it.
    """

    at: datetime
    invocation: str
    kind: str
    name: str
    target: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    read: datetime
    acts: int


@dataclass
class CallFaultAccount(EventFaultAccount):
    """Every AWS call of the app is numbered in the order of the run; `faults` strike at a number.

    A run is repeatable: the same faults strike the same calls. Without `asks_iam`, calls are
    answered without IAM: that takes half of the time.
    """

    faults: dict[int, str] = field(default_factory=dict)
    asks_iam: bool = False
    points: list[Point] = field(default_factory=list)
    acts: list[Act] = field(default_factory=list)
    windows: list[Window] = field(default_factory=list)
    rewrites: list[Rewrite] = field(default_factory=list)
    _read: dict[str, datetime] = field(default_factory=dict)

    def send(self, attempt: Attempt) -> AWSResponse:
        if not self.under_way:
            return super().send(attempt)
        invocation, call = self.under_way[-1], str(attempt)
        if self.clock.now() >= invocation.deadline:
            raise Killed(f"{invocation.function} timed out")
        point = Point(len(self.points), invocation.function, call)
        self.points.append(point)
        kind = self.faults.get(point.number) or (self.chance and self.chance(KINDS))
        if kind in LASTS:
            until = self.clock.now() + timedelta(seconds=LASTS[kind])
            self.windows.append(Window(until, call, invocation.function, kind))
        return self._struck(attempt, invocation, kind or self._lasting(call, invocation))

    def _lasting(self, call: str, invocation: Invocation) -> str | None:
        """The fault that still lasts."""
        now = self.clock.now()
        lasting = (
            window for window in self.windows if window.strikes(now, call, invocation.function)
        )
        return next((window.kind for window in lasting), None)

    def _struck(self, attempt: Attempt, invocation: Invocation, kind: str | None) -> AWSResponse:
        self.struck += kind is not None
        match kind:
            case "killed before":
                raise Killed
            case "killed after":
                self._performed(attempt, invocation)
                raise Killed
            case "late":  # answered just before the SDK gives up, while others went on
                self.hang(READ_SECONDS - 1)
            case "hung":
                self._performed(attempt, invocation)
                self.hang(timeout(invocation.function))
            case "slow":
                self._performed(attempt, invocation)
                self.hang(READ_SECONDS)
                raise ReadTimeoutError(endpoint_url=attempt.request.url)
            case "throttled" | "denied":
                return refusal(attempt, kind)
        return self._performed(attempt, invocation)

    def hang(self, seconds: float) -> None:
        """The newest invocation waits while all else goes on; Lambda ends it at its deadline."""
        if not self.under_way:
            return
        deadline = self.under_way[-1].deadline
        left = (deadline - self.clock.now()).total_seconds()
        self.clock.advance(max(0.0, min(seconds, left)))
        if self.clock.now() >= deadline:
            raise Killed("timed out")

    def _performed(self, attempt: Attempt, invocation: Invocation) -> AWSResponse:
        if str(attempt) in _LOOKS:
            self._read[str(invocation)] = self.clock.now()
        if (written := _scheduled_task(attempt)) is None:
            return self._answered(attempt, invocation)
        with self.rewriting(*written, str(invocation)):
            return self._answered(attempt, invocation)

    @contextmanager
    def rewriting(self, kind: str, name: str, target: str, invocation: str = "") -> Iterator[None]:
        """Keep what becomes of a scheduled task inside the block."""
        before = self.scheduled_tasks.present(kind, name, target)
        yield
        after = self.scheduled_tasks.present(kind, name, target)
        now = self.clock.now()
        read = self._read.get(invocation, now)
        made = (now, invocation, kind, name, target, before, after, read, len(self.acts))
        self.rewrites.append(Rewrite(*made))

    def _answered(self, attempt: Attempt, invocation: Invocation) -> AWSResponse:
        if not self.asks_iam and str(attempt) == "dynamodb:GetItem":
            return self._item(attempt)
        gated = self.asks_iam or attempt.service == "stepfunctions"
        answer = super().send(attempt) if gated else attempt.perform()
        if str(attempt) in _ACTS and answer.status_code == 200:
            answered = json.loads(answer.raw.getvalue() or b"{}")
            call, asked = _as_update(str(attempt), attempt.parameters)
            act = (self.clock.now(), str(invocation), invocation.function, call)
            self.acts.append(Act(*act, asked, answered))
        return answer

    def _item(self, attempt: Attempt) -> AWSResponse:
        """GetItem, straight from moto's table: its serialiser takes a third of a run's time."""
        key = attempt.parameters["Key"]
        found = _table().get_item(DynamoType(key["pk"]), DynamoType(key["sk"]))
        item = as_json(found) if found else {}
        return attempt.answer(200, json.dumps({"Item": item} if item else {}).encode())

    def stored(self) -> list[dict[str, Any]]:
        """Every item of the ledger as DynamoDB keeps it, straight from moto's table."""
        return [as_json(item) for item in _table().all_items()]


def _scheduled_task(attempt: Attempt) -> tuple[str, str, str] | None:
    """The kind, the name and the target of the scheduled task that a call writes."""
    if str(attempt) == PUT_TARGETS:
        asked = attempt.parameters
        return "rule", asked["Rule"], asked["Targets"][0]["Id"]
    if str(attempt) == UPDATE_SCHEDULE:
        own = urlsplit(attempt.request.url).path.rsplit("/", 1)[1]
        return "schedule", f"{attempt.parameters['GroupName']}/{own}", ""
    return None


def revision_named(rewrite: Rewrite) -> str:
    """The ARN that a scheduled task names after a write; empty when it is gone."""
    body = rewrite.after or {}
    parameters = body.get("Target", body).get("EcsParameters", {})
    return str(parameters.get("TaskDefinitionArn", ""))


def _as_update(call: str, asked: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """The update of an Express service in the words of UpdateService; any other call as it is."""
    if call != _UPDATE_EXPRESS:
        return call, asked
    more = dict(asked)
    _, cluster, name = more.pop("serviceArn").split("/")
    revision = more.pop("taskDefinitionArn")
    return UPDATE, {"cluster": cluster, "service": name, "taskDefinition": revision, **more}


def as_json(item: Any) -> dict[str, Any]:
    """An item of moto's as DynamoDB JSON."""
    return {name: value.to_regular_json() for name, value in item.attrs.items()}


def _table() -> Any:
    return dynamodb_backends[conflicto.ACCOUNT][conflicto.REGION].get_table(TABLE)
