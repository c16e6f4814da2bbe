"""A rule and a schedule of the embedded AWS start what the packaged Slipway made them name."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import pytest

from cli.package import build
from cli.package.build import Package
from tests.cli.packages import copy_project
from tests.dialect.account import CLUSTER, FAMILY, SERVICE
from tests.dialect.packaged import PackagedAccount, packaged
from tests.dialect.scheduled import (
    RULE,
    SCHEDULE,
    add_rule,
    add_schedule,
    rule_runs,
    schedule_runs,
)
from tests.e2e.conftest import PROJECT

FOLLOW = 'follow = {rules = ["nightly-{env}"], schedules = ["default/report-{env}"]}\n'
EVERY = "rate(5 minutes)"
STARTERS = (f"events-rule/{RULE}", f"chronos-schedule/{SCHEDULE}")
MAY = [
    {
        "Effect": "Allow",
        "Action": "ecs:RunTask",
        "Resource": f"arn:aws:ecs:*:*:task-definition/{FAMILY}:*",
    },
    {"Effect": "Allow", "Action": "iam:PassRole", "Resource": "arn:aws:iam::*:role/conflicto-*"},
]


@pytest.fixture(scope="module")
def following(tmp_path_factory: pytest.TempPathFactory) -> Package:
    """The package of a targets file in which a rule and a schedule follow the service."""
    root = tmp_path_factory.mktemp("following")
    copy_project(root / "project")
    file = root / "project" / "chalicelib" / "targets.toml"
    text = file.read_text("utf-8").replace("[[target]]\n", f"[[target]]\n{FOLLOW}", 1)
    file.write_text(text, "utf-8")
    cache: Path = PROJECT / "out" / ".cache"
    return build.package(root / "project", "dev", root / "out", "x86_64", cache)


def _add_role(account: PackagedAccount) -> None:
    """The role with which EventBridge and Scheduler run the family's revisions."""
    iam = account.client("iam")
    services = ["events.amazonaws.com", "scheduler.amazonaws.com"]
    trust = {"Effect": "Allow", "Principal": {"Service": services}, "Action": "sts:AssumeRole"}
    name, version = "conflicto-cron-dev", {"Version": "2012-10-17"}
    iam.create_role(
        RoleName=name, AssumeRolePolicyDocument=json.dumps({**version, "Statement": [trust]})
    )
    document = json.dumps({**version, "Statement": MAY})
    iam.put_role_policy(RoleName=name, PolicyName="run", PolicyDocument=document)


def _started(account: PackagedAccount, starter: str) -> list[str]:
    """`family:revision` of the tasks that a rule or a schedule started, oldest first."""
    ecs = account.client("ecs")
    arns = ecs.list_tasks(cluster=CLUSTER, startedBy=starter)["taskArns"]
    tasks = ecs.describe_tasks(cluster=CLUSTER, tasks=arns)["tasks"] if arns else []
    ordered = sorted(tasks, key=lambda task: task["createdAt"])
    return [task["taskDefinitionArn"].rsplit("/", 1)[1] for task in ordered]


def _newest(account: PackagedAccount, revision: str) -> bool:
    """Whether the newest task of both runs this `family:revision`."""
    return all(_started(account, starter)[-1:] == [revision] for starter in STARTERS)


def test_what_follows_starts_the_new_revision_and_after_a_rollback_the_old_one(
    following: Package,
) -> None:
    with packaged(following) as account:
        _add_role(account)
        add_rule(account, expression=EVERY)
        account.client("events").remove_targets(Rule=RULE, Ids=["queue"])
        add_schedule(account, expression=EVERY)
        assert account.until(partial(_newest, account, f"{FAMILY}:1"))

        account.settle(SERVICE, account.push("abc1234"))
        assert account.until(lambda: rule_runs(account) == schedule_runs(account) == f"{FAMILY}:2")
        assert account.until(partial(_newest, account, f"{FAMILY}:2"))

        account.rollback()
        assert account.until(lambda: rule_runs(account) == schedule_runs(account) == f"{FAMILY}:1")
        assert account.until(partial(_newest, account, f"{FAMILY}:1"))
        assert account.failed() == []
        assert account.aws.events.failures == []
        assert account.aws.scheduler.failures == []
