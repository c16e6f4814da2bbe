"""What a World is made of: the environment, the targets file, the clock, and AWS."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from chalicelib.aws import clients
from chalicelib.aws.channels import Channels
from chalicelib.aws.ecr import Ecr
from chalicelib.aws.ecr_scans import EcrScans
from chalicelib.aws.ecs import Ecs
from chalicelib.aws.elbv2 import ElasticLoadBalancing
from chalicelib.aws.ledger import DynamoLedger
from chalicelib.aws.logs import CloudWatchLogs
from chalicelib.aws.metrics import Metrics
from chalicelib.aws.sns import SnsTopic
from chalicelib.aws.stepfunctions import StateMachine
from chalicelib.aws.webhooks import Slack, Webhook
from chalicelib.flow.ports import World
from chalicelib.model.deployments import Deployment, Notice
from chalicelib.model.heads import Head
from chalicelib.model.places import place_of
from chalicelib.model.targets import Targets, load_targets
from chalicelib.settings import Settings, settings_from

_GRACE_SECONDS = 30
Told = Callable[[str], None]  # is given every text that people are told


@lru_cache
def settings() -> Settings:
    """This function's settings, read from its environment once."""
    return settings_from(os.environ)


@lru_cache
def targets() -> Targets:
    """The targets of this stage, read from the package once."""
    text = Path(__file__).with_name("targets.toml").read_text(encoding="utf-8")
    return load_targets(text, settings().stage)


def now() -> datetime:
    """This moment (UTC)."""
    return datetime.fromtimestamp(time.time(), UTC)


def forget() -> None:
    """Forget settings, targets and clients, as a cold start does."""
    settings.cache_clear()
    targets.cache_clear()
    clients.forget()


def prepare() -> None:
    """Make the clients that nearly every step needs while Lambda initialises the function.

    Init has a whole CPU, an invocation only the share that its memory buys (Serverless Land,
    "Utilize initialization phase"). Elsewhere, as when packaging, clients are made on first use.
    """
    if "AWS_LAMBDA_RUNTIME_API" in os.environ:
        for service in ("dynamodb", "ecs"):
            clients.client(service)


def world(context: Any, told: Told) -> World:
    """The world of one Lambda invocation; `told` hears what people are told.

    The lease that it may take outlasts the invocation by half a minute, so that nobody acts
    beside one that still runs.
    """
    own = settings()
    return World(
        ledger=_Ledger(own.table, own.retention_days, told),
        images=Ecr(own.region),
        scans=EcrScans(),
        services=Ecs(),
        watchers=StateMachine(own.state_machine),
        topic=channels(told),
        targets=targets(),
        here=place_of(context.invoked_function_arn),
        holder=context.aws_request_id,
        lease_seconds=context.get_remaining_time_in_millis() // 1000 + _GRACE_SECONDS,
        now=now(),
        load_balancers=ElasticLoadBalancing(),
        logs=CloudWatchLogs(),
        counts=Metrics(own.stage),
    )


def channels(told: Told) -> Channels:
    """Where this stage's notices go: the topic, and what the targets file names."""
    makers = {"slack": Slack, "webhook": Webhook}
    named = targets().notices.named
    return _Channels(
        {
            "sns": SnsTopic(settings().topic),
            **{name: makers[name](secret) for name, secret in named.items()},
        },
        told,
    )


class _Ledger(DynamoLedger):
    """The ledger. A record that is denied something tells people by its own notice."""

    def __init__(self, table: str, retention_days: int, told: Told) -> None:
        super().__init__(table, retention_days)
        self._told = told

    def save(self, head: Head, deployment: Deployment | None = None) -> Head:
        saved = super().save(head, deployment)
        if deployment is not None and deployment.denied:
            self._told(deployment.denial)
        return saved


class _Channels(Channels):
    """The channels. What is told through them is heard."""

    def __init__(self, named: Any, told: Told) -> None:
        super().__init__(named)
        self._told = told

    def publish(self, notice: Notice, deployment: str, service: str) -> Sequence[str]:
        missed = super().publish(notice, deployment, service)
        self._told(notice.text)
        return missed
