"""Revisions of `job` in the cluster `dev`, a role that may run them, and the tasks that ran."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from embedded.account import EmbeddedAws

ACCOUNT = "123456789012"
CLUSTER = f"arn:aws:ecs:us-west-2:{ACCOUNT}:cluster/dev"
START = datetime(2026, 3, 2, 10, 0, 30, tzinfo=UTC)
LONG = 100_000  # simulated seconds, which a slow machine needs as little as a fast one
NETWORK = {"awsvpcConfiguration": {"Subnets": ["subnet-1"], "AssignPublicIp": "DISABLED"}}
RUN_JOB = [
    {"Effect": "Allow", "Action": "ecs:RunTask", "Resource": "*"},
    {"Effect": "Allow", "Action": "ecs:TagResource", "Resource": "*"},
]


@contextmanager
def scheduled_tasks(rate: float = 300) -> Iterator[ScheduledTasks]:
    with EmbeddedAws(rate=rate, start=START) as aws:
        yield ScheduledTasks(aws)


class ScheduledTasks:
    """The embedded AWS with a cluster; `role` may run tasks for EventBridge and Scheduler."""

    def __init__(self, aws: EmbeddedAws) -> None:
        self.aws = aws
        self.ecs = aws.client("ecs")
        self.events = aws.client("events")
        self.ecs.create_cluster(clusterName="dev")
        self.role = self.make_role("cron", *RUN_JOB)

    def make_role(
        self,
        name: str,
        *statements: dict[str, Any],
        services: tuple[str, ...] = ("events.amazonaws.com", "scheduler.amazonaws.com"),
    ) -> str:
        iam = self.aws.client("iam")
        trust = {
            "Effect": "Allow",
            "Principal": {"Service": list(services)},
            "Action": "sts:AssumeRole",
        }
        document = {"Version": "2012-10-17", "Statement": [trust]}
        made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(document))
        if statements:
            policy = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
            iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=policy)
        return str(made["Role"]["Arn"])

    def register(self, family: str = "job") -> str:
        """The ARN of a new revision."""
        answer = self.ecs.register_task_definition(
            family=family,
            networkMode="awsvpc",
            requiresCompatibilities=["FARGATE"],
            cpu="256",
            memory="512",
            containerDefinitions=[{"name": "job", "image": "job:1", "essential": True}],
        )
        return str(answer["taskDefinition"]["taskDefinitionArn"])

    def parameters(self, revision: str, **more: Any) -> dict[str, Any]:
        """EcsParameters that run this revision on Fargate."""
        return {
            "TaskDefinitionArn": revision,
            "LaunchType": "FARGATE",
            "NetworkConfiguration": NETWORK,
            **more,
        }

    def target(self, revision: str, name: str = "job", **more: Any) -> dict[str, Any]:
        """A target of a rule."""
        role = more.pop("RoleArn", self.role)
        parameters = self.parameters(revision, **more.pop("EcsParameters", {}))
        return {"Id": name, "Arn": CLUSTER, "RoleArn": role, "EcsParameters": parameters, **more}

    def tasks(self, started_by: str, revision: str | None = None) -> list[dict[str, Any]]:
        """The running and stopped tasks that were started by it, of one revision if it is given."""
        return [
            task
            for task in self._described()
            if task["startedBy"] == started_by and revision in (None, task["taskDefinitionArn"])
        ]

    def _described(self) -> Iterator[dict[str, Any]]:
        pages = self.ecs.get_paginator("list_tasks")
        for status in ("RUNNING", "STOPPED"):
            for page in pages.paginate(cluster="dev", desiredStatus=status):
                if arns := page["taskArns"]:
                    answer = self.ecs.describe_tasks(cluster="dev", tasks=arns, include=["TAGS"])
                    yield from answer["tasks"]

    def wait_for_task(self, started_by: str, revision: str | None = None) -> dict[str, Any]:
        assert self.aws.wait_until(lambda: self.tasks(started_by, revision), LONG)
        return self.tasks(started_by, revision)[0]

    def queue(self, name: str) -> str:
        """The ARN of a new queue."""
        self.aws.client("sqs").create_queue(QueueName=name)
        return f"arn:aws:sqs:us-west-2:{ACCOUNT}:{name}"

    def wait_for_message(self, queue: str) -> dict[str, Any]:
        """The first message in a queue, with its attributes."""
        sqs = self.aws.client("sqs")
        url = sqs.get_queue_url(QueueName=queue.rsplit(":", 1)[-1])["QueueUrl"]

        got: list[dict[str, Any]] = []

        def received() -> bool:
            found = sqs.receive_message(
                QueueUrl=url, MessageAttributeNames=["All"], VisibilityTimeout=0
            )
            got.extend(found.get("Messages", []))
            return bool(got)

        assert self.aws.wait_until(received, LONG)
        return got[0]
