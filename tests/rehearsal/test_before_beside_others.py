"""`before` beside newer pushes, people, missing permissions and services that wait for it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

import pytest

from embedded.services.ecs import Exits, Lag
from tests.dialect.account import BY_HAND, CLUSTER, FAMILY, SERVICE
from tests.dialect.ran import ran
from tests.dialect.rehearsed import TARGETS, WORKER, RehearsedAccount, add_worker
from tests.dialect.running import BEFORE, LAGS, MIGRATES, commands, deploying, ends, until_it_runs

GOOD, BAD, NEWER = "abc1234", "bad0000", "fed4321"
WAITS = BEFORE + TARGETS.replace("backend-service", "worker-service") + f"waits_for = '{SERVICE}'\n"


@LAGS
@pytest.mark.parametrize(("code", "older"), [(0, {"SUPERSEDED", "SUCCESSFUL"}), (3, {"FAILED"})])
def test_a_newer_push_waits_for_it_and_then_runs_its_own(
    lag: Lag | None, code: int, older: set[str]
) -> None:
    with deploying(BEFORE, lag) as account:
        account.ecs.faults.run(Exits(exit_code=code, after=90, times=1), command="migrate")
        first = account.push(GOOD)
        until_it_runs(account)
        second = account.push(NEWER)
        account.advance(10)
        waiting = account.deployments(SERVICE)[0]
        assert (waiting["digest"], waiting["status"]) == (second, "PENDING")
        assert waiting["reason"].startswith("the `before` task of ")
        assert account.settle(SERVICE, second)["status"] == "SUCCESSFUL"
        assert account.settle(SERVICE, first)["status"] in older
        assert commands(account) == [MIGRATES] * 2


@LAGS
def test_two_pushes_in_quick_succession_never_migrate_side_by_side(lag: Lag | None) -> None:
    with deploying(BEFORE, lag) as account:
        account.push(GOOD)
        account.advance(1)
        newest = account.push(NEWER)
        assert account.settle(SERVICE, newest)["status"] == "SUCCESSFUL"
        account.advance(300)
        assert account.revision() == account.deployments(SERVICE)[0]["revision"]


def test_a_hold_and_an_approval_come_first() -> None:
    with deploying(BEFORE + 'approval = "7d"\n') as account:
        account.invoke("hold", {"service": SERVICE, **BY_HAND})
        digest = account.push(GOOD)
        account.advance(300)
        held = account.deployments(SERVICE)[0]
        assert (held["status"], commands(account)) == ("HELD", [])
        account.invoke("release", {"deployment": held["deployment"], **BY_HAND})
        assert account.settle(SERVICE, digest)["status"] == "SUCCESSFUL"
        assert commands(account) == [MIGRATES]


@LAGS
def test_a_rollback_by_hand_stops_it_and_the_service_stays(lag: Lag | None) -> None:
    with deploying(BEFORE, lag) as account:
        ends(account, "migrate", after=200)
        digest = account.push(GOOD)
        until_it_runs(account)
        account.rollback()
        record = account.settle(SERVICE, digest)
        assert record["status"] == "FAILED"
        assert "stopped by hand by a test: to see" in record["reason"]
        (stopped,) = ran(account.events)
        assert stopped.ended is not None
        assert (stopped.ended - stopped.began).total_seconds() < 60
        account.advance(600)
        assert account.running() == [f"{FAMILY}:1"] * 2


@LAGS
def test_a_rollback_to_a_revision_goes_at_once_and_ends_the_before_of_another(
    lag: Lag | None,
) -> None:
    with deploying(BEFORE, lag) as account:
        account.ecs.faults.run(Exits(exit_code=0, times=1), command="migrate")
        ends(account, "migrate", exit_code=0, after=200)
        account.settle(SERVICE, account.push(GOOD))
        digest = account.push(NEWER)
        until_it_runs(account)
        reply = account.rollback(to=f"{FAMILY}:1", override=True)
        assert account.until(lambda: account.running() == [f"{FAMILY}:1"] * 2, 180)
        record = account.settle(SERVICE, digest)
        assert record["status"] == "FAILED"
        assert record["reason"] == f"a newer deployment was applied ({reply['deployment']})"
        account.advance(600)
        assert account.running() == [f"{FAMILY}:1"] * 2


@LAGS
def test_a_rollback_across_a_before_needs_override_and_runs_no_command(lag: Lag | None) -> None:
    with deploying(BEFORE, lag) as account:
        account.settle(SERVICE, account.push(GOOD))
        refused = account.rollback(hold=False)
        assert "older than what these `before` tasks left in the data: abc1234" in refused["error"]
        assert "roll back again with `override`" in refused["error"]
        reply = account.rollback(override=True)
        account.advance(180)
        (back,) = [one for one in account.records() if one["id"] == reply["deployment"]]
        assert back["status"] == "SUCCESSFUL"
        assert account.running() == [f"{FAMILY}:1"] * 2
        assert commands(account) == [MIGRATES]


@LAGS
def test_a_missing_permission_is_told_and_it_runs_once_it_is_granted(lag: Lag | None) -> None:
    with deploying(BEFORE, lag) as account:
        granted = {name: dict(policy) for name, policy in account.permissions.policies.items()}
        for policy in account.permissions.policies.values():
            statements = policy["Statement"]
            policy["Statement"] = [one for one in statements if "ecs:RunTask" not in str(one)]
        digest = account.push(GOOD)
        account.advance(120)
        assert "ecs:RunTask" in account.deployments(SERVICE)[0]["reason"]
        assert [one["subject"] for one in account.notices() if "permission" in one["subject"]]
        assert commands(account) == []
        account.permissions.policies.update(granted)
        assert account.settle(SERVICE, digest)["status"] == "SUCCESSFUL"
        assert commands(account) == [MIGRATES]


@contextmanager
def beside_a_worker(lag: Lag | None) -> Iterator[RehearsedAccount]:
    """As `deploying`; a worker runs the same image, and waits for the backend's `before`."""
    with deploying(WAITS, lag) as account:
        add_worker(account)
        yield account


@LAGS
def test_what_waits_for_the_before_of_another_service_goes_seconds_after_it(
    lag: Lag | None,
) -> None:
    with beside_a_worker(lag) as account:
        ends(account, "migrate", exit_code=0, after=100)
        digest = account.push(GOOD)
        until_it_runs(account)
        (waiting,) = account.deployments(f"{CLUSTER}/{WORKER}")
        assert waiting["status"] == "PENDING"
        assert "the `before` task of" in waiting["reason"]
        for service in (SERVICE, f"{CLUSTER}/{WORKER}"):
            assert account.settle(service, digest)["status"] == "SUCCESSFUL"
        (migration,) = ran(account.events)
        assert migration.ended is not None
        worker = next(one for one in account.records() if one["service"].endswith(WORKER))
        late = datetime.fromisoformat(worker["applied"]) - migration.ended
        assert 0 <= late.total_seconds() <= (12 if lag is None else 75)


@LAGS
def test_what_waits_for_a_before_that_failed_is_refused(lag: Lag | None) -> None:
    with beside_a_worker(lag) as account:
        ends(account, "migrate", exit_code=3)
        digest = account.push(BAD)
        assert account.settle(SERVICE, digest)["status"] == "FAILED"
        record = account.settle(f"{CLUSTER}/{WORKER}", digest)
        assert record["status"] == "REFUSED"
        assert f"the `before` task of {SERVICE} did not end well" in record["reason"]
        assert account.called("ecs:UpdateService") == 0
