"""The main job as it will run on AWS: real template, real zip, AWS' own runtime client."""

from __future__ import annotations

from datetime import datetime

from embedded.gate.faults import Delay, Error, KillAfter, KillBefore, Outage, Throttle
from embedded.services.ecs import Crash, UnhealthyTarget
from tests.dialect.account import (
    CLUSTER,
    FAMILY,
    FIRST_TAG,
    LIMIT,
    REPOSITORY,
    SERVICE,
    SERVICE_NAME,
)
from tests.dialect.packaged import Packaged, PackagedAccount

DENIED = Error(
    "AccessDeniedException",
    400,
    "User: arn:aws:sts::123456789012:assumed-role/slipway-dev/slipway-dev-on_image_push is not "
    "authorized to perform: ecs:UpdateService on resource: conflicto-backend-service-dev",
)


def _newest_reason(account: PackagedAccount) -> str:
    return "".join(record["reason"] for record in account.deployments(SERVICE)[:1])


def test_a_push_goes_live_with_nobody_watching(packaged: Packaged) -> None:
    with packaged() as account:
        digest = account.push("abc1234", "latest")
        account.until_told("SUCCESSFUL")
        account.until_quiet()
        assert account.revision() == f"{FAMILY}:2"
        assert account.told() == ["IN_PROGRESS", "SUCCESSFUL"]
        record = account.deployments(SERVICE)[0]
        assert (record["status"], record["digest"]) == ("SUCCESSFUL", digest)
        (execution,) = account.aws.executions()
        assert execution.status == "SUCCEEDED"
        polls = account.invocations("watch")
        began = {datetime.fromisoformat(poll.payload["began"]) for poll in polls}
        assert began == {execution.started}
        assert account.failed() == []
        refused = {call.operation for call in account.aws.recorder.calls if call.outcome >= 400}
        assert refused <= {"TransactWriteItems"}  # of two steps at one moment, one reads again


def test_a_crashing_image_is_rolled_back_and_explained(packaged: Packaged) -> None:
    with packaged() as account:
        account.breaks("bad5678", Crash(exit_code=3, after=2))
        account.push("bad5678")
        account.until_told("ROLLBACK_SUCCESSFUL")
        account.until_quiet()
        assert account.revision() == f"{FAMILY}:1"
        assert "exited with code 3" in account.notices()[-1]["body"]


def test_unhealthy_targets_are_read_and_told_with_the_load_balancers_reason(
    packaged: Packaged,
) -> None:
    group = "arn:aws:elasticloadbalancing:us-west-2:123456789012:targetgroup/conflicto/6d0e"
    balanced = [{"targetGroupArn": group, "containerPort": 5000}]
    timeout = UnhealthyTarget(reason="Target.Timeout", description="Request timed out")
    with packaged(loadBalancers=balanced) as account:
        account.breaks("bad5678", timeout)
        account.push("bad5678")
        account.until_told("ROLLBACK_SUCCESSFUL")
        account.until_quiet()
        assert "- Target.Timeout: Request timed out (" in account.deployments(SERVICE)[0]["case"]
        read = account.aws.recorder.select(operation="DescribeTargetHealth")
        assert {call.outcome for call in read} == {200}
        asked = account.client("elbv2").describe_target_health(TargetGroupArn=group)
        health = [target["TargetHealth"] for target in asked["TargetHealthDescriptions"]]
        assert health == [{"State": "healthy"}] * 2


def test_deploy_and_rollback_by_hand_through_the_lambda_api(packaged: Packaged) -> None:
    with packaged() as account:
        assert account.deploy(FIRST_TAG)["status"] == "IN_PROGRESS"
        account.until_told("SUCCESSFUL")
        assert account.rollback(to=f"{FAMILY}:1")["status"] == "IN_PROGRESS"
        account.until(lambda: account.told().count("SUCCESSFUL") == 2)
        assert account.revision() == f"{FAMILY}:1"
        refused = account.deploy("nope")
        assert "has no image 'nope'" in refused["error"]


def test_a_throttled_registration_is_tried_again_until_it_gets_through(packaged: Packaged) -> None:
    with packaged() as account:
        rule = account.aws.faults.add(Throttle(), operation="RegisterTaskDefinition", times=3)
        account.push("abc1234")
        account.until_told("SUCCESSFUL")
        assert rule.struck == 3
        assert account.revision() == f"{FAMILY}:2"


def test_an_outage_of_sns_delays_the_notices_and_nothing_else(packaged: Packaged) -> None:
    with packaged() as account:
        account.aws.faults.add(Outage(), service="sns", operation="Publish", times=8)
        account.push("abc1234")
        account.until(lambda: account.revision() == f"{FAMILY}:2")
        account.until_told("SUCCESSFUL")
        assert account.told() == ["IN_PROGRESS", "SUCCESSFUL"]
        assert account.called("ecs:UpdateService") == 1


def test_a_missing_permission_is_named_while_the_record_waits(packaged: Packaged) -> None:
    with packaged() as account:
        rule = account.aws.faults.add(DENIED, operation="UpdateService", times=None)
        account.push("abc1234")
        waited = account.until(
            lambda: rule.struck and "ecs:UpdateService" in _newest_reason(account),
            LIMIT,
        )
        assert waited
        assert account.deployments(SERVICE)[0]["status"] == "PENDING"
        account.aws.faults.clear()
        account.until_told("SUCCESSFUL")
        assert account.revision() == f"{FAMILY}:2"


def test_a_function_that_dies_around_an_act_does_nothing_twice(packaged: Packaged) -> None:
    for kind in (KillBefore, KillAfter):
        for operation in ("RegisterTaskDefinition", "UpdateService"):
            with packaged() as account:
                account.aws.faults.add(kind(), operation=operation, times=1)
                account.push("abc1234")
                account.until_told("SUCCESSFUL")
                account.until_quiet()
                assert account.revision() == f"{FAMILY}:2", (kind, operation)
                revisions = account.client("ecs").list_task_definitions(familyPrefix=FAMILY)
                assert len(revisions["taskDefinitionArns"]) == 2, (kind, operation)
                deployments = account.client("ecs").list_service_deployments(
                    cluster=CLUSTER, service=SERVICE_NAME
                )
                assert len(deployments["serviceDeployments"]) == 2, (kind, operation)


def test_an_outage_of_the_ledger_loses_nothing(packaged: Packaged) -> None:
    with packaged() as account:
        account.aws.faults.add(Outage(), service="dynamodb", times=5)
        account.push("abc1234")
        account.until_told("SUCCESSFUL", limit=2 * LIMIT)
        assert account.called("ecs:UpdateService") == 1


def test_a_slow_ecs_is_waited_for(packaged: Packaged) -> None:
    with packaged() as account:
        account.aws.faults.add(Delay(5), operation="UpdateService", times=1)
        account.push("abc1234")
        account.until_told("SUCCESSFUL")
        assert account.called("ecs:RegisterTaskDefinition") == 1


def test_the_sweep_comes_by_itself_and_meets_the_services(packaged: Packaged) -> None:
    with packaged() as account:
        swept = account.until(lambda: account.invocations("sweep"))
        assert swept
        reply = account.invocations("sweep")[0].response
        assert reply["outcomes"][0]["outcome"] == "met"
        assert account.deployments(SERVICE) == []
        assert REPOSITORY in account.revision()
