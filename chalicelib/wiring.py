"""Make a World from the environment, the targets file, the clock and AWS."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from aws_lambda_powertools import Logger

from chalicelib.aws import clients
from chalicelib.aws.alarms import CloudWatchAlarms
from chalicelib.aws.channels import SNS, Channel, Channels
from chalicelib.aws.ecr import Ecr
from chalicelib.aws.ecr_scans import EcrScans
from chalicelib.aws.ecs import Ecs
from chalicelib.aws.elbv2 import ElasticLoadBalancing
from chalicelib.aws.ledger import DynamoLedger
from chalicelib.aws.logs import CloudWatchLogs
from chalicelib.aws.metrics import Metrics
from chalicelib.aws.revisions import Revisions
from chalicelib.aws.rule_targets import RuleTargets
from chalicelib.aws.schedule_targets import ScheduleTargets
from chalicelib.aws.scheduled_tasks import ScheduledTasks
from chalicelib.aws.sns import SnsTopic
from chalicelib.aws.standalone_tasks import StandaloneTasks
from chalicelib.aws.stepfunctions import StateMachine
from chalicelib.errors import Unavailable
from chalicelib.flow.ports import World
from chalicelib.model.base import iso
from chalicelib.model.deployments import Delivery, Deployment, Notice, Status
from chalicelib.model.heads import Head
from chalicelib.model.notices import NoticeChannels
from chalicelib.model.places import place_of
from chalicelib.model.services import Service
from chalicelib.model.targets import Target, Targets, load_targets
from chalicelib.settings import Settings, settings_from

_GRACE_SECONDS = 30
# Its lines are those of the edge's logger, whose handler and format it shares.
_logger = Logger(service="slipway-deployer", child=True)
Listener = Callable[[str], None]  # is called with every text that people are told


@lru_cache
def settings() -> Settings:
    """Return this function's settings, which are read from its environment once."""
    return settings_from(os.environ)


@lru_cache
def targets() -> Targets:
    """Return the targets of this stage, which are read from the package once."""
    text = Path(__file__).with_name("targets.toml").read_text(encoding="utf-8")
    return load_targets(text, settings().stage)


def now() -> datetime:
    """Return the present time (UTC)."""
    return datetime.fromtimestamp(time.time(), UTC)


def forget() -> None:
    """Forget the settings, the targets and the clients; they are made again on their next use."""
    settings.cache_clear()
    targets.cache_clear()
    clients.forget()


def prepare() -> None:
    """While Lambda initialises the function, make the clients and models that nearly all need.

    The init phase has a whole CPU, and an invocation has only the share that its memory buys
    (Serverless Land, "Utilize initialization phase"). Outside Lambda, for example when packaging,
    a client is made on its first use.
    """
    if "AWS_LAMBDA_RUNTIME_API" in os.environ:
        for service in ("dynamodb", "ecs"):
            clients.client(service)
        for model in (Deployment, Head, Service, Target):
            model.model_rebuild(force=True)


def world(context: Any, listener: Listener) -> World:
    """Return the world of one Lambda invocation; `listener` hears what people are told.

    A lease that it takes lasts half a minute longer than the invocation can. So nobody else acts
    while this invocation still runs.
    """
    own = settings()
    return World(
        ledger=_Ledger(own.table, own.retention_days, listener),
        images=Ecr(own.region),
        scans=EcrScans(),
        services=Ecs(),
        standalone=StandaloneTasks(),
        scheduled=ScheduledTasks(),
        revisions=Revisions(),
        rule_targets=RuleTargets(),
        schedule_targets=ScheduleTargets(),
        watchers=StateMachine(own.state_machine),
        topic=channels(listener),
        targets=targets(),
        here=place_of(context.invoked_function_arn),
        holder=context.aws_request_id,
        lease_seconds=context.get_remaining_time_in_millis() // 1000 + _GRACE_SECONDS,
        now=now(),
        load_balancers=ElasticLoadBalancing(),
        alarms=CloudWatchAlarms(),
        logs=CloudWatchLogs(),
        counts=Metrics(own.stage, measured=own.metrics == "yes"),
    )


def channels(listener: Listener) -> Channels:
    """Return the channels of this stage: the SNS topic, and those that the targets file names."""
    named: dict[str, Channel] = {SNS: SnsTopic(settings().topic)}
    notices = targets().notices
    if notices.secrets:
        named |= _by_http(notices)
    if notices.events:
        from chalicelib.aws.event_bus import EventBus  # noqa: PLC0415 - see `_by_http`

        named["events"] = EventBus(settings().stage)
    return _Channels(named, notices.wants, listener)


def _by_http(notices: NoticeChannels) -> dict[str, Channel]:
    """The channels with a secret. A stage without them loads no code of theirs at a cold start."""
    from chalicelib.aws.slack_bot import SlackBot  # noqa: PLC0415
    from chalicelib.aws.teams import Teams  # noqa: PLC0415
    from chalicelib.aws.webhooks import Slack, Webhook  # noqa: PLC0415

    named: dict[str, Channel] = {}
    if slack := notices.slack:
        named["slack"] = SlackBot(slack) if slack.token else Slack(slack.secret)
    if notices.teams:
        named["teams"] = Teams(notices.teams.webhook)
    if notices.webhook:
        named["webhook"] = Webhook(notices.webhook.url)
    return named


class _Ledger(DynamoLedger):
    """The ledger. The listener hears each denial that is saved: the record's notice tells it.

    It also hears why a family could not be kept tidy, where that was told today already.
    """

    def __init__(self, table: str, retention_days: int, listener: Listener) -> None:
        super().__init__(table, retention_days)
        self._listener = listener

    def head(self, service: str) -> Head | None:
        found = super().head(service)
        if found and found.tidied and found.tidied.why_on == iso(now())[:10]:
            self._listener(found.tidied.why)
        return found

    def save(self, head: Head, deployment: Deployment | None = None) -> Head:
        saved = super().save(head, deployment)
        if deployment is not None and deployment.denied:
            self._listener(deployment.denial)
        return saved


class _Channels(Channels):
    """The channels. The listener hears each notice that is sent through them.

    The first failure of each channel in an invocation is a line of the log, and counts in a metric.
    """

    def __init__(
        self,
        named: Mapping[str, Channel],
        wants: Callable[[str, Status], bool],
        listener: Listener,
    ) -> None:
        super().__init__(named, wants)
        self._listener = listener
        self._failed: set[str] = set()

    def publish(
        self, notice: Notice, deployment: str, service: str, record: Deployment | None = None
    ) -> Delivery:
        delivery = super().publish(notice, deployment, service, record)
        self._listener(notice.text)
        return delivery

    def failed(self, name: str, failure: Unavailable) -> None:
        if name not in self._failed:
            self._failed.add(name)
            _logger.warning("%s was not reached, and is tried again: %s", name, failure)
            Metrics(settings().stage).count("ChannelFailures", 1)
