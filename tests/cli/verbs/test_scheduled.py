"""What `plan` and `show` say of the rules and schedules that follow a service."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.cli.verbs.conftest import Slipway
from tests.dialect import scheduled
from tests.dialect.account import FAMILY, SERVICE
from tests.dialect.rehearsed import RehearsedAccount, rehearsed

RULE, SCHEDULE = "rule nightly-dev (target job)", "schedule default/report-dev"
LEFT = f"it runs the family {scheduled.REPORT}, which `follow.families` does not name"


@pytest.fixture
def account() -> Iterator[RehearsedAccount]:
    with rehearsed(scheduled.FOLLOWING) as made:
        scheduled.add_report(made)
        scheduled.add_rule(made)
        scheduled.add_schedule(made, f"{scheduled.REPORT}:1")
        yield made


def test_a_plan_names_what_follows_and_what_stays(
    account: RehearsedAccount, slipway: Slipway
) -> None:
    account.settle(SERVICE, account.push("abc1234"))
    assert slipway("plan", "backend", "0a1b2c3") == 0
    said = slipway.said.splitlines()
    assert f"  follows   {RULE}, which runs {FAMILY}:2, once it is live" in said
    assert f"  stays     {SCHEDULE}: {LEFT}" in said
    assert slipway("rollback", "backend", "--dry-run") == 0
    assert f"  follows   {RULE}, which runs {FAMILY}:2, once it is live" in slipway.said


def test_show_says_what_will_follow_what_followed_and_what_stayed(
    account: RehearsedAccount, slipway: Slipway
) -> None:
    digest = account.push("abc1234")
    account.until_told("IN_PROGRESS")
    (under_way,) = account.deployments(SERVICE)
    assert slipway("show", under_way["deployment"]) == 0
    assert f"  {RULE} runs {FAMILY}:1, and follows once abc1234 is live\n" in slipway.said
    account.settle(SERVICE, digest)
    assert slipway("show", under_way["deployment"]) == 0
    assert "\nScheduled tasks\n" in slipway.said
    assert f"  {RULE}: {FAMILY}:1 -> {FAMILY}:2\n" in slipway.said
    assert f"  {SCHEDULE}: {LEFT}\n" in slipway.said


def test_show_says_why_one_does_not_follow_yet(account: RehearsedAccount, slipway: Slipway) -> None:
    for policy in account.permissions.policies.values():
        kept = [one for one in policy["Statement"] if one["Sid"] != "ChangeRules"]
        policy["Statement"] = kept
    record = account.settle(SERVICE, account.push("abc1234"))
    assert slipway("show", record["deployment"]) == 0
    assert (
        f"  {RULE} still runs {FAMILY}:1: could not change the rule nightly-dev: " in slipway.said
    )


def test_show_says_that_a_name_leads_to_nothing(
    account: RehearsedAccount, slipway: Slipway
) -> None:
    account.client("events").remove_targets(Rule=scheduled.RULE, Ids=["job"])
    record = account.settle(SERVICE, account.push("abc1234"))
    assert slipway("show", record["deployment"]) == 0
    assert "  rule nightly-dev: no rule of this name has an ECS target" in slipway.said
