"""A family of thirty revisions is kept tidy, while old ones run or are named in the account."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from chalicelib import lambda_edge
from chalicelib.definition.render import PROVENANCE
from embedded.services.ecs import Crash
from example import conflicto
from tests.dialect.account import BY_HAND, FAMILY, FIRST_TAG, REPOSITORY, SERVICE
from tests.dialect.rehearsed import TARGETS, RehearsedAccount, rehearsed

KEPT = TARGETS.replace("[[target]]", f'[[target]]\nfamily = "{FAMILY}"\nkeep_revisions = 5', 1)
NEWEST = 31
_HERE = f"arn:aws:ecs:{conflicto.REGION}:{conflicto.ACCOUNT}"
_ROLE = f"arn:aws:iam::{conflicto.ACCOUNT}:role/starts-tasks"


@contextmanager
def thirty_revisions() -> Iterator[RehearsedAccount]:
    """Somebody's revision 1, which the service runs, and thirty of ours."""
    with rehearsed(KEPT) as account:
        account.sweep()  # it meets the service
        for _ in range(NEWEST - 1):
            account.advance(2)
            _registered(account)
        yield account


def _registered(account: RehearsedAccount, **more: Any) -> str:
    image = f"{conflicto.repository_uri(REPOSITORY)}:{FIRST_TAG}"
    definition = conflicto.task_definition("gunicorn_fargate", "backend", "dev", image)
    tags = [{"key": PROVENANCE, "value": "20260101t000000-long-ago-00000000"}]
    made = account.client("ecs").register_task_definition(**{**definition, "tags": tags, **more})
    return str(made["taskDefinition"]["taskDefinitionArn"])


def tidy(account: RehearsedAccount, hours: int = 1, *, cold: bool = False) -> list[dict[str, Any]]:
    """Let the schedule run it so many times, an hour apart, warm or cold; what it told."""
    told: list[dict[str, Any]] = []
    for _ in range(hours):
        if cold:
            lambda_edge._told_permissions.set(frozenset())
        account.advance(3600)
        told += account.invoke("tidy", account.scheduled())["outcomes"]
    return told


def active(account: RehearsedAccount, family: str = FAMILY) -> list[int]:
    pages = account.client("ecs").get_paginator("list_task_definitions")
    found = [
        arn
        for page in pages.paginate(familyPrefix=family, status="ACTIVE")
        for arn in page["taskDefinitionArns"]
    ]
    return [int(arn.rsplit(":", 1)[1]) for arn in found]


def named_elsewhere(account: RehearsedAccount) -> None:
    """Another cluster's service, a task, two rules and two schedules each name an old revision."""
    ecs, events, scheduler = (account.client(n) for n in ("ecs", "events", "scheduler"))
    ecs.create_cluster(clusterName="elsewhere")
    network = {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}
    asleep = {"cluster": "elsewhere", "launchType": "FARGATE", "networkConfiguration": network}
    ecs.create_service(serviceName="asleep", taskDefinition=f"{FAMILY}:4", desiredCount=0, **asleep)
    ecs.run_task(taskDefinition=f"{FAMILY}:6", **asleep)
    account.advance(120)
    for number, rule in ((8, "nightly"), (10, "paused")):
        events.put_rule(Name=rule, ScheduleExpression="rate(1 day)")
        events.put_targets(Rule=rule, Targets=[{"Id": "1", **_target(number)}])
    events.disable_rule(Name="paused")
    scheduler.create_schedule_group(Name="ours")
    by_api = {
        "Arn": "arn:aws:scheduler:::aws-sdk:ecs:runTask",
        "RoleArn": _ROLE,
        "Input": f'{{"Cluster": "elsewhere", "TaskDefinition": "{FAMILY}:14"}}',
    }
    for name, group, target in (
        ("weekly", "default", _target(12)),
        ("by-api", "ours", by_api),
    ):
        scheduler.create_schedule(
            Name=name,
            GroupName=group,
            ScheduleExpression="rate(7 days)",
            FlexibleTimeWindow={"Mode": "OFF"},
            Target=target,
        )


def _target(number: int) -> dict[str, Any]:
    return {
        "Arn": f"{_HERE}:cluster/elsewhere",
        "RoleArn": _ROLE,
        "EcsParameters": {"TaskDefinitionArn": f"{_HERE}:task-definition/{FAMILY}:{number}"},
    }


def test_the_newest_of_ours_stay_and_whatever_runs_or_is_named_anywhere() -> None:
    with thirty_revisions() as account:
        named_elsewhere(account)
        assert tidy(account) == []
        assert len(active(account)) == NEWEST - 10
        tidy(account, hours=3)
        stays = {1, 4, 6, 8, 10, 12, 14, *range(NEWEST - 4, NEWEST + 1)}
        assert set(active(account)) == stays
        tidy(account, hours=3)
        assert set(active(account)) == stays
        assert account.failures == []


def test_what_is_named_no_longer_goes() -> None:
    with thirty_revisions() as account:
        named_elsewhere(account)
        tidy(account, hours=4)
        account.client("scheduler").delete_schedule(Name="weekly", GroupName="default")
        account.client("events").remove_targets(Rule="nightly", Ids=["1"])
        tidy(account)
        assert {8, 12} & set(active(account)) == set()
        assert {4, 6, 10, 14} <= set(active(account))


def test_the_day_is_told_once_and_shown_in_status() -> None:
    with thirty_revisions() as account:
        told = tidy(account, hours=30)
        (day,) = told
        assert day["outcome"] == "tidied"
        assert day["reason"].endswith(f"25 old revisions were deregistered, from {FAMILY}:2 to "
                                      f"{FAMILY}:26")  # fmt: skip
        (row,) = account.invoke("status", {"board": True})["board"]
        assert (row["tidied"]["count"], row["tidied"]["why"]) == (25, "")


def test_nothing_goes_while_a_push_is_under_way_and_its_rollback_has_what_it_needs() -> None:
    with thirty_revisions() as account:
        account.breaks("bad0000", Crash(after=3))
        account.push("bad0000")
        account.advance(20)
        account.invoke("tidy", account.scheduled())
        assert len(active(account)) == NEWEST + 1
        account.settle(SERVICE, account.push("abc1234"))
        tidy(account, hours=4)
        assert account.deployments(SERVICE)[0]["status"] == "SUCCESSFUL"
        assert account.rollback(**BY_HAND)["status"] == "IN_PROGRESS"
        account.advance(300)
        assert account.revision() == f"{FAMILY}:1"


@pytest.mark.parametrize(
    "operation",
    [
        "GetSchedule",
        pytest.param("ListTargetsByRule", marks=pytest.mark.slow),
        pytest.param("DescribeTasks", marks=pytest.mark.slow),
    ],
)
def test_a_read_that_may_not_be_made_lets_nothing_go_and_people_hear_of_it_once(
    operation: str,
) -> None:
    with thirty_revisions() as account:
        named_elsewhere(account)
        may_not = f"{_service(operation)}:{operation}"
        for statement in account.permissions.policies["tidy"]["Statement"]:
            statement["Action"] = [one for one in statement["Action"] if one != may_not]
        (told,) = tidy(account, hours=5, cold=True)
        assert len(active(account)) == NEWEST
        assert told["outcome"] == "failed"
        assert f"slipway-dev-tidy may not {may_not}" in told["reason"]
        subjects = [notice["subject"] for notice in account.notices()]
        assert [words for words in subjects if operation in words] == [
            f"Slipway: slipway-dev-tidy may not {may_not}"
        ]


def _service(operation: str) -> str:
    return {"ListTargetsByRule": "events", "GetSchedule": "scheduler"}.get(operation, "ecs")


def test_registering_keeps_half_of_the_rate_that_it_shares() -> None:
    with thirty_revisions() as account:
        before = account.called("ecs:DeregisterTaskDefinition")
        account.advance(3600)
        account.invoke("tidy", account.scheduled())
        for _ in range(10):  # at the same moment: the other half of the 20 that ECS takes at once
            _registered(account)
        assert account.called("ecs:DeregisterTaskDefinition") - before == 10
