"""BLUE_GREEN, LINEAR and CANARY that fail, hang, or are replaced; faults that need traffic."""

from __future__ import annotations

from typing import Any

import pytest

from embedded.services.ecs import Crash
from tests.embedded.ecs.web_service import (
    BALANCED,
    BETTER,
    SERVICE,
    WebService,
    shifting,
)

MINUTE = 60.0
DAY = 24 * 60 * MINUTE
ALARMS: dict[str, Any] = {"alarms": {"alarmNames": ["errors"], "enable": True, "rollback": True}}
LINEAR: dict[str, Any] = {"linearConfiguration": {"stepPercent": 40.0, "stepBakeTimeInMinutes": 5}}


def service(strategy: str = "BLUE_GREEN", **configuration: Any) -> dict[str, Any]:
    return shifting(strategy, **{"bakeTimeInMinutes": 5, **configuration})


def production(web: WebService) -> dict[str, float | None]:
    """The production traffic of each revision that a service deployment names, by image."""
    current = web.ecs.service_deployments(SERVICE)[0]
    return {
        each.revision.definition.arn.rpartition(":")[2]: each.production
        for each in (current.target, *current.sources)
    }


@pytest.mark.parametrize(
    "stage",
    [
        "SCALE_UP",
        "POST_SCALE_UP",
        "TEST_TRAFFIC_SHIFT",
        "POST_TEST_TRAFFIC_SHIFT",
        "PRE_PRODUCTION_TRAFFIC_SHIFT",
        "PRODUCTION_TRAFFIC_SHIFT",
        "POST_PRODUCTION_TRAFFIC_SHIFT",
        "BAKE_TIME",
    ],
)
def test_an_alarm_rolls_back_from_the_scale_up_to_the_bake_time(
    web: WebService, stage: str
) -> None:
    old = web.register()
    web.create(old, **service(**ALARMS))
    web.update(web.register(BETTER))
    web.until(stage)
    assert web.ecs.alarm(SERVICE, "errors")
    assert web.deployment()["status"] == "ROLLBACK_IN_PROGRESS"
    assert "CloudWatch alarm" in web.deployment()["rollback"]["reason"]
    assert production(web) == {"2": 0, "1": 100}
    assert web.finish(600) == "ROLLBACK_SUCCESSFUL"
    assert web.running() == [old, old]


@pytest.mark.parametrize("stage", ["PRE_SCALE_UP", "CLEAN_UP"])
def test_an_alarm_does_nothing_before_and_after(web: WebService, stage: str) -> None:
    web.create(**service(**ALARMS))
    web.update(web.register(BETTER))
    web.until(stage)
    assert not web.ecs.alarm(SERVICE, "errors")
    assert web.finish(600) == "SUCCESSFUL"


def test_an_alarm_without_rollback_leaves_both_environments_and_the_traffic(
    web: WebService,
) -> None:
    alarms = {"alarms": {**ALARMS["alarms"], "rollback": False}}
    web.create(**service("LINEAR", **LINEAR, **alarms))
    web.update(web.register(BETTER))
    web.until("PRODUCTION_TRAFFIC_SHIFT")
    assert web.ecs.alarm(SERVICE, "errors")
    assert web.finish(600) == "STOPPED"
    web.clock.advance(60 * MINUTE)
    assert len(web.running()) == 4
    assert production(web) == {"2": 40, "1": 60}


def test_a_stage_that_lasts_24_hours_rolls_back(web: WebService) -> None:
    old = web.register()
    web.create(old, **service())
    web.ecs.faults.image("b" * 64, Crash(after=4))
    web.update(web.register(BETTER))
    assert web.finish(DAY - MINUTE) == "IN_PROGRESS"
    assert web.deployment()["lifecycleStage"] == "SCALE_UP"
    assert web.finish(10 * MINUTE) == "ROLLBACK_SUCCESSFUL"
    assert "SCALE_UP lasted more than 24 hours" in web.deployment()["rollback"]["reason"]
    web.clock.advance(MINUTE)
    assert web.running() == [old, old]


def test_a_bake_of_24_hours_is_no_stage_that_hangs(web: WebService) -> None:
    day = {"canaryBakeTimeInMinutes": 1440}
    web.create(**service("CANARY", canaryConfiguration=day))
    web.update(web.register(BETTER))
    assert web.finish(DAY + 30 * MINUTE) == "SUCCESSFUL"


def test_a_newer_deployment_first_gives_all_traffic_to_the_revision_with_the_most(
    web: WebService,
) -> None:
    web.create(**service("LINEAR", **LINEAR))
    better = web.register(BETTER)
    web.update(better)
    current = web.ecs.service_deployments(SERVICE)[0]
    web.clock.advance_until(lambda: current.target.production == 80, 30 * MINUTE)
    newest = web.register(BETTER, cpu=1)
    web.update(newest)
    assert current.status == "STOP_REQUESTED"
    assert production(web) == {"3": 0, "2": 80, "1": 20}
    web.until("RECONCILE_SERVICE")
    web.clock.advance(2)
    assert current.status == "STOPPED"
    assert production(web) == {"3": 0, "2": 100, "1": 0}
    web.until("PRE_SCALE_UP")
    assert web.running() == [better, better]
    web.until("BAKE_TIME", 3600)
    assert sorted(web.running()) == sorted([better, better, newest, newest])
    assert production(web) == {"3": 100, "2": 0, "1": 0}
    assert web.finish(3600) == "SUCCESSFUL"
    assert web.running() == [newest, newest]


def test_a_newer_deployment_early_in_a_shift_keeps_the_older_revision(web: WebService) -> None:
    old = web.register()
    web.create(old, **service("LINEAR", **LINEAR))
    web.update(web.register(BETTER))
    web.until("PRODUCTION_TRAFFIC_SHIFT")
    web.update(web.register(BETTER, cpu=1))
    web.until("PRE_SCALE_UP")
    assert web.running() == [old, old]
    assert production(web) == {"3": 0, "2": 0, "1": 100}


def test_a_newer_deployment_that_rolls_back_returns_to_what_it_replaced(web: WebService) -> None:
    web.create(**service("LINEAR", **LINEAR))
    better = web.register(BETTER)
    web.update(better)
    current = web.ecs.service_deployments(SERVICE)[0]
    web.clock.advance_until(lambda: current.target.production == 80, 30 * MINUTE)
    web.update(web.register(BETTER, cpu=1))
    web.until("POST_SCALE_UP")
    web.api.stop_service_deployment(serviceDeploymentArn=web.deployment()["serviceDeploymentArn"])
    assert web.finish(600) == "ROLLBACK_SUCCESSFUL"
    web.clock.advance(MINUTE)
    assert web.running() == [better, better]


def test_a_deployment_after_a_finished_one_has_nothing_to_reconcile(web: WebService) -> None:
    web.create(**service())
    web.update(web.register(BETTER))
    assert web.finish(3600) == "SUCCESSFUL"
    web.update(web.register(BETTER, cpu=1))
    web.clock.advance(3)
    assert web.deployment()["lifecycleStage"] == "PRE_SCALE_UP"


def test_a_service_can_turn_to_blue_green_in_the_middle_of_a_rolling_update(
    web: WebService,
) -> None:
    old = web.register()
    web.create(old, desired=4, loadBalancers=BALANCED)
    web.update(web.register(BETTER))
    web.clock.advance(20)
    newest = web.register(BETTER, cpu=1)
    web.update(newest, deploymentConfiguration=service()["deploymentConfiguration"])
    web.until("RECONCILE_SERVICE")
    web.until("SCALE_UP")
    assert web.running() == [old] * 4
    assert web.finish(3600) == "SUCCESSFUL"
    assert web.running() == [newest] * 4


def test_a_service_can_turn_to_rolling_in_the_middle_of_a_shift(web: WebService) -> None:
    web.create(**service())
    web.update(web.register(BETTER))
    web.until("BAKE_TIME")
    newest = web.register(BETTER, cpu=1)
    web.update(newest, deploymentConfiguration={"strategy": "ROLLING", "bakeTimeInMinutes": 0})
    assert web.finish(600) == "SUCCESSFUL"
    assert web.running() == [newest, newest]


def test_a_task_that_cannot_bear_traffic_crashes_when_its_revision_gets_some(
    web: WebService,
) -> None:
    old = web.register()
    web.create(old, **service())
    web.ecs.faults.image("b" * 64, Crash(after=20, under_traffic=True))
    web.update(web.register(BETTER))
    web.until("PRODUCTION_TRAFFIC_SHIFT")
    web.clock.advance(19)
    assert web.stopped() == []
    assert len(web.running()) == 4
    web.clock.advance(10)
    assert [task["stopCode"] for task in web.stopped()] == ["EssentialContainerExited"] * 2
    web.clock.advance(120)
    assert len(web.stopped()) > 4
    assert web.running().count(old) == 2


def test_a_replacement_crashes_too_while_it_has_traffic(web: WebService) -> None:
    web.create(**service())
    web.ecs.faults.image("b" * 64, Crash(after=20, under_traffic=True))
    web.update(web.register(BETTER))
    web.until("BAKE_TIME")
    web.clock.advance(25)
    replacement = next(task for task in web.ecs.tasks(SERVICE) if task.last_status == "PENDING")
    web.clock.advance_until(lambda: replacement.started_at is not None, 60)
    web.clock.advance(19)
    assert replacement.live
    web.clock.advance(2)
    assert not replacement.live


@pytest.mark.parametrize("settings", [{}, {"loadBalancers": BALANCED}], ids=["alone", "balanced"])
def test_a_rolling_update_has_traffic_at_once(web: WebService, settings: dict[str, Any]) -> None:
    web.create(**settings)
    web.ecs.faults.image("b" * 64, Crash(after=3, under_traffic=True))
    web.update(web.register(BETTER))
    web.clock.advance(30)
    assert len(web.stopped()) >= 2
