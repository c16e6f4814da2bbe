"""Lifecycle hooks: pauses and Lambda functions, on every strategy, and what is refused of them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.embedded.ecs.web_service import (
    BALANCED,
    BETTER,
    SERVICE,
    WebService,
    shifting,
)

MINUTE = 60.0
DAY = 24 * 60 * MINUTE
FUNCTION = "arn:aws:lambda:us-west-2:123456789012:function:check"
ROLE = "arn:aws:iam::123456789012:role/hooks"
RULES = {"testListenerRule": "arn:rule/app/test", "productionListenerRule": "arn:rule/app/all"}


def pause(*stages: str, **timeout: Any) -> dict[str, Any]:
    hook = {"targetType": "PAUSE", "lifecycleStages": list(stages)}
    return hook | ({"timeoutConfiguration": timeout} if timeout else {})


def function(*stages: str, **more: Any) -> dict[str, Any]:
    return {"hookTargetArn": FUNCTION, "roleArn": ROLE, "lifecycleStages": list(stages)} | more


def service(*hooks: dict[str, Any], **configuration: Any) -> dict[str, Any]:
    balancers = [{**BALANCED[0], "advancedConfiguration": RULES}]
    return shifting(lifecycleHooks=list(hooks), **configuration) | {"loadBalancers": balancers}


def begin(web: WebService, *hooks: dict[str, Any], **configuration: Any) -> str:
    """Update a service that has these hooks, and answer the new task definition."""
    web.create(**service(*hooks, **configuration))
    new = web.register(BETTER)
    web.update(new)
    return new


def hooks(web: WebService) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = web.deployment().get("lifecycleHookDetails", [])
    return found


def act(web: WebService, hook_id: str, **action: str) -> None:
    arn = web.deployment()["serviceDeploymentArn"]
    answer = web.api.continue_service_deployment(serviceDeploymentArn=arn, hookId=hook_id, **action)
    assert answer["serviceDeploymentArn"] == arn


def hook_events(web: WebService) -> list[str]:
    return [detail["eventName"] for detail in web.told("ECS Hook State Change")]


def test_a_pause_hook_holds_its_stage_until_it_is_answered(web: WebService) -> None:
    new = begin(web, pause("POST_TEST_TRAFFIC_SHIFT"))
    assert web.finish(60 * MINUTE) == "IN_PROGRESS"
    assert web.deployment()["lifecycleStage"] == "POST_TEST_TRAFFIC_SHIFT"
    (hook,) = hooks(web)
    assert hook["hookId"].startswith("ecs-pause-")
    assert (hook["targetType"], hook["status"]) == ("PAUSE", "AWAITING_ACTION")
    assert hook["timeoutAction"] == "ROLLBACK"
    assert "targetArn" not in hook
    act(web, hook["hookId"])
    assert web.finish(600) == "SUCCESSFUL"
    assert web.running() == [new, new]
    assert hooks(web) == []
    assert hook_events(web) == ["HOOK_AWAITING_ACTION", "HOOK_SUCCEEDED"]


def test_the_event_of_a_hook_names_the_service_deployment_and_the_service(web: WebService) -> None:
    begin(web, pause("PRE_SCALE_UP", timeoutInMinutes=10))
    web.until("PRE_SCALE_UP")
    web.clock.advance(1)
    (event,) = [each for each in web.events if each["detail-type"] == "ECS Hook State Change"]
    current, (hook,) = web.ecs.service_deployments(SERVICE)[0], hooks(web)
    assert event["resources"] == [current.arn]
    detail = event["detail"]
    assert set(detail) == {
        "eventType",
        "eventName",
        "hookId",
        "hookType",
        "expiresAt",
        "lifecycleStage",
        "clusterArn",
        "serviceArn",
        "serviceDeploymentArn",
        "updatedAt",
    }
    assert (detail["eventType"], detail["eventName"]) == ("INFO", "HOOK_AWAITING_ACTION")
    assert (detail["hookId"], detail["hookType"]) == (hook["hookId"], "PAUSE")
    assert detail["serviceArn"] == current.service_arn
    assert detail["lifecycleStage"] == "PRE_SCALE_UP"
    assert detail["expiresAt"] == hook["expiresAt"].strftime("%Y-%m-%dT%H:%M:%SZ")


def test_a_pause_answered_with_rollback_rolls_back(web: WebService) -> None:
    old = web.register()
    begin(web, pause("POST_PRODUCTION_TRAFFIC_SHIFT"))
    web.until("POST_PRODUCTION_TRAFFIC_SHIFT")
    act(web, hooks(web)[0]["hookId"], action="ROLLBACK")
    assert web.deployment()["status"] == "ROLLBACK_IN_PROGRESS"
    assert "lifecycle hook ecs-pause-" in web.deployment()["rollback"]["reason"]
    assert web.finish(600) == "ROLLBACK_SUCCESSFUL"
    assert hook_events(web) == ["HOOK_AWAITING_ACTION", "HOOK_FAILED"]
    assert old not in web.running()
    assert len(web.running()) == 2


@pytest.mark.parametrize(
    ("action", "status"), [("ROLLBACK", "ROLLBACK_SUCCESSFUL"), ("CONTINUE", "SUCCESSFUL")]
)
def test_a_pause_that_nobody_answers_does_what_its_timeout_says(
    web: WebService, action: str, status: str
) -> None:
    begin(web, pause("PRE_SCALE_UP", timeoutInMinutes=10, action=action))
    assert web.finish(9 * MINUTE) == "IN_PROGRESS"
    assert web.finish(5 * MINUTE) == status
    assert hook_events(web) == ["HOOK_AWAITING_ACTION", "HOOK_TIMED_OUT"]


def test_a_pause_lasts_a_day_by_default_and_may_last_longer_than_a_stage(web: WebService) -> None:
    begin(web, pause("POST_SCALE_UP"))
    web.until("POST_SCALE_UP")
    web.clock.advance(1)
    left = hooks(web)[0]["expiresAt"] - web.clock.now()
    assert timedelta(hours=23, minutes=59) < left <= timedelta(hours=24)
    web.update(deploymentConfiguration={"lifecycleHooks": [pause("POST_SCALE_UP", **TWO_WEEKS)]})
    web.update(web.register(BETTER, cpu=1))
    web.until("POST_SCALE_UP")
    assert web.finish(13 * DAY) == "IN_PROGRESS"
    assert web.finish(2 * DAY) == "ROLLBACK_SUCCESSFUL"


TWO_WEEKS = {"timeoutInMinutes": 20160}


def test_a_pause_answered_after_two_days_goes_on(web: WebService) -> None:
    begin(web, pause("POST_SCALE_UP", **TWO_WEEKS))
    assert web.finish(2 * DAY) == "IN_PROGRESS"
    act(web, hooks(web)[0]["hookId"])
    assert web.finish(600) == "SUCCESSFUL"


def test_a_linear_deployment_pauses_before_every_step_with_another_id(web: WebService) -> None:
    linear = {"stepPercent": 50.0, "stepBakeTimeInMinutes": 1}
    begin(web, pause("PRE_PRODUCTION_TRAFFIC_SHIFT"), strategy="LINEAR", linearConfiguration=linear)
    ids = []
    for _ in range(2):
        web.until("PRE_PRODUCTION_TRAFFIC_SHIFT")
        web.clock.advance(30)
        ids.append(hooks(web)[0]["hookId"])
        act(web, ids[-1])
        web.clock.advance(2)
    assert web.finish(600) == "SUCCESSFUL"
    assert len(set(ids)) == 2


def test_all_hooks_of_a_stage_must_succeed(web: WebService) -> None:
    begin(web, pause("POST_SCALE_UP"), pause("POST_SCALE_UP"))
    web.until("POST_SCALE_UP")
    first, second = hooks(web)
    act(web, first["hookId"])
    web.clock.advance(MINUTE)
    assert [hook["status"] for hook in hooks(web)] == ["SUCCEEDED", "AWAITING_ACTION"]
    assert web.deployment()["lifecycleStage"] == "POST_SCALE_UP"
    act(web, second["hookId"])
    assert web.finish(600) == "SUCCESSFUL"


def test_one_failed_hook_is_enough_to_roll_back(web: WebService) -> None:
    begin(web, pause("POST_SCALE_UP"), pause("POST_SCALE_UP"))
    web.until("POST_SCALE_UP")
    act(web, hooks(web)[1]["hookId"], action="ROLLBACK")
    assert web.finish(600) == "ROLLBACK_SUCCESSFUL"


def test_only_a_hook_that_awaits_an_action_can_be_answered(web: WebService) -> None:
    begin(web, pause("POST_SCALE_UP"))
    arn = web.deployment()["serviceDeploymentArn"]
    web.until("POST_SCALE_UP")
    hook_id = hooks(web)[0]["hookId"]
    refused = web.api.exceptions.InvalidParameterException

    def answer(**wanted: str) -> None:
        web.api.continue_service_deployment(
            **({"serviceDeploymentArn": arn, "hookId": hook_id} | wanted)
        )

    with pytest.raises(refused, match="does not await"):
        answer(hookId="ecs-pause-other")
    with pytest.raises(refused, match="Invalid action"):
        answer(action="STOP")
    with pytest.raises(web.api.exceptions.ServiceDeploymentNotFoundException):
        answer(serviceDeploymentArn=arn + "x")
    answer()
    with pytest.raises(refused, match="does not await"):
        answer()


def test_a_paused_deployment_that_a_person_rolls_back_awaits_nothing(web: WebService) -> None:
    begin(web, pause("POST_SCALE_UP"))
    web.until("POST_SCALE_UP")
    hook_id = hooks(web)[0]["hookId"]
    web.api.stop_service_deployment(serviceDeploymentArn=web.deployment()["serviceDeploymentArn"])
    with pytest.raises(web.api.exceptions.InvalidParameterException):
        act(web, hook_id)
    assert web.finish(600) == "ROLLBACK_SUCCESSFUL"


def test_hooks_of_a_deleted_service_tell_nothing_more(web: WebService) -> None:
    begin(web, pause("POST_SCALE_UP", timeoutInMinutes=5))
    web.until("POST_SCALE_UP")
    web.api.delete_service(cluster="dev", service="web", force=True)
    web.clock.advance(10 * MINUTE)
    assert hook_events(web) == ["HOOK_AWAITING_ACTION"]


def test_a_first_deployment_calls_no_hooks(web: WebService) -> None:
    web.create(**service(pause("PRE_SCALE_UP", "POST_SCALE_UP")))
    assert hook_events(web) == []


class Checks:
    """A Lambda function that answers one thing after the other, and remembers what it was sent."""

    def __init__(self, *answers: object) -> None:
        self.answers = list(answers)
        self.payloads: list[dict[str, Any]] = []

    def __call__(self, payload: dict[str, Any]) -> object:
        self.payloads.append(payload)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


OK = {"hookStatus": "SUCCEEDED"}


def test_a_function_that_succeeds_lets_the_deployment_go_on(web: WebService) -> None:
    checks = web.ecs.hooks[FUNCTION] = Checks(OK)
    begin(web, function("POST_TEST_TRAFFIC_SHIFT", hookDetails={"bucket": "reports"}))
    assert web.finish(600) == "SUCCESSFUL"
    (payload,) = checks.payloads
    current = web.ecs.service_deployments(SERVICE)[0]
    assert payload.pop("executionId")
    assert payload == {
        "lifecycleStage": "POST_TEST_TRAFFIC_SHIFT",
        "resourceArn": current.arn,
        "executionDetails": {
            "serviceArn": current.service_arn,
            "targetServiceRevisionArn": current.target.revision.arn,
            "testTrafficWeights": {},
            "productionTrafficWeights": {},
        },
        "hookDetails": {"bucket": "reports"},
    }
    assert hook_events(web) == ["HOOK_IN_PROGRESS", "HOOK_SUCCEEDED"]


def test_a_function_is_told_the_weights_of_each_traffic_shift(web: WebService) -> None:
    checks = web.ecs.hooks[FUNCTION] = Checks(OK)
    stages = ("TEST_TRAFFIC_SHIFT", "PRE_PRODUCTION_TRAFFIC_SHIFT", "PRODUCTION_TRAFFIC_SHIFT")
    canary = {"canaryPercent": 5.5, "canaryBakeTimeInMinutes": 1}
    begin(web, function(*stages), strategy="CANARY", canaryConfiguration=canary)
    assert web.finish(600) == "SUCCESSFUL"
    assert [told_weights(web, payload) for payload in checks.payloads] == [
        ("TEST_TRAFFIC_SHIFT", [100, 0], []),
        ("PRE_PRODUCTION_TRAFFIC_SHIFT", [], [0, 100]),
        ("PRODUCTION_TRAFFIC_SHIFT", [], [5.5, 94.5]),
        ("PRE_PRODUCTION_TRAFFIC_SHIFT", [], [5.5, 94.5]),
        ("PRODUCTION_TRAFFIC_SHIFT", [], [100, 0]),
    ]


def told_weights(web: WebService, payload: dict[str, Any]) -> tuple[str, list[float], list[float]]:
    """The stage, and what green and blue get of the test and of the production traffic."""
    current = web.ecs.service_deployments(SERVICE)[0]
    arns = [current.target.revision.arn, current.sources[0].revision.arn]
    details = payload["executionDetails"]
    test, production = details["testTrafficWeights"], details["productionTrafficWeights"]
    return (
        payload["lifecycleStage"],
        [test[arn] for arn in arns] if test else [],
        [production[arn] for arn in arns] if production else [],
    )


def test_a_function_in_progress_is_called_again_after_the_delay_that_it_asks_for(
    web: WebService,
) -> None:
    later = {"hookStatus": "IN_PROGRESS", "callBackDelay": 90, "hookDetails": {"seen": 1}}
    waits = {"hookStatus": "IN_PROGRESS"}
    checks = web.ecs.hooks[FUNCTION] = Checks(later, waits, OK)
    begin(web, function("PRE_SCALE_UP", hookDetails={"bucket": "reports"}))
    web.until("PRE_SCALE_UP")
    web.clock.advance(80)
    assert len(checks.payloads) == 1
    web.clock.advance(20)
    assert len(checks.payloads) == 2
    web.clock.advance(30)
    assert [payload["hookDetails"] for payload in checks.payloads] == [
        {"bucket": "reports"},
        {"bucket": "reports", "seen": 1},
        {"bucket": "reports", "seen": 1},
    ]
    assert len({payload["executionId"] for payload in checks.payloads}) == 1
    assert web.finish(600) == "SUCCESSFUL"


@pytest.mark.parametrize(
    "answer",
    [{"hookStatus": "FAILED"}, {"hookStatus": "OK"}, {}, "SUCCEEDED", None, ValueError("broken")],
    ids=str,
)
def test_any_other_answer_rolls_back_without_a_breaker(web: WebService, answer: object) -> None:
    web.ecs.hooks[FUNCTION] = Checks(answer)
    begin(web, function("POST_SCALE_UP"))
    assert web.finish(600) == "ROLLBACK_SUCCESSFUL"
    assert hook_events(web) == ["HOOK_IN_PROGRESS", "HOOK_FAILED"]


def test_a_function_that_does_not_exist_fails_its_hook(web: WebService) -> None:
    begin(web, function("POST_SCALE_UP"))
    assert web.finish(600) == "ROLLBACK_SUCCESSFUL"


def test_a_function_that_never_ends_times_out(web: WebService) -> None:
    web.ecs.hooks[FUNCTION] = Checks({"hookStatus": "IN_PROGRESS"})
    begin(web, function("PRE_SCALE_UP", timeoutConfiguration={"timeoutInMinutes": 5}))
    assert web.finish(4 * MINUTE) == "IN_PROGRESS"
    (hook,) = hooks(web)
    assert (hook["targetArn"], hook["status"]) == (FUNCTION, "IN_PROGRESS")
    assert web.finish(5 * MINUTE) == "ROLLBACK_SUCCESSFUL"
    assert "timed out at PRE_SCALE_UP" in web.deployment()["rollback"]["reason"]


def test_a_rollback_calls_the_hooks_of_the_traffic_shifts_and_does_not_heed_them(
    web: WebService,
) -> None:
    checks = web.ecs.hooks[FUNCTION] = Checks(OK, OK, {"hookStatus": "FAILED"})
    begin(
        web,
        function("TEST_TRAFFIC_SHIFT", "PRODUCTION_TRAFFIC_SHIFT"),
        pause("POST_PRODUCTION_TRAFFIC_SHIFT"),
    )
    web.until("POST_PRODUCTION_TRAFFIC_SHIFT")
    web.clock.advance(1)
    act(web, hooks(web)[0]["hookId"], action="ROLLBACK")
    assert web.finish(600) == "ROLLBACK_SUCCESSFUL"
    assert [told_weights(web, payload) for payload in checks.payloads[2:]] == [
        ("PRODUCTION_TRAFFIC_SHIFT", [], [0, 100]),
        ("TEST_TRAFFIC_SHIFT", [0, 100], []),
    ]


def test_hooks_of_a_rolling_update_hold_its_beginning_and_its_end(web: WebService) -> None:
    old = web.register()
    web.create(old)
    new = web.register(BETTER)
    held = [pause("PRE_SCALE_UP", "POST_SCALE_UP")]
    web.update(new, deploymentConfiguration={"lifecycleHooks": held})
    web.clock.advance(10 * MINUTE)
    assert web.deployment()["lifecycleStage"] == "PRE_SCALE_UP"
    assert web.running() == [old, old]
    act(web, hooks(web)[0]["hookId"])
    web.clock.advance(10 * MINUTE)
    assert web.deployment()["lifecycleStage"] == "POST_SCALE_UP"
    assert web.deployment()["status"] == "IN_PROGRESS"
    assert web.running() == [new, new]
    act(web, hooks(web)[0]["hookId"])
    assert web.finish(5) == "SUCCESSFUL"
    assert "lifecycleStage" not in web.deployment()


def test_a_rolling_update_that_is_held_replaces_old_tasks_by_old_ones(web: WebService) -> None:
    old = web.register()
    web.create(old)
    held = {"lifecycleHooks": [pause("PRE_SCALE_UP")]}
    web.update(web.register(BETTER), deploymentConfiguration=held)
    web.clock.advance(10)
    web.ecs.crash(web.ecs.tasks(SERVICE)[0].id)
    web.update(desiredCount=3)
    web.clock.advance(MINUTE)
    assert web.running() == [old] * 3


def test_a_rolling_update_bakes_after_its_hooks(web: WebService) -> None:
    web.create()
    held = {"lifecycleHooks": [pause("POST_SCALE_UP")], "bakeTimeInMinutes": 5}
    web.update(web.register(BETTER), deploymentConfiguration=held)
    web.until("POST_SCALE_UP")
    act(web, hooks(web)[0]["hookId"])
    web.clock.advance(3)
    assert web.deployment()["lifecycleStage"] == "BAKE_TIME"
    assert web.finish(6 * MINUTE) == "SUCCESSFUL"


@pytest.mark.parametrize("stage", ["PRE_SCALE_UP", "POST_SCALE_UP"])
def test_a_failed_hook_rolls_a_rolling_update_back(web: WebService, stage: str) -> None:
    old = web.register()
    web.create(old)
    web.ecs.hooks[FUNCTION] = Checks({"hookStatus": "FAILED"})
    web.update(web.register(BETTER), deploymentConfiguration={"lifecycleHooks": [function(stage)]})
    assert web.finish(600) == "ROLLBACK_SUCCESSFUL"
    web.clock.advance(MINUTE)
    assert web.running() == [old, old]


def test_hooks_that_a_rolling_update_never_reaches_are_not_called(web: WebService) -> None:
    web.create()
    hook = function("PRODUCTION_TRAFFIC_SHIFT")
    web.update(web.register(BETTER), deploymentConfiguration={"lifecycleHooks": [hook]})
    assert web.finish(600) == "SUCCESSFUL"
    assert hook_events(web) == []


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ([pause("PRE_SCALE_UP")] * 11, "more than 10 PAUSE"),
        ([function("PRE_SCALE_UP")] * 11, "more than 10 AWS_LAMBDA"),
        ([pause("TEST_TRAFFIC_SHIFT")], "cannot be configured at TEST_TRAFFIC_SHIFT"),
        ([pause("PRODUCTION_TRAFFIC_SHIFT")], "cannot be configured at PRODUCTION_TRAFFIC_SHIFT"),
        ([function("BAKE_TIME")], "cannot be configured at BAKE_TIME"),
        ([pause()], "requires lifecycleStages"),
        ([pause("PRE_SCALE_UP") | {"hookTargetArn": FUNCTION}], "takes no hookTargetArn"),
        ([pause("PRE_SCALE_UP") | {"roleArn": ROLE}], "takes no roleArn"),
        ([{"lifecycleStages": ["PRE_SCALE_UP"], "roleArn": ROLE}], "requires hookTargetArn"),
        ([function("PRE_SCALE_UP") | {"roleArn": ""}], "requires roleArn"),
        ([function("PRE_SCALE_UP") | {"targetType": "SNS"}], "Invalid targetType"),
        ([pause("PRE_SCALE_UP", timeoutInMinutes=20161)], "between 1 and 20160"),
        (
            [function("PRE_SCALE_UP", timeoutConfiguration={"timeoutInMinutes": 1441})],
            "between 1 and 1440",
        ),
        ([pause("PRE_SCALE_UP", action="WAIT")], "Invalid timeout action"),
    ],
)
def test_wrong_hooks_are_refused(web: WebService, wrong: list[dict[str, Any]], said: str) -> None:
    with pytest.raises(web.api.exceptions.InvalidParameterException, match=said):
        web.create(**service(*wrong))


def test_ten_hooks_of_each_kind_are_taken(web: WebService) -> None:
    web.create(**service(*[pause("PRE_SCALE_UP")] * 10, *[function("PRE_SCALE_UP")] * 10))
