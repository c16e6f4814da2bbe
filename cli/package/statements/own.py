"""Statements about the stack itself: its logs, ledger, watchers, notices, webhooks and queue."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from chalicelib.model.deployment_event import DETAIL_TYPE, SOURCE
from cli.package.statements.scope import Scope
from cli.package.statements.statement import Statement, allow, arn

_LEDGER = [{"Fn::GetAtt": ["Ledger", "Arn"]}]
_BY_DEPLOYMENT = {"Fn::Sub": "${Ledger.Arn}/index/by-deployment"}
# Who finds a record by its deployment's id, a service's history, or what is unfinished; the others
# know the keys of what they read.
_SEARCHED: dict[str, list[Any]] = {
    "watch": [_BY_DEPLOYMENT],
    "release": [_BY_DEPLOYMENT],
    "status": [*_LEDGER, _BY_DEPLOYMENT],
    "sweep": [*_LEDGER, {"Fn::Sub": "${Ledger.Arn}/index/open"}],
}


def own_logs(scope: Scope) -> Iterable[Statement]:
    group = f"log-group:/aws/lambda/slipway-{scope.stage}-{scope.function}:*"
    yield allow("WriteOwnLogs", ["logs:CreateLogStream", "logs:PutLogEvents"], [arn("logs", group)])


def traces(_: Scope) -> Iterable[Statement]:
    yield allow("SendTraces", ["xray:PutTraceSegments", "xray:PutTelemetryRecords"], ["*"])


def read_ledger(scope: Scope) -> Iterable[Statement]:
    yield allow("ReadLedger", ["dynamodb:GetItem"], _LEDGER)
    if scope.function in _SEARCHED:
        yield allow("SearchLedger", ["dynamodb:Query"], _SEARCHED[scope.function])


def read_board(_: Scope) -> Iterable[Statement]:
    yield allow("BatchReadLedger", ["dynamodb:BatchGetItem"], _LEDGER)


def write_ledger(_: Scope) -> Iterable[Statement]:
    # A transaction needs no action of its own, only those of its parts.
    yield allow("WriteLedger", ["dynamodb:PutItem"], _LEDGER)


def look_at_watchers(scope: Scope) -> Iterable[Statement]:
    executions = arn("states", f"execution:slipway-{scope.stage}:*")
    yield allow("LookAtWatchers", ["states:DescribeExecution"], [executions])


def notify(_: Scope) -> Iterable[Statement]:
    yield allow("Notify", ["sns:Publish"], [{"Ref": "Notices"}])


def read_webhooks(scope: Scope) -> Iterable[Statement]:
    """The URLs of webhooks; AWS' own keys decrypt for whoever may read through their service."""
    names = [secret.partition(":") for secret in scope.secrets]
    parameters = [arn("ssm", f"parameter{name}") for store, _, name in names if store == "ssm"]
    # Secrets Manager adds a hyphen and six characters of its own to a secret's name.
    secrets = [
        arn("secretsmanager", f"secret:{name}-??????") for store, _, name in names if store != "ssm"
    ]
    if parameters:
        yield allow("ReadParameters", ["ssm:GetParameter"], parameters)
    if secrets:
        yield allow("ReadSecrets", ["secretsmanager:GetSecretValue"], secrets)


def put_events(scope: Scope) -> Iterable[Statement]:
    """Slipway's own events on the default bus, and nobody else's; only with `events = true`."""
    if scope.events:
        condition = {"StringEquals": {"events:source": SOURCE, "events:detail-type": DETAIL_TYPE}}
        yield allow(
            "PutEvents", ["events:PutEvents"], [arn("events", "event-bus/default")], condition
        )


def start_watchers(scope: Scope) -> Iterable[Statement]:
    # By name: the state machine calls `watch`, so a reference would be a cycle.
    machine = arn("states", f"stateMachine:slipway-{scope.stage}")
    yield allow("StartWatchers", ["states:StartExecution"], [machine])


def report_failures(_: Scope) -> Iterable[Statement]:
    queue = {"Fn::GetAtt": ["Failures", "Arn"]}
    yield allow("ReportFailures", ["sqs:SendMessage"], [queue])
