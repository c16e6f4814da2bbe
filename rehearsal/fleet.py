"""Slipway over many services, its functions side by side: a rehearsal in which AWS takes time.

Every AWS call of a function takes `CALL_SECONDS` (assumed), its retries wait, it is killed at its
time-out, and others go on meanwhile. Documented: "How Lambda handles errors and retries with
asynchronous invocation" (twice more, after one minute and after two; then the failure queue). The
state machine is as patient as .chalice/resources.yaml says, and the time-outs are config.json's.
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

from example import conflicto
from rehearsal.rehearsal import Context, Rehearsal
from rehearsal.turns import TimedOut, Turns
from rehearsal.wire import WIRE, Attempt

CALL_SECONDS = 0.04  # on the way, in AWS, and computed with a fraction of a processor
_DELIVERY_SECONDS = 1.0
_RETRIES_AFTER = (60.0, 120.0)
_SWEEP_SECONDS = 600.0
_FIRST_WAIT = 10.0
_CONFIG = Path(__file__).parent.parent / ".chalice" / "config.json"
_FARGATE = {"awsvpcConfiguration": {"subnets": ["subnet-0a"], "securityGroups": ["sg-0a"]}}
_BREAKER = {"deploymentCircuitBreaker": {"enable": True, "rollback": True}}


@dataclass
class Fleet(Rehearsal):
    """Use within `side_by_side()`; what went wrong on the way is counted, not raised."""

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
        """EventBridge's schedule, from now on."""
        self.deliver_to("sweep", {"source": "aws.events"})
        self.clock.call_later(_SWEEP_SECONDS, self.every_ten_minutes)

    def begin(self, execution: str, deployment: str) -> None:
        """Step Functions: an execution begins, by waiting."""
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
        """One invocation, in an execution environment that no other is using."""
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

        Only those of ECS differ: `chalicelib.aws.ecs` hooks into them while a call is under way.
        """
        clients = getattr(self._environment, "clients", self._shared)
        if service != "ecs":
            clients = self._shared
        key = (service, attempts, seconds)
        if key not in clients:
            clients[key] = self._make(*key)
        return clients[key]

    _make: Callable[[str, int, int], Any] = field(init=False, repr=False)


@contextmanager
def side_by_side(fleet: Fleet) -> Iterator[None]:
    """Within the block, functions run side by side, and whatever they wait for takes time."""
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


@dataclass(frozen=True)
class Place:
    """Where a service of the fleet is: `CLUSTER/SERVICE`, and its family."""

    cluster: str
    service: str
    family: str
    repository: str

    @property
    def key(self) -> str:
        return f"{self.cluster}/{self.service}"


def places(services: int, clusters: int, repositories: int) -> list[Place]:
    """So many services, spread evenly over clusters and repositories."""
    return [
        Place(
            cluster=f"team-{number % clusters:02}-dev",
            service=f"web-{number:03}",
            family=f"web-{number:03}-dev",
            repository=f"base-{number % repositories:03}-dev",
        )
        for number in range(services)
    ]


def targets_of(fleet: list[Place]) -> str:
    """A targets.toml that names every one of them."""
    return "\n".join(
        f'[[target]]\nrepository = "{one.repository}"\ncluster = "{one.cluster}"\n'
        f'service = "{one.service}"\nfamily = "{one.family}"\n'
        for one in fleet
    )


def build(fleet: Fleet, wanted: list[Place], tasks: int = 1) -> None:
    """Make the services, steady, each with its first image; ECS does not throttle meanwhile."""
    fleet.deliver = False
    limiter, fleet.ecs.limiter = fleet.ecs.limiter, lambda *_: None
    ecs, ecr = fleet.client("ecs"), fleet.client("ecr")
    for repository in sorted({one.repository for one in wanted}):
        ecr.create_repository(repositoryName=repository)
        conflicto.push(fleet.client, repository, ["first"], f"{repository}: the first image")
    for cluster in sorted({one.cluster for one in wanted}):
        ecs.create_cluster(clusterName=cluster)
    for one in wanted:
        ecs.register_task_definition(
            family=one.family,
            networkMode="awsvpc",
            requiresCompatibilities=["FARGATE"],
            cpu="256",
            memory="512",
            containerDefinitions=[
                {
                    "name": "web",
                    "image": f"{conflicto.repository_uri(one.repository)}:first",
                    "essential": True,
                }
            ],
        )
        ecs.create_service(
            cluster=one.cluster,
            serviceName=one.service,
            taskDefinition=one.family,
            desiredCount=tasks,
            launchType="FARGATE",
            deploymentConfiguration=_BREAKER,
            networkConfiguration=_FARGATE,
        )
    fleet.advance(300)
    fleet.ecs.limiter = limiter
    fleet.deliver = True
