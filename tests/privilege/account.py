"""An account in which nothing happens by itself: a play nudges the function that it is about."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

from botocore import xform_name

from chalicelib import lambda_edge
from chalicelib.aws import post, webhooks
from chalicelib.definition.render import PROVENANCE
from chalicelib.model.deployments import OPEN
from embedded.calls.call import Call, Reply, error_reply
from embedded.iam.evaluate import Decision, arn_like
from example import conflicto
from rehearsal.rehearsal import rehearse
from tests.dialect.account import CLUSTER, FIRST_TAG, REPOSITORY, SERVICE_NAME
from tests.dialect.rehearsed import NO_BREAKER, RehearsedAccount

TARGETS = """
[[target]]
repository = "conflicto-backend-{env}"
cluster    = "conflicto-{env}"
service    = "conflicto-backend-service-{env}"
family     = "conflicto-backend-{env}"
keep_revisions = 2
pass_roles = ["arn:aws:iam::*:role/conflicto-*"]
log_groups = ["/ecs/conflicto-backend-{env}"]
gate.scan  = {max = "CRITICAL"}
watch_after = "1m"

[notices]
slack   = "ssm:/slipway/{env}/slack"
webhook = "secretsmanager:slipway/{env}/webhook"
events  = true
"""
TASK_TARGETS = TARGETS.replace(
    "watch_after", 'before      = {command = ["migrate"], timeout = "1m"}\nwatch_after'
)
FOLLOW_TARGETS = TARGETS.replace(
    "watch_after",
    'follow = {rules = ["nightly-*"], schedules = ["default/report-*"], '
    'families = ["conflicto-report-{env}"]}\nwatch_after',
)
JOB_TARGETS = (
    TARGETS
    + """
[[task]]
repository = "conflicto-backend-{env}"
family     = "conflicto-report-{env}"
cluster    = "conflicto-jobs-{env}"
rules      = ["nightly-*"]
schedules  = ["default/report-*"]
pass_roles = ["arn:aws:iam::*:role/conflicto-*"]
"""
)
BAD, GOOD = "bad0000", "abc1234"
SCAN_SECONDS = 130  # longer than Slipway waits for somebody else's rollout
_BALANCER = {
    "targetGroupArn": f"arn:aws:elasticloadbalancing:{conflicto.REGION}:{conflicto.ACCOUNT}:"
    "targetgroup/conflicto/6d0e",
    "containerName": "conflicto-backend",
    "containerPort": 5000,
}
_EVERY_REPOSITORY = {
    "scanFrequency": "CONTINUOUS_SCAN",
    "repositoryFilters": [{"filter": "*", "filterType": "WILDCARD"}],
}
HOOK = "https://hooks.example.com/services/T0"
_ROLE = "slipway-dev-"


@dataclass
class UnattendedAccount(RehearsedAccount):
    """No event is delivered and no watcher polls; what Slipway tells anybody is kept."""

    replies: list[Any] = field(default_factory=list)
    logged: list[str] = field(default_factory=list)
    posted: list[str] = field(default_factory=list)

    def begin(self, execution: str, deployment: str) -> None:
        """No watcher polls by itself."""

    def ask(self, function: str, **payload: Any) -> None:
        """Invoke a function and keep its reply; an error is kept in `failures`."""
        self.replies.append(self.nudge(function, payload))

    def pushed(self, build: str) -> dict[str, Any]:
        """Push an image; its event, which no function was given."""
        self.push(build)
        event = self.events[-1]
        assert event["detail"]["image-tag"] == build
        return event

    @property
    def open(self) -> bool:
        """Whether a deployment is still open."""
        return any(record["status"] in OPEN for record in self.records())

    def without(self, function: str, sid: str) -> list[str]:
        """Remove a statement from a function's role; the statement's actions."""
        policy = copy.deepcopy(self.permissions.policies[function])
        (removed,) = [statement for statement in policy["Statement"] if statement["Sid"] == sid]
        policy["Statement"].remove(removed)
        self.permissions.policies[function] = policy
        return list(removed["Action"])

    def denied(self) -> list[Decision]:
        """The calls of Slipway that IAM denied."""
        return [decision for decision in self.permissions.iam.decisions if not decision.allowed]

    def used(self) -> set[tuple[str, str, str, str]]:
        """(function, Sid, action, resource as the policy names it) of every call so far."""
        return {
            (function, str(decision.statement), decision.action, named)
            for decision in self.permissions.iam.decisions
            if decision.allowed
            for function in [decision.principal.removeprefix(_ROLE)]
            for statement in self.permissions.policies[function]["Statement"]
            if statement["Sid"] == decision.statement and decision.action in statement["Action"]
            for named in statement["Resource"]
            if arn_like(named, decision.resource)
        }

    def receive(self, url: str, body: bytes, *_: Any) -> post.Reply:
        """The far end of the webhooks."""
        assert url == HOOK
        self.posted.append(body.decode())
        return post.Reply(200, -1, b"")

    def heard(self) -> list[str]:
        """Everything that people were told: by notice, by webhook, or in a reply."""
        said = [reply for reply in self.replies if isinstance(reply, dict)]
        now = [reply.get("now", {}) for reply in said]
        unknown = [one.get(key, "") for one in now for key in ("unknown", "scheduled_unknown")]
        replies = [reply.get("error", "") for reply in said] + unknown
        return [notice["body"] for notice in self.notices()] + self.posted + replies

    def loses_the_answer(self, operation: str) -> None:
        """The next such call of ECS takes effect, and its answer is lost."""
        self.permissions.handlers.append(_LostAnswer(self, operation))

    def becomes_express(self) -> None:
        """The service is made again, under its name and in its family, in Express Mode."""
        ecs = self.client("ecs")
        ecs.delete_service(cluster=CLUSTER, service=SERVICE_NAME, force=True)
        self.advance(120)
        image = f"{conflicto.repository_uri(REPOSITORY)}:{FIRST_TAG}"
        definition = conflicto.task_definition("gunicorn_fargate", "backend", "dev", image)
        port = {"containerPort": 5000, "protocol": "tcp", "name": "web"}
        definition["containerDefinitions"][0] |= {"name": "Main", "portMappings": [port]}
        made = ecs.register_task_definition(**definition)["taskDefinition"]
        ecs.create_express_gateway_service(
            cluster=CLUSTER,
            serviceName=SERVICE_NAME,
            infrastructureRoleArn=f"arn:aws:iam::{conflicto.ACCOUNT}:role/infrastructure",
            taskDefinitionArn=made["taskDefinitionArn"],
        )
        self.advance(120)

    def leaves_unproven_revision(self) -> None:
        """The family's newest revision is one of a deployment that failed: no base for another."""
        image = f"{conflicto.repository_uri(REPOSITORY)}:{FIRST_TAG}"
        definition = conflicto.task_definition("gunicorn_fargate", "backend", "dev", image)
        tags = [{"key": PROVENANCE, "value": "an earlier deployment"}]
        self.client("ecs").register_task_definition(**definition, tags=tags)


class _LostAnswer:
    """Performs one call of this operation, and answers it with an error."""

    def __init__(self, account: UnattendedAccount, operation: str) -> None:
        self._account, self._operation, self._struck = account, operation, False

    def __call__(self, call: Call) -> Reply | None:
        if call.operation != self._operation or self._struck:
            return None
        self._struck = True
        getattr(self._account.client("ecs"), xform_name(self._operation))(**call.parameters)
        return error_reply(call.service, "InternalFailure", "the answer was lost", 500)


@contextmanager
def unattended(targets: str = TARGETS) -> Iterator[UnattendedAccount]:
    """The team's account; its service has no circuit breaker, so Slipway itself must act."""
    with rehearse(targets, UnattendedAccount) as account, ExitStack() as stack:
        stack.enter_context(patch.object(webhooks, "ask", account.receive))
        logged = account.logged
        stack.enter_context(
            patch.object(lambda_edge.logger, "error", lambda words, **_: logged.append(words))
        )
        account.deliver = False
        _keep_addresses(account)
        account.client("ecs").create_cluster(clusterName=CLUSTER)
        _scan_every_image(account)
        settings = {**NO_BREAKER, "loadBalancers": [_BALANCER]}
        conflicto.add_service(account.client, "backend", "gunicorn_fargate", **settings)
        account.advance(120)
        yield account


def _keep_addresses(account: UnattendedAccount) -> None:
    """The addresses of the two webhooks, where the targets file says."""
    account.client("ssm").put_parameter(Name="/slipway/dev/slack", Value=HOOK, Type="SecureString")
    account.client("secretsmanager").create_secret(Name="slipway/dev/webhook", SecretString=HOOK)


def _scan_every_image(account: UnattendedAccount) -> None:
    scans = account.ecr.scans
    scans.seconds = SCAN_SECONDS
    scans.found |= {conflicto.digest_of(build): {"LOW": 1} for build in (BAD, GOOD)}
    account.client("ecr").put_registry_scanning_configuration(
        scanType="ENHANCED", rules=[_EVERY_REPOSITORY]
    )
