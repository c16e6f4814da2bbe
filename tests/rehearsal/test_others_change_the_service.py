"""Somebody else changes the service while Slipway deploys to it."""

from __future__ import annotations

from embedded.services.ecs import Crash
from tests.dialect.account import CLUSTER, FAMILY, SERVICE, SERVICE_NAME
from tests.dialect.rehearsed import rehearsed


def test_a_newer_push_half_way_supersedes_and_goes_live() -> None:
    with rehearsed() as account:
        older = account.push("abc1234")
        account.advance(10)
        newer = account.push("fed4321")
        assert account.settle(SERVICE, newer)["status"] == "SUCCESSFUL"
        assert account.settle(SERVICE, older)["status"] == "SUPERSEDED"
        assert account.told("abc1234") == ["IN_PROGRESS", "SUPERSEDED"]


def test_a_newer_push_during_our_own_rollback_goes_live() -> None:
    with rehearsed() as account:
        account.breaks("bad0000", Crash(after=1))
        bad = account.push("bad0000")
        account.until(lambda: "ROLLBACK_IN_PROGRESS" in account.told("bad0000"), 300)
        good = account.push("fed4321")
        assert account.settle(SERVICE, good)["status"] == "SUCCESSFUL"
        assert account.settle(SERVICE, bad)["status"] in {"FAILED", "ROLLBACK_SUCCESSFUL"}
        assert account.revision() == account.deployments(SERVICE)[0]["revision"]


def test_a_deployment_in_the_console_half_way_is_never_touched() -> None:
    with rehearsed() as account:
        digest = account.push("abc1234")
        account.advance(10)
        account.client("ecs").update_service(
            cluster=CLUSTER, service=SERVICE_NAME, taskDefinition=f"{FAMILY}:1"
        )
        record = account.settle(SERVICE, digest)
        account.advance(600)
        assert record["status"] == "SUPERSEDED"
        assert account.revision() == f"{FAMILY}:1"
        assert account.called("ecs:UpdateService") == 1


def test_another_setting_changed_half_way_is_adopted() -> None:
    with rehearsed() as account:
        digest = account.push("abc1234")
        account.advance(10)
        account.client("ecs").update_service(
            cluster=CLUSTER, service=SERVICE_NAME, forceNewDeployment=True
        )
        record = account.settle(SERVICE, digest)
        assert record["status"] == "SUCCESSFUL"
        assert account.told("abc1234") == ["IN_PROGRESS", "SUCCESSFUL"]


def test_the_service_deleted_half_way_is_a_failure_that_says_so() -> None:
    with rehearsed() as account:
        digest = account.push("abc1234")
        account.advance(10)
        account.client("ecs").delete_service(cluster=CLUSTER, service=SERVICE_NAME, force=True)
        record = account.settle(SERVICE, digest)
        assert record["status"] == "FAILED"
        assert "deleted" in record["reason"]


def test_scaled_to_zero_half_way_still_ends_well() -> None:
    with rehearsed() as account:
        digest = account.push("abc1234")
        account.advance(5)
        account.client("ecs").update_service(cluster=CLUSTER, service=SERVICE_NAME, desiredCount=0)
        assert account.settle(SERVICE, digest)["status"] == "SUCCESSFUL"
        assert account.described()["desiredCount"] == 0


def test_autoscaling_half_way_is_left_alone() -> None:
    with rehearsed() as account:
        digest = account.push("abc1234")
        account.advance(10)
        account.ecs.scale(SERVICE, 5)
        record = account.settle(SERVICE, digest)
        assert (record["status"], record["desired"]) == ("SUCCESSFUL", 5)
        assert account.described()["desiredCount"] == 5


def test_a_foreign_rollout_under_way_is_waited_for() -> None:
    with rehearsed() as account:
        account.client("ecs").update_service(
            cluster=CLUSTER, service=SERVICE_NAME, forceNewDeployment=True
        )
        digest = account.push("abc1234")
        account.advance(5)
        waiting = account.deployments(SERVICE)[0]
        assert (waiting["status"], waiting["revision"]) == ("PENDING", "")
        assert "did not start" in waiting["reason"]
        assert account.settle(SERVICE, digest)["status"] == "SUCCESSFUL"
