"""How EventBridge hands an event to a target: Lambda, SNS, SQS, Step Functions, ECS, log groups.

A function's resource-based policy must allow it. The policies of queues and topics are not checked:
a missing one has no effect here. A target with a role is called as that role, which EventBridge
must be able to assume. Inferred: an event without an input of the target overrides nothing of a
task.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable
from typing import Any

from moto.awslambda.models import lambda_backends
from moto.events.models import Rule

from embedded.calls.sessions import ACCOUNT, REGION
from embedded.clock.clock import RunningClock
from embedded.gate.clients import Clients
from embedded.iam.evaluate import arn_like, holds
from embedded.services import task_targets

Event = dict[str, Any]


class Targets:
    """Delivers to one target at a time; `invoke` queues an event for a function."""

    def __init__(
        self,
        clock: RunningClock,
        clients: Clients,
        invoke: Callable[[str, bytes], None],
        trusts: Callable[[str, str], bool],
    ) -> None:
        self._clock = clock
        self._clients = clients
        self._invoke = invoke
        self._trusts = trusts

    def deliver(self, rule: Rule, target: dict[str, Any], event: Event) -> None:
        """Hand `event` to the target; raises an exception where AWS would give the event up."""
        arn, body = target["Arn"], target_input(target, event)
        match arn.split(":")[2]:
            case "lambda":
                _require_permission(arn, rule.arn)
                self._invoke(arn, body.encode())
            case "sns":
                self._clients.admin("sns").publish(TopicArn=arn, Message=body)
            case "sqs":
                self.to_queue(arn, body)
            case "states":
                client = self._clients.as_role(target["RoleArn"], "events", "stepfunctions")
                client.start_execution(stateMachineArn=arn, input=body)
            case "ecs":
                self._run_task(rule, target, event)
            case "logs":
                self._to_log_group(arn, body)
            case service:
                raise NotImplementedError(f"EventBridge target of kind {service}: {arn}")

    def _run_task(self, rule: Rule, target: dict[str, Any], event: Event) -> None:
        role = target["RoleArn"]
        if not self._trusts(role, "events.amazonaws.com"):
            raise PermissionError(f"events.amazonaws.com may not assume {role}")
        has_input = any(name in target for name in ("Input", "InputPath", "InputTransformer"))
        text = target_input(target, event) if has_input else None
        task_targets.run(self._clients, "events", target, f"events-rule/{rule.name}", text)

    def to_queue(self, arn: str, body: str, **attributes: Any) -> None:
        client = self._clients.admin("sqs")
        url = client.get_queue_url(QueueName=arn.rsplit(":", 1)[-1])["QueueUrl"]
        client.send_message(QueueUrl=url, MessageBody=body, **attributes)

    def _to_log_group(self, arn: str, body: str) -> None:
        client, group = self._clients.admin("logs"), arn.split(":")[6]
        stream = str(uuid.uuid4())
        client.create_log_stream(logGroupName=group, logStreamName=stream)
        now = int(self._clock.now().timestamp() * 1000)
        lines = [{"timestamp": now, "message": body}]
        client.put_log_events(logGroupName=group, logStreamName=stream, logEvents=lines)


def target_input(target: dict[str, Any], event: Event) -> str:
    """What a target receives of `event`, as JSON text.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
    """
    if "Input" in target:
        return str(target["Input"])
    if "InputPath" in target:
        return json.dumps(at_path(event, target["InputPath"]))
    transformer = target.get("InputTransformer")
    if transformer is None:
        return json.dumps(event)
    text = str(transformer["InputTemplate"])
    for name, path in (transformer.get("InputPathsMap") or {}).items():
        text = _fill(text, name, at_path(event, path))
    return text.replace("<aws.events.event.json>", json.dumps(event))


def at_path(event: Event, path: str) -> Any:
    """The value at a simple JSONPath (`$.detail.name`, `$.resources[0]`); None when absent."""
    value: Any = event
    for name, index in re.findall(r"\.([^.\[]+)|\[(\d+)\]", path):
        try:
            value = value[name] if name else value[int(index)]
        except (KeyError, IndexError, TypeError):
            return None
    return value


def _fill(template: str, name: str, value: Any) -> str:
    """Replace <name> by the value: a string inside quotes as it is, anything else as JSON."""
    words = json.dumps(value)

    def replace(found: re.Match[str]) -> str:
        quoted = template[: found.start()].count('"') % 2 == 1
        return words[1:-1] if quoted and isinstance(value, str) else words

    return re.sub(re.escape(f"<{name}>"), replace, template)


def _require_permission(function_arn: str, rule_arn: str) -> None:
    """The function's resource-based policy must let this rule invoke it, as on AWS."""
    name = function_arn.rsplit(":function:", 1)[-1].partition(":")[0]
    function = lambda_backends[ACCOUNT][REGION].get_function(name)
    context = {"aws:SourceArn": rule_arn, "aws:SourceAccount": ACCOUNT}
    for statement in function.policy.statements:
        principal = statement.get("Principal")
        service = principal.get("Service") if isinstance(principal, dict) else principal
        if (
            service in ("events.amazonaws.com", "*")
            and arn_like(statement.get("Action", ""), "lambda:InvokeFunction")
            and all(holds(t, k, context) for t, k in (statement.get("Condition") or {}).items())
        ):
            return
    raise PermissionError(f"NO_PERMISSIONS: {rule_arn} may not invoke {function_arn}")
