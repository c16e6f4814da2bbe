"""`watch_after`: what comes after ECS' success is told, and rolled back while ours still runs."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

import pytest

from embedded.services.ecs import Crash, Lag
from example.acts import ALARM, ALARMS
from tests.dialect.account import CLUSTER, FAMILY, SERVICE_NAME
from tests.dialect.rehearsed import NO_BREAKER, TARGETS, RehearsedAccount, rehearsed

GOOD, BAD, NEWER = "abc1234", "bad0000", "fed4321"
LATE_CRASH = Crash(after=45, logs=("MemoryError",))
WATCHED = TARGETS.replace("[[target]]", '[[target]]\nwatch_after = "10m"', 1)


def watching(lag: Lag | None = None, **service: Any) -> AbstractContextManager[RehearsedAccount]:
    return rehearsed(WATCHED, lag, **(service or NO_BREAKER))


def statuses(account: RehearsedAccount) -> list[str]:
    """Of the records, oldest first."""
    return [str(record["status"]) for record in account.records()]


def until_it_is_watched(account: RehearsedAccount) -> None:
    assert account.until(lambda: any("succeeded" in one for one in account.records()), 600)
    assert account.records()[-1]["status"] == "IN_PROGRESS"


def test_a_good_rollout_becomes_successful_when_it_was_watched_long_enough() -> None:
    with watching() as account:
        account.push(GOOD)
        until_it_is_watched(account)
        began = account.clock.now()
        assert account.until(lambda: statuses(account)[-1] == "SUCCESSFUL", 900)
        assert 595 <= (account.clock.now() - began).total_seconds() <= 615
        assert account.called("ecs:UpdateService") == 1


@pytest.mark.parametrize("lag", [None, Lag(seed="watched")], ids=["at-once", "lagging"])
def test_what_crashes_after_its_success_is_rolled_back(lag: Lag | None) -> None:
    with watching(lag) as account:
        account.breaks(BAD, LATE_CRASH)
        account.push(BAD)
        until_it_is_watched(account)
        assert account.until(lambda: statuses(account)[-1] == "ROLLBACK_SUCCESSFUL", 900)
        record = account.records()[-1]
        assert "after ECS had called it successful" in record["reason"]
        assert account.called("ecs:UpdateService") == 2
        assert account.called("ecs:StopServiceDeployment") == 0
        assert account.running() == [f"{FAMILY}:1"] * 2


def test_an_alarm_after_the_success_rolls_back() -> None:
    with watching(deploymentConfiguration=ALARMS) as account:
        cloudwatch = account.client("cloudwatch")
        cloudwatch.put_metric_alarm(
            AlarmName=ALARM, MetricName="5xx", Namespace="conflicto", Statistic="Sum", Period=60,
            EvaluationPeriods=1, Threshold=1, ComparisonOperator="GreaterThanThreshold",
        )  # fmt: skip
        account.push(GOOD)
        until_it_is_watched(account)
        cloudwatch.set_alarm_state(AlarmName=ALARM, StateValue="ALARM", StateReason="errors")
        assert account.until(lambda: statuses(account)[-1] == "ROLLBACK_SUCCESSFUL", 300)
        assert f"the alarm {ALARM} rang" in account.records()[-1]["reason"]


def test_a_newer_push_does_not_wait_and_the_watched_one_stays_a_success() -> None:
    with watching() as account:
        account.push(GOOD)
        until_it_is_watched(account)
        account.push(NEWER)
        assert account.until(lambda: statuses(account)[0] == "SUCCESSFUL", 300)
        assert statuses(account)[-1] == "IN_PROGRESS"


def test_what_somebody_deploys_meanwhile_is_never_touched() -> None:
    with watching() as account:
        account.breaks(BAD, LATE_CRASH)
        account.push(BAD)
        until_it_is_watched(account)
        account.client("ecs").update_service(
            cluster=CLUSTER, service=SERVICE_NAME, taskDefinition=f"{FAMILY}:1"
        )
        account.advance(900)
        assert statuses(account) == ["SUCCESSFUL"]
        assert account.called("ecs:UpdateService") == 1


def test_a_rollback_by_hand_goes_back_from_what_is_watched() -> None:
    with watching() as account:
        account.push(GOOD)
        until_it_is_watched(account)
        reply = account.rollback()
        assert reply["status"] == "ROLLBACK_IN_PROGRESS"
        assert account.until(lambda: statuses(account)[-1] == "ROLLBACK_SUCCESSFUL", 300)
