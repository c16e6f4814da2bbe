"""An Express service: push to live, a rollback by ECS and by hand, a plan, and what runs now."""

from __future__ import annotations

from typing import Any

import pytest

from embedded.calls.call import Call, Reply, error_reply
from embedded.services.ecs import Crash, Lag
from example import conflicto
from tests.dialect.account import CLUSTER, REPOSITORY, SERVICE, SERVICE_NAME
from tests.dialect.rehearsed import RehearsedAccount, rehearsed_in_express_mode

FAMILY = f"{CLUSTER}-{SERVICE_NAME}"  # of the task definitions that ECS makes
ARN = f"arn:aws:ecs:{conflicto.REGION}:{conflicto.ACCOUNT}:service/{SERVICE}"


def _definition(account: RehearsedAccount, name: str) -> dict[str, Any]:
    answer = account.client("ecs").describe_task_definition(taskDefinition=name)
    return dict(answer["taskDefinition"])


def _told_by_express(account: RehearsedAccount) -> list[str]:
    """family:revision of each active configuration, newest first."""
    found = account.client("ecs").describe_express_gateway_service(serviceArn=ARN)["service"]
    return [each["taskDefinitionArn"].rsplit("/")[-1] for each in found["activeConfigurations"]]


def test_a_push_becomes_the_running_version_after_the_canary_and_the_bake() -> None:
    with rehearsed_in_express_mode() as account:
        assert "taskDefinition" not in account.described()
        began = account.now()
        digest = account.push("abc1234")
        record = account.settle(SERVICE, digest)
        assert record["status"] == "SUCCESSFUL"
        assert (account.now() - began).total_seconds() > 360
        assert account.running() == [f"{FAMILY}:2"] * 2
        assert account.images(f"{FAMILY}:2") == [f"{conflicto.repository_uri(REPOSITORY)}@{digest}"]
        assert account.called("ecs:UpdateExpressGatewayService") == 1
        assert account.called("ecs:UpdateService") == 0
        assert account.called("ecs:DescribeExpressGatewayService") == 1
        assert account.told("abc1234") == [*["IN_PROGRESS"] * 3, "SUCCESSFUL"]


def test_what_ecs_put_into_the_task_definition_is_sent_back_as_it_is() -> None:
    with rehearsed_in_express_mode() as account:
        account.settle(SERVICE, account.push("abc1234"))
        made, ours = (_definition(account, f"{FAMILY}:{number}") for number in (1, 2))
        own = {"revision", "taskDefinitionArn", "registeredAt", "registeredBy"}
        for body in (made, ours):
            body["containerDefinitions"][0].pop("image")
        assert {**ours, **{key: made[key] for key in own}} == made


def test_a_crash_is_rolled_back_and_explained() -> None:
    with rehearsed_in_express_mode() as account:
        account.breaks("bad0000", Crash(after=3, logs=("KeyError: 'X'",)))
        record = account.settle(SERVICE, account.push("bad0000"))
        assert record["status"] == "ROLLBACK_SUCCESSFUL"
        assert "container Main exited with code 1" in record["case"]
        assert account.running() == [f"{FAMILY}:1"] * 2
        assert _told_by_express(account) == [f"{FAMILY}:1"]


def test_after_a_rollback_the_next_push_is_made_from_what_runs() -> None:
    with rehearsed_in_express_mode() as account:
        account.breaks("bad0000", Crash(after=3))
        account.settle(SERVICE, account.push("bad0000"))
        account.advance(120)
        record = account.settle(SERVICE, account.push("abc1234"))
        assert record["status"] == "SUCCESSFUL"
        assert account.records()[-1]["base"].endswith(f"{FAMILY}:1")
        assert account.running() == [f"{FAMILY}:3"] * 2


def test_a_rollback_by_hand_goes_to_the_earlier_arn() -> None:
    with rehearsed_in_express_mode() as account:
        account.settle(SERVICE, account.push("abc1234"))
        reply = account.rollback()
        record = account.settle(SERVICE, "")  # ECS made the first revision, by a tag
        assert (record["deployment"], record["status"]) == (reply["deployment"], "SUCCESSFUL")
        assert account.running() == [f"{FAMILY}:1"] * 2
        assert account.called("ecs:RegisterTaskDefinition") == 1
        assert account.called("ecs:UpdateExpressGatewayService") == 2


def test_a_rollback_by_hand_during_the_canary_stops_it() -> None:
    with rehearsed_in_express_mode() as account:
        digest = account.push("abc1234")
        account.advance(120)
        assert account.running() == [f"{FAMILY}:1"] * 2 + [f"{FAMILY}:2"] * 2
        account.rollback()
        assert account.settle(SERVICE, digest)["status"] == "ROLLBACK_SUCCESSFUL"
        account.advance(600)
        assert account.running() == [f"{FAMILY}:1"] * 2


def test_a_plan_names_the_revision_that_runs_and_changes_nothing() -> None:
    with rehearsed_in_express_mode() as account:
        account.settle(SERVICE, account.push("abc1234"))
        with account.undelivered():
            account.push("def5678")
        deploying = account.deploy("def5678", plan=True)
        assert (deploying["would"], deploying["base"]) == ("deploy", f"{FAMILY}:2")
        assert [change["field"] for change in deploying["changes"]] == [
            "containerDefinitions[Main].image"
        ]
        going_back = account.rollback(plan=True)
        assert going_back["revision"] == f"{FAMILY}:1"
        account.advance(600)
        assert account.running() == [f"{FAMILY}:2"] * 2
        assert account.called("ecs:RegisterTaskDefinition") == 1
        assert account.called("ecs:UpdateExpressGatewayService") == 1


def test_status_shows_both_revisions_while_the_canary_runs() -> None:
    with rehearsed_in_express_mode() as account:
        account.push("abc1234")
        account.advance(120)
        now = account.invoke("status", {"service": SERVICE, "now": True})["now"]
        assert (now["revision"], now["by"]) == (f"{FAMILY}:2", "Slipway")
        assert [each["revision"] for each in now["deployments"]] == [f"{FAMILY}:2", f"{FAMILY}:1"]


def test_what_somebody_changes_in_the_console_is_what_the_next_push_is_made_from() -> None:
    with rehearsed_in_express_mode() as account:
        account.settle(SERVICE, account.push("abc1234"))
        account.client("ecs").update_express_gateway_service(
            serviceArn=ARN, cpu="512", memory="1024"
        )
        account.advance(900)
        record = account.settle(SERVICE, account.push("def5678"))
        assert record["status"] == "SUCCESSFUL"
        assert _definition(account, account.running()[0])["cpu"] == "512"


def test_what_ecs_refuses_is_refused_with_ecs_words_and_a_next_step() -> None:
    with rehearsed_in_express_mode() as account:
        primary = account.ecs.service(SERVICE).primary
        assert primary is not None
        (main,) = primary.revision.definition.containers
        del main["portMappings"][0]["name"]  # ECS itself would not have taken it so
        record = account.settle(SERVICE, account.push("abc1234"))
        assert record["status"] == "REFUSED"
        assert "a single TCP port mapping" in record["reason"]
        assert "and a port name. An Express service takes a task definition" in record["reason"]
        assert account.running() == [f"{FAMILY}:1"] * 2


def test_an_update_whose_answer_was_lost_is_not_sent_again() -> None:
    with rehearsed_in_express_mode() as account:
        lost: list[Call] = []

        def lose(call: Call) -> Reply | None:
            if call.operation != "UpdateExpressGatewayService" or lost:
                return None
            lost.append(call)
            account.client("ecs").update_express_gateway_service(**call.parameters)
            return error_reply(call.service, "ServerException", "the answer was lost", 500)

        account.permissions.handlers.append(lose)
        record = account.settle(SERVICE, account.push("abc1234"))
        assert record["status"] == "SUCCESSFUL"
        assert len(lost) == account.called("ecs:UpdateExpressGatewayService") == 1
        assert account.called("ecs:RegisterTaskDefinition") == 1


@pytest.mark.parametrize("seed", range(3))
def test_answers_that_are_some_seconds_old_change_no_verdict(seed: int) -> None:
    with rehearsed_in_express_mode(Lag(seed=seed)) as account:
        account.breaks("bad0000", Crash(after=3))
        assert account.settle(SERVICE, account.push("bad0000"))["status"] == "ROLLBACK_SUCCESSFUL"
        account.advance(120)
        assert account.settle(SERVICE, account.push("abc1234"))["status"] == "SUCCESSFUL"
        account.advance(60)
        assert account.running() == [f"{FAMILY}:3"] * 2
