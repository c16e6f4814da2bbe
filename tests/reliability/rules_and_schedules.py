"""Rules and schedules that run the team's tasks: what people make, change, see and start.

A rule has one target with the id `TARGET`.
"""

from __future__ import annotations

from typing import Any

from tests.dialect.account import CLUSTER, FAMILY, Account
from tests.dialect.rehearsed import RehearsedAccount
from tests.dialect.scheduled import CLUSTER_ARN, ROLE, RULE, revision_arn

SCHEDULE, TARGET = "default/report-dev", "job"
_NIGHTLY = "cron(0 3 * * ? *)"
_NETWORK = {"awsvpcConfiguration": {"Subnets": ["subnet-0a"], "SecurityGroups": ["sg-0a"]}}


def add_rule(account: Account, name: str = RULE, revision: str = f"{FAMILY}:1") -> None:
    """A rule whose target runs this family:revision every night."""
    events = account.client("events")
    events.put_rule(Name=name, ScheduleExpression=_NIGHTLY)
    target = {"Id": TARGET, **_target(revision), "Input": '{"containerOverrides": []}'}
    events.put_targets(Rule=name, Targets=[target])


def add_schedule(account: Account, name: str = SCHEDULE, revision: str = f"{FAMILY}:1") -> None:
    """A schedule that runs this family:revision every night, within a quarter of an hour."""
    group, own = name.split("/")
    account.client("scheduler").create_schedule(
        Name=own,
        GroupName=group,
        ScheduleExpression=_NIGHTLY,
        ScheduleExpressionTimezone="Europe/Lisbon",
        FlexibleTimeWindow={"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 15},
        Target={**_target(revision), "RetryPolicy": {"MaximumRetryAttempts": 3}},
    )


def change(account: RehearsedAccount, name: str, revision: str = "", tasks: int = 0) -> None:
    """Somebody gives a rule or a `GROUP/NAME` schedule another family:revision, or more tasks.

    All else stays as it is at this moment.
    """
    kind, target = key_of(name)
    body = account.scheduled_tasks.present(kind, name, target)
    if body is None:
        return
    parameters = (body if kind == "rule" else body["Target"])["EcsParameters"]
    if tasks:
        parameters["TaskCount"] = tasks
    if revision:
        parameters["TaskDefinitionArn"] = revision_arn(revision)
    if kind == "rule":
        account.client("events").put_targets(Rule=name, Targets=[body])
    else:
        group, own = name.split("/")
        account.client("scheduler").update_schedule(Name=own, GroupName=group, **body)


def key_of(name: str) -> tuple[str, str]:
    """The kind of a rule or of a `GROUP/NAME` schedule, and the id of its target."""
    return ("schedule", "") if "/" in name else ("rule", TARGET)


def delete(account: Account, name: str) -> None:
    """Somebody deletes a `GROUP/NAME` schedule."""
    group, own = name.split("/")
    account.client("scheduler").delete_schedule(GroupName=group, Name=own)


def start(account: Account, revision: str) -> None:
    """A task of this family:revision starts, as a rule or a schedule would start it."""
    account.client("ecs").run_task(
        cluster=CLUSTER,
        taskDefinition=revision,
        launchType="FARGATE",
        startedBy=f"events-rule/{RULE}",
        networkConfiguration={
            "awsvpcConfiguration": {"subnets": ["subnet-0a"], "securityGroups": ["sg-0a"]}
        },
    )


def _target(revision: str) -> dict[str, Any]:
    parameters = {
        "TaskDefinitionArn": revision_arn(revision),
        "LaunchType": "FARGATE",
        "NetworkConfiguration": _NETWORK,
    }
    return {"Arn": CLUSTER_ARN, "RoleArn": ROLE, "EcsParameters": parameters}
