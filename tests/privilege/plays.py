"""Short plays that use every permission of every function, one function doing all the work in each.

A play makes things happen through the function that it is about, and asserts nothing. Who looks
at it decides what is expected: which statements were used, or, with one removed, how people hear
of it.
"""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

from botocore import xform_name

from chalicelib import lambda_edge
from chalicelib.aws import webhooks
from chalicelib.definition.render import PROVENANCE
from chalicelib.model.deployments import OPEN
from embedded.calls.call import Call, Reply, error_reply
from embedded.iam.evaluate import arn_like
from embedded.services.ecs import Crash
from example import conflicto
from rehearsal.rehearsal import Rehearsal, rehearse
from tests.fixtures import examples

CLUSTER = "conflicto-dev"
NAME = "conflicto-backend-service-dev"
SERVICE = f"{CLUSTER}/{NAME}"
REPOSITORY = FAMILY = "conflicto-backend-dev"
TARGETS = """
[[target]]
repository = "conflicto-backend-{env}"
cluster    = "conflicto-{env}"
service    = "conflicto-backend-service-{env}"
family     = "conflicto-backend-{env}"
pass_roles = ["arn:aws:iam::*:role/conflicto-*"]
log_groups = ["/ecs/conflicto-backend-{env}"]
gate.scan  = {max = "CRITICAL"}

[notices]
slack   = "ssm:/slipway/{env}/slack"
webhook = "secretsmanager:slipway/{env}/webhook"
"""
BALANCER = {
    "targetGroupArn": f"arn:aws:elasticloadbalancing:{conflicto.REGION}:{conflicto.ACCOUNT}:"
    "targetgroup/conflicto/6d0e",
    "containerName": "conflicto-backend",
    "containerPort": 5000,
}
BAD, GOOD = "bad0000", "abc1234"
WHO = {"by": "a test", "why": "to see"}
SCHEDULED = {"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}}
_EVERY = {
    "scanFrequency": "CONTINUOUS_SCAN",
    "repositoryFilters": [{"filter": "*", "filterType": "WILDCARD"}],
}
_STEPS = 18
_SCAN_SECONDS = 130  # longer than somebody's rollout is waited for


@dataclass
class Privileged(Rehearsal):
    """A rehearsal in which nothing happens by itself: the play nudges whom it wants to."""

    replies: list[Any] = field(default_factory=list)
    logged: list[str] = field(default_factory=list)
    posted: list[str] = field(default_factory=list)
    keys: Iterator[int] = field(default_factory=itertools.count)

    def begin(self, execution: str, deployment: str) -> None:
        """No watcher polls by itself."""

    def ask(self, function: str, **payload: Any) -> None:
        self.replies.append(self.nudge(function, payload))

    def push(self, build: str) -> dict[str, Any]:
        """Push an image; returns its event, which nobody was given."""
        conflicto.push(self.client, REPOSITORY, [build])
        event = self.events[-1]
        assert event["detail"]["image-tag"] == build
        return event

    def records(self) -> list[dict[str, Any]]:
        """The ledger's records as they are, newest first; no function reads them for this."""
        items = self.client("dynamodb").scan(TableName="ledger")["Items"]
        rows = [{k: next(iter(v.values())) for k, v in item.items()} for item in items]
        found = [row for row in rows if row["sk"].startswith("DEPLOYMENT#")]
        return sorted(found, key=lambda row: row["created"], reverse=True)

    @property
    def open(self) -> bool:
        return any(row["status"] in OPEN for row in self.records())

    def without(self, function: str, sid: str) -> list[str]:
        """Remove a statement from a function's role; returns its actions."""
        policy = copy.deepcopy(self.permissions.policies[function])
        (removed,) = [one for one in policy["Statement"] if one["Sid"] == sid]
        policy["Statement"].remove(removed)
        self.permissions.policies[function] = policy
        return list(removed["Action"])

    def used(self) -> set[tuple[str, str, str, str]]:
        """(function, Sid, action, resource as the policy names it) of every call so far."""
        return {
            (
                decision.principal.removeprefix("slipway-dev-"),
                str(decision.statement),
                action,
                named,
            )
            for decision in self.permissions.iam.decisions
            if decision.allowed
            for function in [decision.principal.removeprefix("slipway-dev-")]
            for statement in self.permissions.policies[function]["Statement"]
            if statement["Sid"] == decision.statement
            for action in statement["Action"]
            if action == decision.action
            for named in statement["Resource"]
            if arn_like(named, decision.resource)
        }

    def heard(self) -> list[str]:
        """Everything that people were told: by notice, by webhook, or in a reply."""
        replies = [reply.get("error", "") for reply in self.replies if isinstance(reply, dict)]
        return [one["body"] for one in self.notices()] + self.posted + replies


@contextmanager
def stage(**service: Any) -> Iterator[Privileged]:
    """The team's account; a service without circuit breaker, so that Slipway must act."""
    with rehearse(TARGETS, Privileged) as t, ExitStack() as stack:
        stack.enter_context(patch.object(webhooks, "_http", _Receiver(t.posted)))
        stack.enter_context(
            patch.object(lambda_edge.logger, "error", lambda words, **_: t.logged.append(words))
        )
        t.deliver = False
        url = "https://hooks.example.com/services/T0"
        t.client("ssm").put_parameter(Name="/slipway/dev/slack", Value=url, Type="SecureString")
        t.client("secretsmanager").create_secret(Name="slipway/dev/webhook", SecretString=url)
        t.client("ecs").create_cluster(clusterName=CLUSTER)
        t.ecr.scans.seconds = _SCAN_SECONDS
        t.ecr.scans.found |= {conflicto.digest_of(build): {"LOW": 1} for build in (BAD, GOOD)}
        t.client("ecr").put_registry_scanning_configuration(scanType="ENHANCED", rules=[_EVERY])
        settings = {"deploymentConfiguration": {}, "loadBalancers": [BALANCER]} | service
        conflicto.add_service(t.client, "backend", "gunicorn_fargate", **settings)
        t.advance(120)
        yield t


class _Receiver:
    """The webhooks' far end."""

    def __init__(self, posted: list[str]) -> None:
        self._posted = posted

    def request(self, method: str, url: str, *, body: bytes, **_: Any) -> Any:
        del method, url
        self._posted.append(body.decode())
        return type("Answer", (), {"status": 200})


class Unanswered:
    """The answer of the next such call is lost: it takes effect, and nobody hears of it."""

    def __init__(self, t: Privileged, operation: str) -> None:
        self._t, self._operation, self._left = t, operation, 1

    def __call__(self, call: Call) -> Reply | None:
        if call.operation != self._operation or not self._left:
            return None
        self._left -= 1
        getattr(self._t.client("ecs"), xform_name(self._operation))(**call.parameters)
        return error_reply(call.service, "InternalFailure", "the answer was lost", 500)


Nudge = Callable[[], object]


def _life(t: Privileged, recorded: Nudge, nudge: Nudge) -> None:
    """A push that waits for somebody's rollout, is applied, crashes, and is rolled back.

    The answer to UpdateService is lost, so what it did is looked up.
    """
    t.ecs.faults.image(conflicto.digest_of(BAD), Crash(after=3, logs=("KeyError: 'X'",)))
    t.client("ecs").update_service(cluster=CLUSTER, service=NAME, forceNewDeployment=True)
    t.permissions.handlers.append(Unanswered(t, "UpdateService"))
    _unproven_revision(t)
    recorded()
    t.advance(120)
    for _ in range(_STEPS):
        nudge()
        t.advance(10)
        if not t.open:
            break
    nudge()


def _unproven_revision(t: Privileged) -> None:
    """What a deployment that failed left: the family's newest revision, never to be built upon."""
    image = f"{conflicto.repository_uri(REPOSITORY)}:0a1b2c3"
    definition = conflicto.task_definition("gunicorn_fargate", "backend", "dev", image)
    tags = [{"key": PROVENANCE, "value": "an earlier deployment"}]
    t.client("ecs").register_task_definition(**definition, tags=tags)


def _pushed(t: Privileged) -> Nudge:
    event = t.push(BAD)
    return lambda: t.ask("on_image_push", **event)


def pushes(t: Privileged) -> None:
    event = _pushed(t)
    _life(t, event, event)


def _unconfirmed(t: Privileged) -> Nudge:
    """The event of a push comes while ECR does not answer; who takes the step asks again."""
    pushed = _pushed(t)

    def down(call: Call) -> Reply | None:
        if call.service != "ecr":
            return None
        return error_reply(call.service, "ServerException", "ECR is down", 500)

    def recorded() -> None:
        t.permissions.handlers.append(down)
        pushed()
        t.permissions.handlers.remove(down)

    return recorded


def changes(t: Privileged) -> None:
    event = examples.event("ecs-deployment-completed") | {
        "resources": [f"arn:aws:ecs:{conflicto.REGION}:{conflicto.ACCOUNT}:service/{SERVICE}"]
    }
    _life(t, _unconfirmed(t), lambda: t.ask("on_service_change", **event))


def polls(t: Privileged) -> None:
    long_ago = "2020-01-01T00:00:00.000Z"  # of an execution that is to hand over
    _life(t, _unconfirmed(t), lambda: [_poll(t, began) for began in (None, long_ago)])


def _poll(t: Privileged, began: str | None) -> None:
    for row in t.records():
        t.ask("watch", deployment=row["deployment"], began=began)


def by_hand(t: Privileged) -> None:
    t.push(BAD)
    asked = {"service": SERVICE, "image": BAD, "key": "one", **WHO}
    _life(t, lambda: t.ask("deploy", **asked), lambda: t.ask("deploy", **asked))


def sweeps(t: Privileged) -> None:
    def sweep() -> None:
        t.watchers.executions.clear()  # so that every sweep finds the watcher dead
        t.ask("sweep", **SCHEDULED)

    _life(t, _pushed(t), sweep)


def meets(t: Privileged) -> None:
    """It meets the service, and finds a push whose event was lost."""
    t.ask("sweep", **SCHEDULED)
    t.advance(60)
    t.push(GOOD)
    t.advance(60)
    t.ask("sweep", **SCHEDULED)


def goes_back(t: Privileged) -> None:
    """By hand to a revision that was deregistered meanwhile, so that it is registered again."""
    event = t.push(GOOD)
    for _ in range(12):
        t.ask("on_image_push", **event)
        t.advance(20)
    t.client("ecs").deregister_task_definition(taskDefinition=f"{FAMILY}:2")
    asked = {"service": SERVICE, "to": GOOD, **WHO}
    t.ask("rollback", **asked)
    t.advance(30)


def stops(t: Privileged) -> None:
    """By hand while it is not known whether the push was applied, and its tasks crash."""
    _stops(t, "UpdateService")


def stops_unregistered(t: Privileged) -> None:
    """By hand while it is not even known whether the push was registered."""
    _stops(t, "RegisterTaskDefinition")


def _stops(t: Privileged, unanswered: str) -> None:
    t.ecs.faults.image(conflicto.digest_of(BAD), Crash(after=3, logs=("KeyError: 'X'",)))
    t.permissions.handlers.append(Unanswered(t, unanswered))
    pushed = _pushed(t)
    pushed()
    t.advance(_SCAN_SECONDS + 5)
    pushed()
    t.advance(45)
    t.ask("rollback", service=SERVICE, **WHO)


def asks(t: Privileged) -> None:
    _pushed(t)()
    t.ask("status", service=SERVICE, now=True)
    t.ask("status", deployment=t.records()[0]["deployment"])


# By the function that does all the work.
PLAYS: dict[str, tuple[Callable[[Privileged], None], ...]] = {
    "on_image_push": (pushes,),
    "on_service_change": (changes,),
    "watch": (polls,),
    "deploy": (by_hand,),
    "rollback": (goes_back, stops, stops_unregistered),
    "status": (asks,),
    "sweep": (sweeps, meets),
}
