"""Where everything meets: the environment, the clock, the logs, AWS, and the flows."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from aws_lambda_powertools import Logger
from chalice.app import CloudWatchEvent

from chalicelib.aws import errors
from chalicelib.aws.channels import Channels
from chalicelib.aws.clients import client
from chalicelib.aws.ecr import Ecr
from chalicelib.aws.ecr_scans import EcrScans
from chalicelib.aws.ecs import Ecs
from chalicelib.aws.elbv2 import ElasticLoadBalancing
from chalicelib.aws.ledger import DynamoLedger
from chalicelib.aws.logs import CloudWatchLogs
from chalicelib.aws.sns import SnsTopic
from chalicelib.aws.stepfunctions import StateMachine
from chalicelib.aws.webhooks import Slack, Webhook
from chalicelib.errors import Denied, Refused, Unavailable
from chalicelib.explain.notice import denial
from chalicelib.explain.text import brief
from chalicelib.flow.outcome import Outcome
from chalicelib.flow.ports import World
from chalicelib.model.deployments import Deployment, Head, Notice
from chalicelib.model.places import place_of
from chalicelib.model.targets import Targets, load_targets
from chalicelib.settings import Settings, settings_from

# Not "slipway": Chalice's own logger has that name, and two owners make each line appear twice.
# RFC 3339, or Lambda's JSON logging counts every line as INFO.
# ASCII only: what came as half a character cannot be written otherwise, and the line would be lost.
logger = Logger(
    service="slipway-deployer",
    use_rfc3339=True,
    json_serializer=partial(json.dumps, default=str, separators=(",", ":")),
)
_GRACE_SECONDS = 30
_LONGEST = 1_000  # characters of what is said of an input, in a reply or a log line
_TROUBLES = frozenset({"failed", "untold"})


@lru_cache
def _settings() -> Settings:
    return settings_from(os.environ)


@lru_cache
def _targets() -> Targets:
    text = Path(__file__).with_name("targets.toml").read_text(encoding="utf-8")
    return load_targets(text, _settings().stage)


class _Metrics:
    """Metrics as log lines (CloudWatch's embedded metric format): no call, no permission."""

    def count(self, name: str, value: int) -> None:
        # Imported when something is counted, which is rare: it is not worth a cold start.
        from aws_lambda_powertools.metrics import (  # noqa: PLC0415
            MetricUnit,
            single_metric,
        )

        stage = _settings().stage
        with single_metric(
            name=name,
            unit=MetricUnit.Count,
            value=value,
            namespace="Slipway",
            default_dimensions={"stage": stage},
        ):
            pass


_said: list[str] = []  # what this invocation told people, or wrote into a record for them
_denials_told: set[tuple[str, str, str]] = set()  # a warm environment does not repeat itself


class _Ledger(DynamoLedger):
    """The ledger; a record that is denied something tells of it by its own notice."""

    def save(self, head: Head, deployment: Deployment | None = None) -> Head:
        after = super().save(head, deployment)
        if deployment is not None and deployment.denied:
            _said.append(deployment.denial)
        return after


class _Told(Channels):
    """The channels, and what was told through them."""

    def publish(self, notice: Notice, deployment: str, service: str) -> Sequence[str]:
        missed = super().publish(notice, deployment, service)
        _said.append(notice.text)
        return missed


def _channels(topic: str) -> Channels:
    makers = {"slack": Slack, "webhook": Webhook}
    named = _targets().notices.named
    return _Told(
        {"sns": SnsTopic(topic), **{name: makers[name](secret) for name, secret in named.items()}}
    )


def _now() -> datetime:
    return datetime.fromtimestamp(time.time(), UTC)


def prepare() -> None:
    """Make the clients that nearly every step needs while Lambda initialises the function.

    Init has a whole CPU, an invocation only the share that its memory buys (Serverless Land,
    "Utilize initialization phase"). Elsewhere, as when packaging, clients are made on first use.
    """
    if "AWS_LAMBDA_RUNTIME_API" in os.environ:
        for service in ("dynamodb", "ecs"):
            client(service)


def world(context: Any) -> World:
    """The world of one Lambda invocation.

    The lease that it may take outlasts the invocation by half a minute, so that nobody acts
    beside one that still runs.
    """
    settings = _settings()
    return World(
        ledger=_Ledger(settings.table, settings.retention_days),
        images=Ecr(settings.region),
        scans=EcrScans(),
        services=Ecs(),
        watchers=StateMachine(settings.state_machine),
        topic=_channels(settings.topic),
        targets=_targets(),
        here=place_of(context.invoked_function_arn),
        holder=context.aws_request_id,
        lease_seconds=context.get_remaining_time_in_millis() // 1000 + _GRACE_SECONDS,
        now=_now(),
        load_balancers=ElasticLoadBalancing(),
        logs=CloudWatchLogs(),
        counts=_Metrics(),
    )


def tell_denials(event: Any, get_response: Callable[[Any], Any]) -> Any:
    """Around every handler: each denial makes a log line, and a notice where nothing else told it.

    What was denied before there is a record, or to a step that does without, is told here; a
    person who asked has it in the reply.
    """
    _said.clear()
    errors.forget_denials()
    try:
        return get_response(event)
    finally:
        for denied in tuple(errors.denials):
            facts = {"function": denied.who, "action": denied.action, "resource": denied.resource}
            logger.error(str(denied), extra={"slipway": {"outcome": "denied", **facts}})
            key = (denied.who, denied.action, denied.resource)
            if key not in _denials_told:
                _denials_told.add(key)
                if not any(str(denied) in said for said in _said):
                    _tell(denied)


def _tell(denied: Denied) -> None:
    try:
        _channels(_settings().topic).publish(denial(denied, _now()), "", "")
    except Unavailable as unavailable:
        logger.warning("nobody could be told of this denial: %s", unavailable)


class _AnyEvent(CloudWatchEvent):
    """An event as it came; the flows parse it, and say what is wrong with it."""

    def _extract_attributes(self, event_dict: dict[str, Any]) -> None: ...


def accept_any_event(*handlers: Any) -> None:
    """Have these handlers called with whatever comes; Chalice's own class raises KeyError."""
    for handler in handlers:
        handler.event_class = _AnyEvent


def report(outcomes: Iterable[Outcome]) -> dict[str, Any]:
    """One log line an outcome; the reply repeats them."""
    lines = [
        outcome.model_copy(update={"reason": brief(outcome.reason, _LONGEST)}).model_dump(
            exclude_defaults=True
        )
        for outcome in outcomes
    ]
    for line in lines:
        log = logger.error if line["outcome"] in _TROUBLES else logger.info
        log(line.get("reason") or line["outcome"], extra={"slipway": line})
    return {"outcomes": lines}


def answered(
    flow: Callable[[World, object], dict[str, Any]], payload: object, context: Any
) -> dict[str, Any]:
    """A flow's reply to a person; what cannot be done is a reply too, without a stack trace.

    Who asked for what, and the reply, make one log line.
    """
    try:
        reply = flow(world(context), payload)
    except Refused as refused:
        reply = {"error": str(refused)}
    except Unavailable as unavailable:
        reply = {"error": f"{unavailable}. Ask again in a minute."}
    _said.append(str(reply.get("error", "")))
    if "error" in reply:
        reply["error"] = brief(reply["error"], _LONGEST)
    told = {key: value for key, value in reply.items() if key != "deployments"}
    asked = _shortened(payload)
    logger.info(reply.get("error") or "answered", extra={"slipway": told, "asked": asked})
    return reply


def _shortened(payload: object) -> object:
    """A payload as it came; of one that no person writes, the beginning of its text."""
    text = json.dumps(payload, default=str)
    return payload if len(text) <= _LONGEST * 4 else f"{text[: _LONGEST * 4]}…"
