"""The main job as it will run on AWS: real template, real zip, AWS' own runtime client."""

from __future__ import annotations

from datetime import datetime

from embedded.gate.faults import Delay, Error, KillAfter, KillBefore, Outage, Throttle
from embedded.services.ecs import Crash, UnhealthyTarget
from example import conflicto
from tests.e2e.conftest import FAMILY, LIMIT, REPOSITORY, SERVICE

DENIED = Error(
    "AccessDeniedException",
    400,
    "User: arn:aws:sts::123456789012:assumed-role/slipway-dev/slipway-dev-on_image_push is not "
    "authorized to perform: ecs:UpdateService on resource: conflicto-backend-service-dev",
)


def test_a_push_goes_live_with_nobody_watching(account):
    with account() as a:
        digest = a.push("abc1234", "latest")
        a.until_told("SUCCESSFUL")
        a.until_quiet()
        assert a.running() == f"{FAMILY}:2"
        assert a.told() == ["IN_PROGRESS", "SUCCESSFUL"]
        record = a.status()[0]
        assert (record["status"], record["digest"]) == ("SUCCESSFUL", digest)
        (execution,) = a.aws.executions()
        assert execution.status == "SUCCEEDED"
        polls = [one for one in a.aws.invocations if one.function == "slipway-dev-watch"]
        began = {datetime.fromisoformat(one.payload["began"]) for one in polls}
        assert began == {execution.started}
        assert [one for one in a.aws.invocations if one.error] == []
        refused = {call.operation for call in a.aws.recorder.calls if call.outcome >= 400}
        assert refused <= {"TransactWriteItems"}  # of two steps at one moment, one reads again


def test_a_crashing_image_is_rolled_back_and_explained(account):
    with account() as a:
        a.aws.ecs.faults.image(conflicto.digest_of("bad5678"), Crash(exit_code=3, after=2))
        a.push("bad5678")
        a.until_told("ROLLBACK_SUCCESSFUL")
        a.until_quiet()
        assert a.running() == f"{FAMILY}:1"
        assert "exited with code 3" in a.aws.notices()[-1].body


def test_unhealthy_targets_are_read_and_told_with_the_load_balancers_reason(account):
    group = "arn:aws:elasticloadbalancing:us-west-2:123456789012:targetgroup/conflicto/6d0e"
    balanced = [{"targetGroupArn": group, "containerPort": 5000}]
    timeout = UnhealthyTarget(reason="Target.Timeout", description="Request timed out")
    with account(loadBalancers=balanced) as a:
        a.aws.ecs.faults.image(conflicto.digest_of("bad5678"), timeout)
        a.push("bad5678")
        a.until_told("ROLLBACK_SUCCESSFUL")
        a.until_quiet()
        assert "- Target.Timeout: Request timed out (" in a.status()[0]["case"]
        read = a.aws.recorder.select(operation="DescribeTargetHealth")
        assert {call.outcome for call in read} == {200}
        asked = a.aws.client("elbv2").describe_target_health(TargetGroupArn=group)
        health = [one["TargetHealth"] for one in asked["TargetHealthDescriptions"]]
        assert health == [{"State": "healthy"}] * 2


def test_deploy_and_rollback_by_hand_through_the_lambda_api(account):
    with account() as a:
        asked = {"service": SERVICE, "image": "0a1b2c3", "by": "a test", "why": "to see"}
        reply = a.aws.invoke("slipway-dev-deploy", asked)
        assert reply["status"] == "IN_PROGRESS"
        a.until_told("SUCCESSFUL")
        back = {"service": SERVICE, "to": f"{FAMILY}:1", "by": "a test", "why": "to see"}
        assert a.aws.invoke("slipway-dev-rollback", back)["status"] == "IN_PROGRESS"
        a.aws.wait_until(lambda: a.told().count("SUCCESSFUL") == 2, LIMIT)
        assert a.running() == f"{FAMILY}:1"
        refused = a.aws.invoke("slipway-dev-deploy", {**asked, "image": "nope"})
        assert "has no image 'nope'" in refused["error"]


def test_a_throttled_registration_is_tried_again_until_it_gets_through(account):
    with account() as a:
        rule = a.aws.faults.add(Throttle(), operation="RegisterTaskDefinition", times=3)
        a.push("abc1234")
        a.until_told("SUCCESSFUL")
        assert rule.struck == 3
        assert a.running() == f"{FAMILY}:2"


def test_an_outage_of_sns_delays_the_notices_and_nothing_else(account):
    with account() as a:
        a.aws.faults.add(Outage(), service="sns", operation="Publish", times=8)
        a.push("abc1234")
        a.aws.wait_until(lambda: a.running() == f"{FAMILY}:2", LIMIT)
        a.until_told("SUCCESSFUL")
        assert a.told() == ["IN_PROGRESS", "SUCCESSFUL"]
        assert a.calls("UpdateService") == 1


def test_a_missing_permission_is_named_while_the_record_waits(account):
    with account() as a:
        rule = a.aws.faults.add(DENIED, operation="UpdateService", times=None)
        a.push("abc1234")
        waited = a.aws.wait_until(
            lambda: rule.struck and a.status() and "ecs:UpdateService" in a.status()[0]["reason"],
            LIMIT,
        )
        assert waited
        assert a.status()[0]["status"] == "PENDING"
        a.aws.faults.clear()
        a.until_told("SUCCESSFUL")
        assert a.running() == f"{FAMILY}:2"


def test_a_function_that_dies_around_an_act_does_nothing_twice(account):
    for kind in (KillBefore, KillAfter):
        for operation in ("RegisterTaskDefinition", "UpdateService"):
            with account() as a:
                a.aws.faults.add(kind(), operation=operation, times=1)
                a.push("abc1234")
                a.until_told("SUCCESSFUL")
                a.until_quiet()
                assert a.running() == f"{FAMILY}:2", (kind, operation)
                revisions = a.aws.client("ecs").list_task_definitions(familyPrefix=FAMILY)
                assert len(revisions["taskDefinitionArns"]) == 2, (kind, operation)
                deployments = a.aws.client("ecs").list_service_deployments(
                    cluster=SERVICE.split("/")[0], service=SERVICE.split("/")[1]
                )
                assert len(deployments["serviceDeployments"]) == 2, (kind, operation)


def test_an_outage_of_the_ledger_loses_nothing(account):
    with account() as a:
        a.aws.faults.add(Outage(), service="dynamodb", times=5)
        a.push("abc1234")
        a.until_told("SUCCESSFUL", 2 * LIMIT)
        assert a.calls("UpdateService") == 1


def test_a_slow_ecs_is_waited_for(account):
    with account() as a:
        a.aws.faults.add(Delay(5), operation="UpdateService", times=1)
        a.push("abc1234")
        a.until_told("SUCCESSFUL")
        assert a.calls("RegisterTaskDefinition") == 1


def test_the_sweep_comes_by_itself_and_meets_the_services(account):
    with account() as a:
        swept = a.aws.wait_until(
            lambda: any(one.function.endswith("sweep") for one in a.aws.invocations), LIMIT
        )
        assert swept
        (reply,) = [one.response for one in a.aws.invocations if one.function.endswith("sweep")][:1]
        assert reply["outcomes"][0]["outcome"] == "met"
        assert a.status() == []
        assert REPOSITORY in a.running()
