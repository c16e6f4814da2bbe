"""BLUE_GREEN, LINEAR and CANARY: their stages, who gets the traffic, what runs, how they end."""

from __future__ import annotations

from itertools import groupby
from typing import Any

import pytest

from embedded.services.ecs import Crash
from tests.embedded.ecs.web_service import (
    BALANCED,
    BETTER,
    BREAKER,
    SERVICE,
    WebService,
    shifting,
    web_service,
)

MINUTE = 60.0
RULES = {
    "alternateTargetGroupArn": "arn:tg/green",
    "productionListenerRule": "arn:rule/app/production",
    "roleArn": "arn:aws:iam::123456789012:role/balancers",
}
TESTED = [
    {**BALANCED[0], "advancedConfiguration": {**RULES, "testListenerRule": "arn:rule/app/test"}}
]


def with_test_rule(**configuration: Any) -> dict[str, Any]:
    return shifting(**configuration) | {"loadBalancers": TESTED}


def watched(web: WebService, seconds: int) -> list[tuple[str | None, float, float]]:
    """What a reader sees who looks twice a second: stage, green's and blue's production traffic."""
    seen = []
    for _ in range(seconds * 2):
        web.clock.advance(0.5)
        current = web.ecs.service_deployments(SERVICE)[0]
        green, blue = current.target.production, current.sources[0].production
        assert green is not None
        assert blue is not None
        seen.append((current.stage, green, blue))
    return [key for key, _ in groupby(seen)]


def test_blue_green_passes_every_stage_and_moves_all_traffic_at_once(web: WebService) -> None:
    web.create(**shifting(bakeTimeInMinutes=5))
    web.update(web.register(BETTER))
    assert watched(web, 420) == [
        (None, 0, 100),
        ("PRE_SCALE_UP", 0, 100),
        ("SCALE_UP", 0, 100),
        ("POST_SCALE_UP", 0, 100),
        ("TEST_TRAFFIC_SHIFT", 0, 100),
        ("POST_TEST_TRAFFIC_SHIFT", 0, 100),
        ("PRE_PRODUCTION_TRAFFIC_SHIFT", 0, 100),
        ("PRODUCTION_TRAFFIC_SHIFT", 100, 0),
        ("POST_PRODUCTION_TRAFFIC_SHIFT", 100, 0),
        ("BAKE_TIME", 100, 0),
        ("CLEAN_UP", 100, 0),
        (None, 100, 0),
    ]
    assert web.deployment()["status"] == "SUCCESSFUL"
    assert "lifecycleStage" not in web.deployment()


def test_a_reader_sees_stage_and_weights(web: WebService) -> None:
    web.create(**with_test_rule())
    web.update(web.register(BETTER))
    web.until("POST_TEST_TRAFFIC_SHIFT")
    shown = web.deployment()
    assert (shown["status"], shown["lifecycleStage"]) == ("IN_PROGRESS", "POST_TEST_TRAFFIC_SHIFT")
    assert weights(shown["targetServiceRevision"]) == (0, 100)
    assert weights(shown["sourceServiceRevisions"][0]) == (100, 0)


def weights(summary: dict[str, Any]) -> tuple[float | None, float | None]:
    """The production and the test traffic."""
    return (
        summary.get("requestedProductionTrafficWeight"),
        summary.get("requestedTestTrafficWeight"),
    )


def test_there_is_no_test_traffic_without_a_rule_for_it(web: WebService) -> None:
    web.create(**shifting())
    web.update(web.register(BETTER))
    web.until("POST_TEST_TRAFFIC_SHIFT")
    assert weights(web.deployment()["targetServiceRevision"]) == (0, None)


def test_a_rolling_update_shows_no_weights(web: WebService) -> None:
    web.create(loadBalancers=BALANCED)
    web.update(web.register(BETTER))
    web.clock.advance(10)
    shown = web.deployment()
    assert "lifecycleStage" not in shown
    assert weights(shown["targetServiceRevision"]) == (None, None)


def test_a_rolling_update_that_rolls_back_while_it_bakes_still_shows_that(web: WebService) -> None:
    web.create(deploymentConfiguration={"bakeTimeInMinutes": 5})
    web.update(web.register(BETTER))
    web.until("BAKE_TIME")
    roll_back(web)
    web.clock.advance(5)
    shown = web.deployment()
    assert (shown["status"], shown["lifecycleStage"]) == ("ROLLBACK_IN_PROGRESS", "BAKE_TIME")


def test_a_headless_service_is_replaced_without_weights(web: WebService) -> None:
    web.create(deploymentConfiguration={"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 1})
    new = web.register(BETTER)
    web.update(new)
    web.until("BAKE_TIME")
    assert weights(web.deployment()["targetServiceRevision"]) == (None, None)
    assert len(web.running()) == 4
    assert web.finish(120) == "SUCCESSFUL"
    assert web.running() == [new, new]


def test_no_green_task_starts_before_the_scale_up(web: WebService) -> None:
    web.create(**shifting())
    web.update(web.register(BETTER))
    web.until("PRE_SCALE_UP")
    assert len(web.ecs.tasks(SERVICE)) == 2
    web.until("SCALE_UP")
    web.clock.advance(2)
    assert len(web.ecs.tasks(SERVICE)) == 4


def test_the_scale_up_ends_when_all_green_tasks_are_healthy(web: WebService) -> None:
    web.create(**shifting())
    web.update(web.register(BETTER))
    web.until("POST_SCALE_UP")
    green = [task for task in web.ecs.tasks(SERVICE) if "b" * 64 in task.containers[0].image]
    assert [task.healthy for task in green] == [True, True]


def test_a_default_linear_deployment_takes_54_minutes_and_its_bake_time(web: WebService) -> None:
    web.create(**shifting("LINEAR", bakeTimeInMinutes=5))
    new = web.register(BETTER)
    web.update(new)
    assert web.finish(59 * MINUTE) == "IN_PROGRESS"
    assert web.finish(3 * MINUTE) == "SUCCESSFUL"
    assert web.running() == [new, new]


def test_linear_moves_the_traffic_by_the_step_percent(web: WebService) -> None:
    linear = {"stepPercent": 30.0, "stepBakeTimeInMinutes": 1}
    web.create(**shifting("LINEAR", linearConfiguration=linear))
    web.update(web.register(BETTER))
    seen = watched(web, 300)
    steps = [(green, blue) for stage, green, blue in seen if stage == "PRODUCTION_TRAFFIC_SHIFT"]
    assert steps == [(30, 70), (60, 40), (90, 10), (100, 0)]
    before = [green for stage, green, _ in seen if stage == "PRE_PRODUCTION_TRAFFIC_SHIFT"]
    assert before == [0, 30, 60, 90]


def test_a_canary_deployment_takes_the_canarys_minutes(web: WebService) -> None:
    canary = {"canaryPercent": 5.0, "canaryBakeTimeInMinutes": 40}
    web.create(**shifting("CANARY", canaryConfiguration=canary))
    web.update(web.register(BETTER))
    assert web.finish(40 * MINUTE) == "IN_PROGRESS"
    assert weights(web.deployment()["targetServiceRevision"]) == (5, None)
    assert web.finish(2 * MINUTE) == "SUCCESSFUL"


def test_a_network_load_balancer_takes_ten_minutes_more_for_each_shift(web: WebService) -> None:
    listener = {"productionListenerRule": "arn:aws:elasticloadbalancing:listener/net/web/1/2"}
    web.create(
        **shifting() | {"loadBalancers": [{**BALANCED[0], "advancedConfiguration": listener}]}
    )
    web.update(web.register(BETTER))
    assert web.finish(10 * MINUTE) == "IN_PROGRESS"
    assert web.deployment()["lifecycleStage"] == "PRODUCTION_TRAFFIC_SHIFT"
    assert web.finish(2 * MINUTE) == "SUCCESSFUL"


def test_a_task_of_either_environment_is_replaced_from_its_own_revision(web: WebService) -> None:
    old = web.register()
    web.create(old, **shifting(bakeTimeInMinutes=8))
    new = web.register(BETTER)
    web.update(new)
    web.until("BAKE_TIME")
    for definition in (old, new):
        task = next(each for each in web.ecs.tasks(SERVICE) if each.definition.arn == definition)
        web.ecs.crash(task.id)
    web.clock.advance(MINUTE)
    assert sorted(web.running()) == sorted([old, old, new, new])
    assert web.deployment()["lifecycleStage"] == "BAKE_TIME"


def test_a_change_of_the_desired_count_scales_both_environments(web: WebService) -> None:
    old = web.register()
    web.create(old, **shifting(bakeTimeInMinutes=8))
    new = web.register(BETTER)
    web.update(new)
    web.until("BAKE_TIME")
    web.update(desiredCount=3)
    web.clock.advance(MINUTE)
    assert sorted(web.running()) == sorted([old] * 3 + [new] * 3)
    web.ecs.scale(SERVICE, 1)
    web.clock.advance(MINUTE)
    assert sorted(web.running()) == sorted([old, new])
    shown = web.deployment()
    assert shown["targetServiceRevision"]["requestedTaskCount"] == 1
    assert shown["sourceServiceRevisions"][0]["requestedTaskCount"] == 1


def test_the_rollout_state_is_a_rolling_updates_only(web: WebService) -> None:
    web.create(**shifting("LINEAR"))
    web.ecs.faults.image("b" * 64, Crash(times=1))
    web.update(web.register(BETTER))
    for _ in range(60):
        web.clock.advance(61)
        for deployment in web.service()["deployments"]:
            assert "rolloutState" not in deployment
            assert "rolloutStateReason" not in deployment
            assert deployment["failedTasks"] == 0


def test_a_service_that_wants_no_task_passes_the_stages_too(web: WebService) -> None:
    web.create(**shifting(), desired=0)
    web.update(web.register(BETTER))
    web.until("POST_SCALE_UP")
    assert web.finish(600) == "SUCCESSFUL"
    assert len(web.service()["deployments"]) == 1


def test_a_first_deployment_has_nothing_to_shift(web: WebService) -> None:
    web.create(**shifting("LINEAR"))
    assert web.clock.now().minute < 10
    shown = web.deployment()
    assert weights(shown["targetServiceRevision"]) == (100, None)
    assert shown["sourceServiceRevisions"] == []


def test_events_tell_the_beginning_and_the_end_and_no_stage(web: WebService) -> None:
    web.create(**shifting())
    web.update(web.register(BETTER))
    assert web.finish(600) == "SUCCESSFUL"
    assert web.names() == [
        "SERVICE_DEPLOYMENT_IN_PROGRESS",
        "SERVICE_STEADY_STATE",
        "SERVICE_DEPLOYMENT_COMPLETED",
    ]


@pytest.mark.parametrize(
    "stage",
    [
        "PRE_SCALE_UP",
        "SCALE_UP",
        "POST_SCALE_UP",
        "TEST_TRAFFIC_SHIFT",
        "PRODUCTION_TRAFFIC_SHIFT",
        "BAKE_TIME",
        "CLEAN_UP",
    ],
)
def test_a_person_can_roll_back_in_every_stage(web: WebService, stage: str) -> None:
    old = web.register()
    web.create(old, **with_test_rule(bakeTimeInMinutes=5))
    web.update(web.register(BETTER))
    web.until(stage)
    roll_back(web)
    assert web.deployment()["status"] == "ROLLBACK_REQUESTED"
    web.clock.advance(1.1)
    shown = web.deployment()
    assert shown["status"] == "ROLLBACK_IN_PROGRESS"
    assert "user requested" in shown["rollback"]["reason"]
    while not web.ecs.service_deployments(SERVICE)[0].finished:
        web.clock.advance(1)
        assert sum(task.healthy for task in web.ecs.tasks(SERVICE)) >= 2
    assert web.deployment()["status"] == "ROLLBACK_SUCCESSFUL"
    assert weights(web.deployment()["targetServiceRevision"]) == (0, 0)
    assert weights(web.deployment()["sourceServiceRevisions"][0]) == (100, 100)
    web.clock.advance(10 * MINUTE)
    assert web.running() == [old, old]


def roll_back(web: WebService) -> None:
    arn = web.ecs.service_deployments(SERVICE)[0].arn
    web.api.stop_service_deployment(serviceDeploymentArn=arn)


def test_a_rollback_gives_blue_the_traffic_at_once_and_cleans_green_up(web: WebService) -> None:
    old = web.register()
    web.create(old, **shifting("LINEAR"))
    blue = {task.id for task in web.ecs.tasks(SERVICE)}
    web.update(web.register(BETTER))
    web.clock.advance(20 * MINUTE)
    roll_back(web)
    assert [each for each in watched(web, 60) if each[0]] == [
        ("PRODUCTION_TRAFFIC_SHIFT", 40, 60),
        ("PRODUCTION_TRAFFIC_SHIFT", 0, 100),
        ("CLEAN_UP", 0, 100),
    ]
    assert web.finish(600) == "ROLLBACK_SUCCESSFUL"
    web.clock.advance(60 * MINUTE)
    live = {task.id for task in web.ecs.tasks(SERVICE) if task.live}
    assert live == blue


def test_green_tasks_that_crash_for_ever_do_not_end_a_deployment(web: WebService) -> None:
    old = web.register()
    web.create(old, **shifting(**BREAKER))
    web.ecs.faults.image("b" * 64, Crash())
    web.update(web.register(BETTER))
    assert web.finish(60 * MINUTE) == "IN_PROGRESS"
    assert web.deployment()["lifecycleStage"] == "SCALE_UP"
    assert web.running().count(old) == 2


def test_the_breaker_says_that_it_does_not_act_on_a_blue_green_deployment(web: WebService) -> None:
    web.create(**shifting(**BREAKER))
    web.update(web.register(BETTER))
    assert web.deployment()["deploymentCircuitBreaker"] == {
        "status": "DISABLED",
        "failureCount": 0,
        "threshold": 0,
    }


def test_the_breaker_can_be_made_to_act_on_every_strategy(web: WebService) -> None:
    old = web.register()
    web.create(old, **shifting("LINEAR", **BREAKER))
    web.ecs.breaker_beyond_rolling = True
    web.ecs.faults.image("b" * 64, Crash())
    web.update(web.register(BETTER))
    assert web.finish(600) == "ROLLBACK_SUCCESSFUL"
    assert web.deployment()["deploymentCircuitBreaker"]["status"] == "TRIGGERED"
    assert web.running() == [old, old]


def test_the_breaker_beyond_rolling_updates_is_an_option_of_the_installation() -> None:
    with web_service(breaker_beyond_rolling=True) as web:
        web.create(**shifting(**BREAKER))
        web.ecs.faults.image("b" * 64, Crash())
        web.update(web.register(BETTER))
        assert web.finish(600) == "ROLLBACK_SUCCESSFUL"
