"""Rules and schedules that follow a service, in the whole of Slipway with its policies."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from embedded.calls.call import Call, Reply
from embedded.services.ecs import Crash
from tests.dialect.account import FAMILY, SERVICE
from tests.dialect.rehearsed import RehearsedAccount, rehearsed
from tests.dialect.scheduled import (
    FOLLOWING,
    REPORT,
    RULE,
    add_report,
    add_rule,
    add_schedule,
    put_target,
    rule_runs,
    schedule_runs,
)

GOOD, BAD = "abc1234", "bad0000"
TEN_MINUTES = 600


@contextmanager
def following(targets: str = FOLLOWING, **made: str) -> Iterator[RehearsedAccount]:
    """The team's service, with a rule and a schedule that run its first revision."""
    with rehearsed(targets) as account:
        add_report(account)
        add_rule(account, **made)
        add_schedule(account)
        yield account


def runs(account: RehearsedAccount) -> list[str]:
    return [rule_runs(account), schedule_runs(account)]


def last(account: RehearsedAccount) -> dict[str, str]:
    notice: dict[str, str] = account.notices()[-1]
    return notice


def swept(account: RehearsedAccount) -> None:
    account.advance(TEN_MINUTES)
    account.sweep()


def test_a_push_goes_live_and_then_the_rule_and_the_schedule_run_it() -> None:
    with following() as account:
        digest = account.push(GOOD)
        account.until_told("IN_PROGRESS")
        assert runs(account) == [f"{FAMILY}:1"] * 2
        record = account.settle(SERVICE, digest)
        assert record["status"] == "SUCCESSFUL"
        assert runs(account) == [f"{FAMILY}:2"] * 2
        assert [(one["state"], one["from"], one["to"]) for one in record["scheduled"]] == [
            ("DONE", f"{FAMILY}:1", f"{FAMILY}:2")
        ] * 2
        assert [one for one in account.permissions.iam.decisions if not one.allowed] == []


def test_the_other_targets_of_a_rule_stay() -> None:
    with following() as account:
        account.settle(SERVICE, account.push(GOOD))
        targets = account.client("events").list_targets_by_rule(Rule=RULE)["Targets"]
        assert {one["Id"] for one in targets} == {"queue", "job"}


def test_what_fails_leaves_them_alone() -> None:
    with following() as account:
        account.breaks(BAD, Crash(after=3))
        account.settle(SERVICE, account.push(BAD))
        assert runs(account) == [f"{FAMILY}:1"] * 2
        assert account.called("events:PutTargets") == 0
        assert account.called("scheduler:UpdateSchedule") == 0


def test_a_rollback_by_hand_takes_them_back() -> None:
    with following() as account:
        digest = account.push(GOOD)
        account.settle(SERVICE, digest)
        account.rollback()
        account.until(lambda: account.running() == [f"{FAMILY}:1"] * 2)
        account.until(lambda: runs(account) == [f"{FAMILY}:1"] * 2)
        assert runs(account) == [f"{FAMILY}:1"] * 2


def test_a_role_that_may_not_be_passed_is_told_and_following_goes_on_once_it_may() -> None:
    role = "arn:aws:iam::123456789012:role/admin"
    with following(role=role) as account:
        record = account.settle(SERVICE, account.push(GOOD))
        assert record["status"] == "SUCCESSFUL"
        assert runs(account) == [f"{FAMILY}:1", f"{FAMILY}:2"]
        told = last(account)
        assert told["subject"].endswith("1 scheduled task does not run abc1234")
        assert f"may not iam:PassRole on {role}" in told["body"]
        for policy in account.permissions.policies.values():
            for statement in policy["Statement"]:
                if statement["Sid"] == "PassRolesOnSchedule":
                    statement["Resource"].append(role)
        swept(account)
        assert runs(account) == [f"{FAMILY}:2"] * 2
        assert last(account)["subject"].endswith("scheduled tasks follow abc1234 now")


def test_another_family_gets_a_revision_with_the_new_image() -> None:
    families = FOLLOWING.replace("]}\n", f'], families = ["{REPORT}"]}}\n')
    with rehearsed(families) as account:
        add_report(account)
        add_rule(account)
        add_schedule(account, f"{REPORT}:1")
        digest = account.push(GOOD)
        account.settle(SERVICE, digest)
        assert runs(account) == [f"{FAMILY}:2", f"{REPORT}:2"]
        assert [image.partition("@")[2] for image in account.images(f"{REPORT}:2")] == [digest]


def test_a_read_that_shows_what_was_there_before_changes_nothing() -> None:
    with following() as account:
        stale = account.client("events").list_targets_by_rule(Rule=RULE)["Targets"]

        def old(call: Call) -> Reply | None:
            if call.operation != "ListTargetsByRule":
                return None
            return Reply(200, json.dumps({"Targets": stale}).encode(), ())

        digest = account.push(GOOD)
        account.until_told("IN_PROGRESS")
        account.permissions.handlers.append(old)
        record = account.settle(SERVICE, digest)
        assert [one["state"] for one in record["scheduled"]] == ["DUE", "DONE"]
        account.permissions.handlers.remove(old)
        swept(account)
        (record,) = account.deployments(SERVICE)[:1]
        assert [one["state"] for one in record["scheduled"]] == ["DONE", "DONE"]
        assert account.called("events:PutTargets") == 1
        assert account.told()[-1] == "SUCCESSFUL"


def test_what_somebody_writes_at_the_same_time_stays_and_is_told() -> None:
    with following() as account:

        def overwritten(call: Call) -> Reply | None:
            if call.operation != "PutTargets":
                return None
            put_target(account, f"{REPORT}:1")
            return Reply(200, b'{"FailedEntryCount": 0, "FailedEntries": []}', ())

        account.permissions.handlers.append(overwritten)
        account.settle(SERVICE, account.push(GOOD))
        assert runs(account) == [f"{REPORT}:1", f"{FAMILY}:2"]
        assert "somebody else changed it at the same time" in last(account)["body"]
        account.permissions.handlers.remove(overwritten)
        swept(account)
        assert runs(account) == [f"{REPORT}:1", f"{FAMILY}:2"]


@pytest.mark.parametrize("minutes", [10, 60])
def test_what_terraform_sets_back_later_stays_and_the_next_push_brings_it_along(
    minutes: int,
) -> None:
    with following() as account:
        account.settle(SERVICE, account.push(GOOD))
        put_target(account, f"{FAMILY}:1")
        account.advance(60 * minutes)
        account.sweep()
        assert runs(account) == [f"{FAMILY}:1", f"{FAMILY}:2"]
        account.settle(SERVICE, account.push("def5678"))
        assert runs(account) == [f"{FAMILY}:3"] * 2
