"""CloudFormation, Lambda, EventBridge, SQS, CloudWatch, Step Functions -> facts about the stack."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from chalicelib.model.targets import Targets
from cli.doctor.asking import Asking
from cli.doctor.facts import EventRule, StackFacts
from cli.doctor.read_permissions import channel_secrets
from cli.package.names import VERSION, function_name
from cli.package.policies import functions

_LATELY = timedelta(days=7)
_NO_STACK = ("ValidationError",)  # "Stack with id … does not exist"
_NOT_FOUND = ("ResourceNotFoundException",)
Resources = Mapping[str, Sequence[str]]  # a type of resource -> the physical ids


def stack(asking: Asking, targets: Targets, checkout: str, now: datetime) -> StackFacts:
    """Everything about the stack of the targets' stage, and the secrets of their channels."""
    name, stage = f"slipway-{targets.stage}", targets.stage
    secrets = channel_secrets(asking, targets.notices.secrets)
    known = StackFacts(stage=stage, checkout=checkout, secrets=secrets)
    answer = asking.ask(
        f"the stack {name}", "cloudformation:describe_stacks", absent=_NO_STACK, StackName=name
    )
    if not answer or not answer.get("Stacks"):
        return known.model_copy(update={"exists": None if answer is None else False})
    found: Mapping[str, Any] = answer["Stacks"][0]
    resources = _resources(asking, name)
    outputs = {each["OutputKey"]: each["OutputValue"] for each in found.get("Outputs", ())}
    return known.model_copy(
        update={
            "exists": True,
            "status": found["StackStatus"],
            "version": _version(asking, name),
            "missing_functions": _missing_functions(asking, targets),
            "rules": _rules(asking, resources.get("AWS::Events::Rule", ())),
            "queue": outputs.get("FailuresQueue", ""),
            "waiting": _waiting(asking, outputs.get("FailuresQueue", "")),
            "alarms": _alarms(asking, name),
            "failed_executions": _failed(asking, outputs.get("StateMachine", ""), now),
        }
    )


def _resources(asking: Asking, name: str) -> Resources:
    listed = asking.all(
        f"the resources of {name}",
        "cloudformation:list_stack_resources",
        "StackResourceSummaries",
        StackName=name,
    )
    found: dict[str, list[str]] = {}
    for each in listed or ():
        if identifier := each.get("PhysicalResourceId"):
            found.setdefault(each["ResourceType"], []).append(identifier)
    return found


def _version(asking: Asking, name: str) -> str | None:
    """The version in the template's Metadata; empty where its package wrote none."""
    about = f"the version of {name}"
    answer = asking.ask(about, "cloudformation:get_template_summary", StackName=name)
    if answer is None:
        return None
    try:
        metadata = json.loads(answer.get("Metadata") or "{}")
    except ValueError:
        return ""
    return str(metadata.get(VERSION, "")) if isinstance(metadata, dict) else ""


def _missing_functions(asking: Asking, targets: Targets) -> tuple[str, ...] | None:
    missing = []
    for function in functions(targets):
        name = function_name(targets.stage, function)
        answer = asking.ask(
            "Slipway's functions",
            "lambda:get_function_configuration",
            absent=_NOT_FOUND,
            FunctionName=name,
        )
        if answer is None:
            return None
        if not answer:
            missing.append(name)
    return tuple(missing)


def _rules(asking: Asking, names: Iterable[str]) -> tuple[EventRule, ...] | None:
    found = []
    for name in names:
        rule = name.rpartition("/")[2]
        answer = asking.ask(
            "the EventBridge rules", "events:describe_rule", absent=_NOT_FOUND, Name=rule
        )
        if answer is None:
            return None
        found.append(EventRule(name=rule, enabled=answer.get("State", "DISABLED") != "DISABLED"))
    return tuple(found)


def _waiting(asking: Asking, queue: str) -> int | None:
    if not queue:
        return None
    answer = asking.ask(
        "the dead-letter queue",
        "sqs:get_queue_attributes",
        QueueUrl=queue,
        AttributeNames=["ApproximateNumberOfMessages"],
    )
    return int(answer["Attributes"]["ApproximateNumberOfMessages"]) if answer else None


def _alarms(asking: Asking, name: str) -> tuple[str, ...] | None:
    ringing = asking.all(
        "the alarms",
        "cloudwatch:describe_alarms",
        "MetricAlarms",
        AlarmNamePrefix=f"{name}-",
        StateValue="ALARM",
    )
    if ringing is None:
        return None
    return tuple(sorted(each["AlarmName"] for each in ringing if each["StateValue"] == "ALARM"))


def _failed(asking: Asking, machine: str, now: datetime) -> tuple[str, ...] | None:
    """The executions that failed within a week, newest first; one page of them is enough."""
    if not machine:
        return None
    answer = asking.ask(
        "the executions of the state machine",
        "stepfunctions:list_executions",
        stateMachineArn=machine,
        statusFilter="FAILED",
        maxResults=100,
    )
    if answer is None:
        return None
    return tuple(
        each["name"]
        for each in answer["executions"]
        if each.get("stopDate", each["startDate"]) >= now - _LATELY
    )
