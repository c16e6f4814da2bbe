"""A rollout on the virtual clock -> what Slipway used: invocations, calls, units, notices."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import ceil
from typing import Any

from botocore.awsrequest import AWSResponse

from embedded.services.ecs import SlowStart
from example import conflicto
from rehearsal.rehearsal import Rehearsal, rehearse
from rehearsal.wire import Attempt

CLUSTER, NAME = "conflicto-dev", "conflicto-backend-service-dev"
SERVICE = f"{CLUSTER}/{NAME}"
REPOSITORY = "conflicto-backend-dev"
_TARGETS = """
[[target]]
repository = "conflicto-backend-{env}"
cluster    = "conflicto-{env}"
service    = "conflicto-backend-service-{env}"
deadline   = "2h"
pass_roles = ["arn:aws:iam::*:role/conflicto-*"]
"""
_FOLLOWS = """\
family     = "conflicto-backend-{env}"
follow     = {rules = ["nightly"], schedules = ["default/report"]}
"""
_SWEEPS_AN_HOUR = 6
_QUICKEST = 27  # seconds that the simulated rollout of two tasks takes by itself
# Of a record in the two indexes, each with keys only: written, and taken out of `open` at its end.
_INDEX_WRITES = 3


@dataclass(frozen=True)
class Usage:
    """What was used; `calls` are AWS API calls by function, units are DynamoDB's on-demand ones."""

    invocations: Mapping[str, int]
    calls: Mapping[str, int]
    reads: float
    writes: int
    notices: int
    seconds: float
    operations: Mapping[str, int] = field(default_factory=dict)

    @property
    def polls(self) -> int:
        return self.invocations.get("watch", 0)


@dataclass
class Counted(Rehearsal):
    """A rehearsal that counts by function."""

    function: str = ""
    invocations: Counter[str] = field(default_factory=Counter)
    made: Counter[str] = field(default_factory=Counter)
    operations: Counter[str] = field(default_factory=Counter)
    reads: float = 0
    writes: int = 0

    def invoke(self, function: str, payload: Mapping[str, Any]) -> Any:
        """As usual, but counted; `status` is asked by this benchmark and does not count."""
        if function == "status":
            return super().invoke(function, payload)
        self.function = function
        self.invocations[function] += 1
        try:
            return super().invoke(function, payload)
        finally:
            self.function = ""

    def send(self, attempt: Attempt) -> AWSResponse:
        """A call of the app; what DynamoDB charges follows from the request and the answer."""
        answer = super().send(attempt)
        if self.function:
            self.made[self.function] += 1
            self.operations[str(attempt)] += 1
            match attempt.operation:
                case "TransactWriteItems":
                    items = [one["Put"]["Item"] for one in attempt.parameters["TransactItems"]]
                    self.writes += sum(2 * _units(item, 1024) for item in items)
                case "GetItem":
                    self.reads += _units(json.loads(answer.content).get("Item"), 4096)
                case "Query":
                    consistent = attempt.parameters.get("ConsistentRead", False)
                    found = _units(json.loads(answer.content)["Items"], 4096)
                    self.reads += found if consistent else found / 2
        return answer

    def forget(self) -> None:
        for counted in (self.invocations, self.made, self.operations):
            counted.clear()
        self.reads, self.writes = 0, 0


def deployment(minutes: float, *, earlier: int = 10, follows: bool = False) -> Usage:
    """What a good rollout of so many minutes uses, after so many earlier deployments.

    With `follows`, a rule and a schedule run the service's family, and follow it.
    """
    with _account(more=_FOLLOWS if follows else "") as slipway:
        if follows:
            _schedule(slipway)
        for number in range(earlier):
            slipway.settle(SERVICE, conflicto.push(slipway.client, REPOSITORY, [f"{number:07x}"]))
            slipway.advance(60)
        slow = SlowStart(max(0.0, minutes * 60 - _QUICKEST))
        slipway.ecs.faults.image(conflicto.digest_of("fffffff"), slow)
        told = len(slipway.notices())
        slipway.forget()
        began = slipway.clock.now()
        slipway.settle(SERVICE, conflicto.push(slipway.client, REPOSITORY, ["fffffff"]))
        took = (slipway.clock.now() - began).total_seconds()
        slipway.advance(120)  # the loop comes back once more, and ends
        return _used(slipway, _INDEX_WRITES, len(slipway.notices()) - told, took)


def sweep() -> Usage:
    """What a sweep of one target uses that finds everything in order."""
    with _account() as slipway:
        slipway.settle(SERVICE, conflicto.push(slipway.client, REPOSITORY, ["fffffff"]))
        slipway.advance(900)
        slipway.forget()
        slipway.invoke("sweep", {})
        return _used(slipway, 0, 0, 0)


def hour(targets: int) -> Usage:
    """What six sweeps of an hour use that find so many targets in order, each with a repository."""
    names = [f"s{number}" for number in range(targets)]
    with _account(*names) as slipway:
        slipway.invoke("sweep", {})
        slipway.forget()
        for _ in range(_SWEEPS_AN_HOUR):
            slipway.advance(3600 / _SWEEPS_AN_HOUR)
            slipway.invoke("sweep", {})
        return _used(slipway, 0, 0, 3600)


def _schedule(slipway: Counted) -> None:
    arn = f"arn:aws:ecs:{conflicto.REGION}:{conflicto.ACCOUNT}"
    target = {
        "Arn": f"{arn}:cluster/{CLUSTER}",
        "RoleArn": f"arn:aws:iam::{conflicto.ACCOUNT}:role/conflicto-scheduled-dev",
        "EcsParameters": {"TaskDefinitionArn": f"{arn}:task-definition/{REPOSITORY}:1"},
    }
    events, daily = slipway.client("events"), "rate(1 day)"
    events.put_rule(Name="nightly", ScheduleExpression=daily)
    events.put_targets(Rule="nightly", Targets=[{"Id": "job", **target}])
    slipway.client("scheduler").create_schedule(
        Name="report",
        ScheduleExpression=daily,
        FlexibleTimeWindow={"Mode": "OFF"},
        Target=target,
    )


@contextmanager
def _account(*names: str, more: str = "") -> Iterator[Counted]:
    names = names or ("backend",)
    targets = "".join(_TARGETS.replace("backend", name) + more for name in names)
    with rehearse(targets, Counted) as slipway:
        slipway.deliver = False
        slipway.client("ecs").create_cluster(clusterName=CLUSTER)
        for name in names:
            conflicto.add_service(slipway.client, name, "gunicorn_fargate")
            slipway.advance(1)  # ECS registers one task definition a second
        slipway.advance(300)
        slipway.deliver = True
        yield slipway


def _used(slipway: Counted, index_writes: int, notices: int, seconds: float) -> Usage:
    return Usage(
        invocations=dict(slipway.invocations),
        calls=dict(slipway.made),
        reads=slipway.reads,
        writes=slipway.writes + index_writes,
        notices=notices,
        seconds=round(seconds, 1),
        operations=dict(slipway.operations),
    )


def _units(item: Any, size: int) -> int:
    """DynamoDB rounds up; an item's JSON is a little longer than DynamoDB's own count of it."""
    return max(1, ceil(len(json.dumps(item, default=str)) / size))
