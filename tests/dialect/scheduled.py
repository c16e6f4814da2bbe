"""The dialect where rules and schedules run tasks of the team: how they are made, what they run."""

from __future__ import annotations

from typing import Any

from example import conflicto
from tests.dialect.account import CLUSTER, FAMILY, FIRST_TAG, REPOSITORY, Account
from tests.dialect.rehearsed import TARGETS

RULE, SCHEDULE, REPORT = "nightly-dev", "report-dev", "conflicto-report-dev"
ROLE = f"arn:aws:iam::{conflicto.ACCOUNT}:role/conflicto-cron-dev"
CLUSTER_ARN = f"arn:aws:ecs:{conflicto.REGION}:{conflicto.ACCOUNT}:cluster/{CLUSTER}"
FOLLOWING = TARGETS + 'follow = {rules = ["nightly-{env}"], schedules = ["default/report-{env}"]}\n'


def add_rule(
    account: Account,
    revision: str = f"{FAMILY}:1",
    *,
    role: str = ROLE,
    expression: str = "cron(0 3 * * ? *)",
) -> None:
    """The rule runs this `family:revision`, and sends its events to a queue too."""
    events = account.client("events")
    events.put_rule(Name=RULE, ScheduleExpression=expression)
    queue = {"Id": "queue", "Arn": f"arn:aws:sqs:{conflicto.REGION}:{conflicto.ACCOUNT}:q"}
    put_target(account, revision, role=role, beside=[queue])


def put_target(
    account: Account, revision: str, *, role: str = ROLE, beside: list[dict[str, Any]] | None = None
) -> None:
    """Somebody lets the rule run this `family:revision`."""
    target = {"Id": "job", "Arn": CLUSTER_ARN, "RoleArn": role, "EcsParameters": _runs(revision)}
    account.client("events").put_targets(Rule=RULE, Targets=[target, *(beside or [])])


def add_schedule(
    account: Account,
    revision: str = f"{FAMILY}:1",
    *,
    role: str = ROLE,
    expression: str = "cron(0 3 * * ? *)",
) -> None:
    """The schedule runs this `family:revision`."""
    account.client("scheduler").create_schedule(
        Name=SCHEDULE,
        ScheduleExpression=expression,
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": CLUSTER_ARN, "RoleArn": role, "EcsParameters": _runs(revision)},
    )


def add_report(account: Account, family: str = REPORT, repository: str = REPOSITORY) -> str:
    """A family of its own, of which no service runs a revision; return its `family:revision`.

    It runs the first image of the repository.
    """
    image = f"{conflicto.repository_uri(repository)}:{FIRST_TAG}"
    definition = conflicto.task_definition("gunicorn_fargate", "report", "dev", image)
    client = account.client("ecs")
    made = client.register_task_definition(**definition | {"family": family})
    return str(made["taskDefinition"]["taskDefinitionArn"]).rsplit("/", 1)[1]


def rule_runs(account: Account) -> str:
    """`family:revision` that the rule runs."""
    targets = account.client("events").list_targets_by_rule(Rule=RULE)["Targets"]
    (job,) = [one for one in targets if one["Id"] == "job"]
    return _short(job["EcsParameters"])


def schedule_runs(account: Account) -> str:
    """`family:revision` that the schedule runs."""
    found = account.client("scheduler").get_schedule(Name=SCHEDULE)
    return _short(found["Target"]["EcsParameters"])


def revision_arn(revision: str) -> str:
    """The ARN of a `family:revision`."""
    return f"arn:aws:ecs:{conflicto.REGION}:{conflicto.ACCOUNT}:task-definition/{revision}"


def _runs(revision: str) -> dict[str, Any]:
    network = {"awsvpcConfiguration": {"Subnets": ["subnet-1"], "AssignPublicIp": "DISABLED"}}
    return {
        "TaskDefinitionArn": revision_arn(revision),
        "TaskCount": 1,
        "LaunchType": "FARGATE",
        "NetworkConfiguration": network,
    }


def _short(settings: dict[str, Any]) -> str:
    return str(settings["TaskDefinitionArn"].rsplit("/", 1)[1])
