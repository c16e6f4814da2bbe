"""How Scheduler invokes a target as its execution role: ECS, Lambda, SQS, and any RunTask.

Documented ("Managing targets", "Templated targets", "Universal targets"): the target is invoked
with its input; a universal target takes the request of the API in PascalCase; keywords such as
`<aws.scheduler.schedule-arn>` in the input are replaced. "Configuring a dead-letter queue": the
execution role sends the dead letter, and its attributes.
Inferred: the notification of a target without input; the codes of errors that no service gave.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from embedded.calls.sessions import ACCOUNT, REGION
from embedded.gate.clients import Clients
from embedded.services import task_targets
from embedded.services.scheduler.refusals import RUN_TASK
from embedded.services.scheduler.schedule import Schedule

SESSION = "scheduler"
_THROTTLED = 429  # only the statuses of a service that is not available are above it


@dataclass(frozen=True)
class Invocation:
    """One time at which a schedule is due; `attempt` counts from 1."""

    schedule: Schedule
    due: datetime
    execution: str
    attempt: int = 1

    @property
    def text(self) -> str | None:
        """The target's input, with its keywords replaced."""
        text = self.schedule.target.get("Input")
        if text is None:
            return None
        for name, value in (
            ("schedule-arn", self.schedule.arn),
            ("scheduled-time", timestamp(self.due)),
            ("execution-id", self.execution),
            ("attempt-number", str(self.attempt)),
        ):
            text = text.replace(f"<aws.scheduler.{name}>", value)
        return str(text)

    @property
    def payload(self) -> str:
        """The input or, without one, Scheduler's notification."""
        return self.text or json.dumps(
            {
                "version": "0",
                "id": self.execution,
                "detail-type": "Scheduled Event",
                "source": "aws.scheduler",
                "account": ACCOUNT,
                "time": timestamp(self.due),
                "region": REGION,
                "resources": [self.schedule.arn],
                "detail": "{}",
            }
        )


def invoke(clients: Clients, invocation: Invocation) -> None:
    """Invoke the target; raises an exception where the service refuses."""
    target, name = invocation.schedule.target, invocation.schedule.name
    arn, role = target["Arn"], target["RoleArn"]
    if arn == RUN_TASK:
        request = task_targets.lower_camel(json.loads(invocation.payload))
        task_targets.run_as(clients, SESSION, role, request)
        return
    match arn.split(":")[2]:
        case "ecs":
            started_by = f"chronos-schedule/{name}"
            task_targets.run(clients, SESSION, target, started_by, invocation.text)
        case "lambda":
            client = clients.as_role(role, SESSION, "lambda")
            body = invocation.payload.encode()
            client.invoke(FunctionName=arn, InvocationType="Event", Payload=body)
        case "sqs":
            send(clients, role, arn, invocation.payload, _fifo(target))
        case _:
            raise NotImplementedError(f"The embedded AWS has no Scheduler target {arn}")


def send_letter(clients: Clients, invocation: Invocation, error: Exception) -> None:
    """Send a failed invocation to the dead-letter queue, if the target has one."""
    target = invocation.schedule.target
    queue = (target.get("DeadLetterConfig") or {}).get("Arn")
    if not queue:
        return
    words = {
        "ERROR_CODE": code_of(error),
        "ERROR_MESSAGE": str(error),
        "EXECUTION_ID": invocation.execution,
        "IS_PAYLOAD_TRUNCATED": "false",
        "RETRY_ATTEMPTS": str(invocation.attempt - 1),
        "SCHEDULED_TIME": timestamp(invocation.due),
        "SCHEDULE_ARN": invocation.schedule.arn,
        "TARGET_ARN": target["Arn"],
    }
    attributes = {k: {"DataType": "String", "StringValue": v} for k, v in words.items()}
    more = {"MessageAttributes": attributes}
    send(clients, target["RoleArn"], queue, invocation.payload, more)


def send(clients: Clients, role: str, queue: str, body: str, more: dict[str, Any]) -> None:
    name = queue.rsplit(":", 1)[-1]
    url = clients.admin("sqs").get_queue_url(QueueName=name)["QueueUrl"]
    clients.as_role(role, SESSION, "sqs").send_message(QueueUrl=url, MessageBody=body, **more)


def may_be_tried_again(error: Exception) -> bool:
    """Whether another attempt may help: the service was throttling, or not available."""
    if not isinstance(error, ClientError):
        return isinstance(error, task_targets.NotStarted)
    status = error.response["ResponseMetadata"]["HTTPStatusCode"]
    return status >= _THROTTLED or "Throttl" in code_of(error)


def code_of(error: Exception) -> str:
    if isinstance(error, ClientError):
        return str(error.response["Error"]["Code"])
    return type(error).__name__


def timestamp(time: datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


def _fifo(target: dict[str, Any]) -> dict[str, Any]:
    group = (target.get("SqsParameters") or {}).get("MessageGroupId")
    return {"MessageGroupId": group} if group else {}
