"""`before` and `after` in the whole of Slipway: each task runs once, and what it says counts."""

from __future__ import annotations

import pytest

from embedded.services.ecs import HostLost, IgnoresSigterm, Lag, NoCapacity, PullError
from tests.dialect.account import CLUSTER, FAMILY, SERVICE, SERVICE_NAME
from tests.dialect.ran import ran
from tests.dialect.running import (
    AFTER,
    BEFORE,
    BOTH,
    LAGS,
    MIGRATES,
    SMOKES,
    commands,
    deploying,
    ends,
    last_body,
    strikes,
    until_it_runs,
)

GOOD, BAD = "abc1234", "bad0000"


@LAGS
def test_exit_code_0_goes_live_and_both_commands_ran_once(lag: Lag | None) -> None:
    with deploying(BOTH, lag) as account:
        record = account.settle(SERVICE, account.push(GOOD, "v1.0.0"))
        assert (record["status"], record["proven"]) == ("SUCCESSFUL", True)
        migration, smoke = ran(account.events)
        assert (migration.command, smoke.command) == (MIGRATES, SMOKES)
        assert migration.ended is not None
        (rollout,) = [
            one
            for one in account.ecs.service_deployments(SERVICE)
            if one.target.revision.definition.arn.endswith(":2")
        ]
        assert migration.ended <= rollout.created_at <= smoke.began
        assert list(dict.fromkeys(account.told())) == ["PREPARING", "IN_PROGRESS", "SUCCESSFUL"]


@LAGS
def test_another_exit_code_leaves_the_service_alone_and_tells_the_last_lines(
    lag: Lag | None,
) -> None:
    with deploying(BEFORE, lag) as account:
        ends(account, "migrate", exit_code=3, logs=("no such column: price",))
        record = account.settle(SERVICE, account.push(BAD))
        assert record["status"] == "FAILED"
        assert "exited with code 3" in record["reason"]
        assert "no such column: price" in last_body(account)
        assert "the changes that its `before` task made stay" in last_body(account)
        assert account.called("ecs:UpdateService") == 0
        assert account.running() == [f"{FAMILY}:1"] * 2
        account.advance(1800)
        assert account.sweep() == []  # it is not taken up again
        assert commands(account) == [MIGRATES]


@LAGS
@pytest.mark.parametrize("stubborn", [False, True], ids=["ends on SIGTERM", "is killed"])
def test_what_hangs_is_stopped_at_the_time_out(lag: Lag | None, stubborn: bool) -> None:
    with deploying(BEFORE, lag) as account:
        ends(account, "migrate", after=86_400, logs=("waits for a lock",))
        if stubborn:
            strikes(account, IgnoresSigterm())
        record = account.settle(SERVICE, account.push(BAD))
        assert record["status"] == "FAILED"
        assert "did not end within 5 minutes, and was stopped" in record["reason"]
        assert "waits for a lock" in last_body(account)
        (hung,) = ran(account.events)
        assert hung.ended is not None
        assert 300 <= (hung.ended - hung.began).total_seconds() <= 420
        assert account.called("ecs:UpdateService") == 0


@LAGS
def test_without_capacity_it_is_tried_again_until_there_is_some(lag: Lag | None) -> None:
    with deploying(BEFORE, lag) as account:
        strikes(account, NoCapacity(times=2))
        record = account.settle(SERVICE, account.push(GOOD))
        assert record["status"] == "SUCCESSFUL"
        assert [run.token[-3:] for run in ran(account.events)] == ["-b3"]


@LAGS
def test_without_capacity_for_all_its_time_it_fails_and_nothing_ran(lag: Lag | None) -> None:
    with deploying(BEFORE, lag) as account:
        strikes(account, NoCapacity())
        record = account.settle(SERVICE, account.push(GOOD))
        assert record["status"] == "FAILED"
        assert "could not be started within 5 minutes" in record["reason"]
        assert "Capacity is unavailable" in record["reason"]
        assert commands(account) == []


@LAGS
def test_an_image_that_cannot_be_pulled_fails_it_after_two_attempts(lag: Lag | None) -> None:
    with deploying(BEFORE, lag) as account:
        account.breaks(BAD, PullError())
        record = account.settle(SERVICE, account.push(BAD))
        assert record["status"] == "FAILED"
        assert "could not be started" in record["reason"]
        assert commands(account) == []
        assert account.called("ecs:RunTask") == 2


@LAGS
def test_nobody_knows_what_it_did_when_its_host_is_lost_and_it_never_runs_again(
    lag: Lag | None,
) -> None:
    with deploying(BEFORE, lag) as account:
        strikes(account, HostLost(after=4))
        record = account.settle(SERVICE, account.push(GOOD))
        assert record["status"] == "FAILED"
        assert "whether it ended well is not known" in record["reason"]
        assert "look at the data first" in last_body(account)
        assert commands(account) == [MIGRATES]


@LAGS
@pytest.mark.parametrize(("code", "status"), [(0, "SUCCESSFUL"), (3, "FAILED")])
def test_without_any_event_of_ecs_the_polls_end_it(lag: Lag | None, code: int, status: str) -> None:
    with deploying(BOTH, lag) as account:
        ends(account, "migrate", exit_code=code)
        digest = account.push(GOOD)
        account.advance(2)
        with account.undelivered():
            assert account.settle(SERVICE, digest)["status"] == status


def test_a_service_with_volumes_that_are_configured_at_launch_is_refused() -> None:
    with deploying(BOTH) as account:
        base = account.client("ecs").describe_task_definition(taskDefinition=FAMILY)
        body = base["taskDefinition"]
        kept = ("containerDefinitions", "cpu", "memory", "networkMode", "executionRoleArn")
        account.client("ecs").register_task_definition(
            family=FAMILY,
            requiresCompatibilities=["FARGATE"],
            volumes=[{"name": "data", "configuredAtLaunch": True}],
            **{name: body[name] for name in kept},
        )
        record = account.settle(SERVICE, account.push(GOOD))
        assert record["status"] == "REFUSED"
        assert "configured at launch (data)" in record["reason"]
        assert account.called("ecs:RegisterTaskDefinition") == 0


@LAGS
def test_a_failing_after_rolls_back_what_ecs_had_called_successful(lag: Lag | None) -> None:
    with deploying(BOTH, lag) as account:
        ends(account, "smoke", exit_code=1, logs=("GET /health: 500",))
        record = account.settle(SERVICE, account.push(BAD))
        assert record["status"] == "ROLLBACK_SUCCESSFUL"
        assert "its `after` task failed" in record["reason"]
        assert "GET /health: 500" in str([one["body"] for one in account.notices()])
        assert "its `before` task ended well, and its changes stay" in last_body(account)
        assert account.called("ecs:UpdateService") == 2
        assert account.running() == [f"{FAMILY}:1"] * 2
        assert commands(account) == [MIGRATES, SMOKES]


@LAGS
def test_an_after_that_hangs_is_stopped_and_rolls_back(lag: Lag | None) -> None:
    with deploying(AFTER, lag) as account:
        ends(account, "smoke", after=86_400)
        record = account.settle(SERVICE, account.push(BAD))
        assert record["status"] == "ROLLBACK_SUCCESSFUL"
        assert "did not end within 3 minutes" in record["reason"]
        (hung,) = ran(account.events)
        assert hung.ended is not None


@LAGS
@pytest.mark.parametrize("code", [0, 1])
def test_what_somebody_deploys_during_the_after_is_never_touched(
    lag: Lag | None, code: int
) -> None:
    with deploying(AFTER, lag) as account:
        ends(account, "smoke", exit_code=code, after=60)
        digest = account.push(BAD)
        until_it_runs(account, "after")
        account.client("ecs").update_service(
            cluster=CLUSTER, service=SERVICE_NAME, taskDefinition=f"{FAMILY}:1"
        )
        assert account.settle(SERVICE, digest)["status"] == "SUCCESSFUL"
        account.advance(900)
        assert account.called("ecs:UpdateService") == 1
        assert account.revision() == f"{FAMILY}:1"


@LAGS
@pytest.mark.parametrize("fault", [NoCapacity(), PullError()], ids=["no capacity", "no image"])
def test_an_after_that_cannot_start_proves_nothing_and_rolls_nothing_back(
    lag: Lag | None, fault: NoCapacity | PullError
) -> None:
    with deploying(AFTER, lag) as account:
        strikes(account, fault)
        record = account.settle(SERVICE, account.push(GOOD))
        assert (record["status"], record["proven"]) == ("SUCCESSFUL", False)
        assert record["reason"].startswith("its `after` task proved nothing: ")
        assert account.called("ecs:UpdateService") == 1
        assert commands(account) == []
