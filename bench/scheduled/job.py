"""A rule and a schedule that run a service's family: how they are made, and what they run.

Their targets have every kind of member that a person may have set: the input, the retries, a
dead-letter queue, a capacity provider strategy, tags. One more member is in no SDK's model, as any
member is to an SDK that is older than it. The rule has a second target, a queue. Both start a job
at the full minute.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Literal

from chalicelib.aws.raw import raw_answers, raw_request
from chalicelib.aws.scheduled_tasks import RESPONSE_ONLY
from embedded.account import EmbeddedAws
from embedded.services.ecs import Place
from embedded.services.ecs.programs import Exits
from example import conflicto
from example.scenario import CLUSTER, Trial

Kind = Literal["rule", "schedule"]
KINDS: tuple[Kind, ...] = ("rule", "schedule")
Json = dict[str, Any]
EVERY_MINUTE = "cron(* * * * ? *)"
JOB, QUEUE = "job", "queue"  # ids of the rule's targets
COMMAND = "nightly"
ROLE = "conflicto-scheduled-dev"
REVISION = "EcsParameters.TaskDefinitionArn"
_REGION = f"{conflicto.REGION}:{conflicto.ACCOUNT}"
_ALL = {"Effect": "Allow", "Action": ["ecs:*", "iam:PassRole", "sqs:*"], "Resource": "*"}
_PLACE = Place(conflicto.ACCOUNT, conflicto.REGION)
_STARTED_BY = {"rule": "events-rule", "schedule": "chronos-schedule"}


@dataclass(frozen=True)
class Moment:
    """A moment of the story; jobs that did not start are counted, since they have no time."""

    at: datetime
    rules_failed: int
    schedules_failed: int


@dataclass
class Job:
    """The rule and the schedule NAME beside one service.

    With `family_only`, their targets name the family without a revision. With `queue_first`, the
    queue is the first of the rule's targets.
    """

    name: str
    trial: Trial
    aws: EmbeddedAws
    family_only: bool = False
    queue_first: bool = False

    @cached_property
    def events(self) -> Any:
        return self.aws.client("events")

    @cached_property
    def scheduler(self) -> Any:
        return self.aws.client("scheduler")

    def build(self) -> None:
        """Make the rule and the schedule, for the revision that the service runs."""
        self.aws.client("sqs").create_queue(QueueName=self.name)
        self.events.put_rule(Name=self.name, ScheduleExpression=EVERY_MINUTE)
        targets = [self._target(), {"Id": QUEUE, "Arn": self.queue}]
        self.put(*(reversed(targets) if self.queue_first else targets))
        target = {key: value for key, value in self._target().items() if key != "Id"}
        required: Json = {
            "ScheduleExpression": EVERY_MINUTE,
            "FlexibleTimeWindow": {"Mode": "OFF"},
            "Target": {"Arn": target["Arn"], "RoleArn": target["RoleArn"]},
        }
        body = {
            **required,
            "Target": target,
            "GroupName": "default",
            "Description": "the report",
            "ScheduleExpressionTimezone": "Europe/Berlin",
        }
        with raw_request(self.scheduler, "CreateSchedule", body):
            self.scheduler.create_schedule(Name=self.name, **required)

    def put(self, *targets: Json) -> None:
        """Write targets of the rule as they are, with members that no SDK knows."""
        with raw_request(self.events, "PutTargets", {"Rule": self.name, "Targets": [*targets]}):
            self.events.put_targets(Rule=self.name, Targets=[{"Id": JOB, "Arn": self.queue}])

    def remove(self) -> None:
        """Delete both, so that no job starts during the next case."""
        self.events.remove_targets(Rule=self.name, Ids=[JOB, QUEUE])
        self.events.delete_rule(Name=self.name)
        self.scheduler.delete_schedule(Name=self.name)

    @property
    def queue(self) -> str:
        return f"arn:aws:sqs:{_REGION}:{self.name}"

    def _target(self) -> Json:
        family = f"arn:aws:ecs:{_REGION}:task-definition/{self.trial.repository}"
        network = {"Subnets": ["subnet-0a"], "SecurityGroups": ["sg-0a"]}
        overrides = {"name": f"conflicto-{self.trial.name}", "command": [COMMAND]}
        return {
            "Id": JOB,
            "Arn": f"arn:aws:ecs:{_REGION}:cluster/{CLUSTER}",
            "RoleArn": f"arn:aws:iam::{conflicto.ACCOUNT}:role/{ROLE}",
            "Input": json.dumps({"containerOverrides": [overrides]}),
            "RetryPolicy": {"MaximumRetryAttempts": 2, "MaximumEventAgeInSeconds": 3600},
            "DeadLetterConfig": {"Arn": self.queue},
            "EcsParameters": {
                "TaskDefinitionArn": family if self.family_only else f"{family}:1",
                "TaskCount": 1,
                "CapacityProviderStrategy": [
                    {"capacityProvider": "FARGATE_SPOT", "weight": 1, "base": 0}
                ],
                "NetworkConfiguration": {"awsvpcConfiguration": network},
                "PlatformVersion": "LATEST",
                "Group": "nightly",
                "PropagateTags": "TASK_DEFINITION",
                "EnableECSManagedTags": True,
                "Tags": [{"Key": "team", "Value": "conflicto"}],
                "MemberOfNextYear": {"Mode": "ON"},
            },
        }

    def target(self) -> Json:
        """The rule's ECS target, as EventBridge keeps it."""
        return self._targets()[JOB]

    def seen(self) -> dict[str, Any]:
        """All that the rule and the schedule are, each member by its path."""
        rule = self.events.describe_rule(Name=self.name)
        rule = {key: value for key, value in rule.items() if key != "ResponseMetadata"}
        with raw_answers(self.scheduler, "GetSchedule") as bodies:
            self.scheduler.get_schedule(Name=self.name)
        schedule = json.loads(bodies[-1])
        kept = {key: value for key, value in schedule.items() if key not in RESPONSE_ONLY}
        parts = {"rule": rule, "schedule": kept, **self._targets()}
        return {path: value for name, part in parts.items() for path, value in _paths(part, name)}

    def _targets(self) -> dict[str, Json]:
        with raw_answers(self.events, "ListTargetsByRule") as bodies:
            self.events.list_targets_by_rule(Rule=self.name)
        return {target["Id"]: target for target in json.loads(bodies[-1])["Targets"]}

    def service_revision_active(self) -> bool:
        """Whether the revision that the service runs is ACTIVE."""
        ecs, named = self.aws.client("ecs"), self.trial.service_name
        (service,) = ecs.describe_services(cluster=CLUSTER, services=[named])["services"]
        answer = ecs.describe_task_definition(taskDefinition=service["taskDefinition"])
        return bool(answer["taskDefinition"]["status"] == "ACTIVE")

    def now(self) -> Moment:
        aws = self.aws
        return Moment(aws.clock.now(), len(aws.events.failures), len(aws.scheduler.failures))

    def jobs(self, kind: Kind, since: Moment) -> list[str]:
        """Return the builds that jobs since then run, then why others did not start."""
        with self.aws.clock.lock:
            tasks = list(self.aws.ecs.region(_PLACE).tasks.values())
        started = [
            build
            for task in tasks
            if task.started_by == f"{_STARTED_BY[kind]}/{self.name}" and task.created_at >= since.at
            for build in self.trial.builds(task.definition.images)
        ]
        rules = self.aws.events.failures[since.rules_failed :]
        schedules = self.aws.scheduler.failures[since.schedules_failed :]
        failed = {
            "rule": [one.error for one in rules if one.rule == self.name],
            "schedule": [one.error for one in schedules if one.schedule.endswith(f"/{self.name}")],
        }
        return [*started, *(f"does not start: {_reason(error)}" for error in failed[kind])]

    def both(self, since: Moment) -> bool:
        """Whether both have started a job since then, or failed to."""
        return all(self.jobs(kind, since) for kind in KINDS)


def _reason(error: str) -> str:
    """What ECS says, without what botocore puts around it."""
    return error.rpartition(": ")[2]


def make_role(aws: EmbeddedAws) -> None:
    """Make the role with which EventBridge and Scheduler start the jobs."""
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": ["events.amazonaws.com", "scheduler.amazonaws.com"]},
        "Action": "sts:AssumeRole",
    }
    iam = aws.client("iam")
    iam.create_role(RoleName=ROLE, AssumeRolePolicyDocument=_policy(trust))
    iam.put_role_policy(RoleName=ROLE, PolicyName="jobs", PolicyDocument=_policy(_ALL))


def let_jobs_end(aws: EmbeddedAws) -> None:
    """Let the jobs' command end well from now on, whatever their image does as a service."""
    aws.ecs.faults.run(Exits(exit_code=0, after=5), command=COMMAND)


def _policy(statement: Mapping[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _paths(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    """The members that are no object, by path."""
    if not isinstance(value, dict):
        yield path, value
        return
    for key, inner in value.items():
        yield from _paths(inner, f"{path}.{key}")


def changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """The paths of members that are not as they were, apart from the revisions."""
    return [
        path
        for path in dict.fromkeys((*before, *after))
        if not path.endswith(REVISION) and before.get(path) != after.get(path)
    ]
