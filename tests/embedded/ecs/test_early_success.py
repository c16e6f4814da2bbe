"""Early success criteria: a rollout that counts as successful before all its tasks run."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from embedded.services.ecs import Crash, SlowStart
from tests.embedded.ecs.web_service import (
    BAD,
    BALANCED,
    BETTER,
    BREAKER,
    SERVICE,
    WebService,
)


def early(cleanup: str = "DEFERRED", percent: int = 50, **more: Any) -> dict[str, Any]:
    """The settings of a service with four tasks whose rollouts succeed early."""
    criteria = {
        "enable": True,
        "healthyPercent": percent,
        "sourceServiceRevisionCleanup": cleanup,
    }
    configuration = {"minimumHealthyPercent": 50, "earlySuccessCriteria": criteria}
    return {"desired": 4, "deploymentConfiguration": configuration | more}


def deploy(web: WebService, *, slow: int = 2) -> tuple[str, str]:
    """Deploy an image whose first `slow` tasks take ten minutes to start; both revisions."""
    old = web.service()["taskDefinition"]
    web.ecs.faults.image("b" * 64, SlowStart(600, times=slow))
    web.update(new := web.register(BETTER))
    return old, new


def counts(web: WebService) -> list[tuple[str, str, int]]:
    """The status, the rollout state and the running tasks of each deployment."""
    return [
        (each["status"], each["rolloutState"], each["runningCount"])
        for each in web.service()["deployments"]
    ]


def test_the_deferred_way_completes_first_and_removes_the_old_tasks_afterwards(
    web: WebService,
) -> None:
    web.create(**early())
    old, new = deploy(web)

    assert web.finish(120) == "SUCCESSFUL"
    assert web.names() == ["SERVICE_DEPLOYMENT_IN_PROGRESS", "SERVICE_DEPLOYMENT_COMPLETED"]
    assert sorted(web.running()) == sorted([old, old, new, new])
    assert counts(web) == [("PRIMARY", "COMPLETED", 2), ("ACTIVE", "COMPLETED", 2)]
    web.clock.advance(20)
    assert counts(web) == [("PRIMARY", "COMPLETED", 2)]


def test_the_blocking_way_removes_the_old_tasks_before_it_completes(web: WebService) -> None:
    web.create(**early("BLOCKING"))
    _, new = deploy(web)
    current = web.ecs.service_deployments(SERVICE)[0]
    web.clock.advance_until(lambda: current.stage == "CLEAN_UP", 120)

    assert web.deployment()["status"] == "IN_PROGRESS"
    assert web.deployment()["lifecycleStage"] == "CLEAN_UP"
    assert web.finish(60) == "SUCCESSFUL"
    assert "lifecycleStage" not in web.deployment()
    assert counts(web) == [("PRIMARY", "COMPLETED", 2)]
    assert web.running() == [new, new]


@pytest.mark.parametrize("cleanup", ["BLOCKING", "DEFERRED"])
def test_the_rest_of_the_tasks_follows_in_the_background(web: WebService, cleanup: str) -> None:
    web.create(**early(cleanup))
    _, new = deploy(web)
    web.finish(120)
    assert web.service()["pendingCount"] == 2

    web.clock.advance(900)
    assert web.running() == [new] * 4
    assert web.names()[1:] == ["SERVICE_DEPLOYMENT_COMPLETED", "SERVICE_STEADY_STATE"]
    assert web.deployment()["status"] == "SUCCESSFUL"


@pytest.mark.parametrize("cleanup", ["BLOCKING", "DEFERRED"])
def test_at_no_time_run_fewer_tasks_than_the_minimum(web: WebService, cleanup: str) -> None:
    web.create(**early(cleanup, maximumPercent=100))
    _, new = deploy(web)
    for _ in range(900):
        web.clock.advance(1)
        assert len([task for task in web.ecs.tasks(SERVICE) if task.live and task.healthy]) >= 2
    assert web.running() == [new] * 4


@pytest.mark.parametrize(("healthy", "status"), [(1, "IN_PROGRESS"), (2, "SUCCESSFUL")])
def test_the_healthy_tasks_that_complete_a_deployment_are_rounded_up(
    web: WebService, healthy: int, status: str
) -> None:
    web.create(**early() | {"desired": 3})
    deploy(web, slow=3 - healthy)
    assert web.finish(120) == status


def test_without_enable_a_deployment_waits_for_all_its_tasks(web: WebService) -> None:
    web.create(desired=4, deploymentConfiguration={"earlySuccessCriteria": {"enable": False}})
    deploy(web)
    assert web.finish(300) == "IN_PROGRESS"
    assert web.finish(900) == "SUCCESSFUL"


def test_the_bake_time_elapses_before_an_early_success(web: WebService) -> None:
    web.create(**early("BLOCKING", bakeTimeInMinutes=3))
    old, _ = deploy(web)
    web.clock.advance(60)
    assert web.deployment()["lifecycleStage"] == "BAKE_TIME"
    assert old in web.running()
    assert web.finish(110) == "IN_PROGRESS"
    assert web.finish(60) == "SUCCESSFUL"
    assert old not in web.running()


def test_an_alarm_in_the_bake_time_rolls_back_and_one_after_it_does_nothing(
    web: WebService,
) -> None:
    alarms = {"alarmNames": ["errors"], "enable": True, "rollback": True}
    web.create(**early(bakeTimeInMinutes=3, alarms=alarms))
    old, _ = deploy(web)
    web.clock.advance(60)
    assert web.ecs.alarm(SERVICE, "errors")
    assert web.finish(600) == "ROLLBACK_SUCCESSFUL"
    assert web.running() == [old] * 4

    web.update(web.register(BETTER, cpu=1))
    assert web.finish(600) == "SUCCESSFUL"
    assert not web.ecs.alarm(SERVICE, "errors")


def test_tasks_that_crash_after_an_early_success_trip_no_breaker(web: WebService) -> None:
    breaker = {"enable": True, "rollback": True, "resetOnHealthyTask": False}
    web.create(**early(deploymentCircuitBreaker=breaker))
    _, new = deploy(web)
    web.finish(120)
    web.ecs.faults.image("b" * 64, Crash())
    web.clock.advance(1800)

    assert web.deployment()["status"] == "SUCCESSFUL"
    assert "SERVICE_DEPLOYMENT_FAILED" not in web.names()
    assert set(web.running()) == {new}


def test_a_bad_image_that_never_gets_healthy_rolls_back_all_the_same(web: WebService) -> None:
    web.create(**early(**BREAKER))
    old = web.service()["taskDefinition"]
    web.ecs.faults.image("c" * 64, Crash())
    web.update(web.register(BAD))
    assert web.finish(600) == "ROLLBACK_SUCCESSFUL"
    web.clock.advance(60)
    assert web.running() == [old] * 4


def test_a_deployment_that_begins_while_old_tasks_drain_goes_back_to_the_early_one(
    web: WebService,
) -> None:
    web.create(**early(**BREAKER), loadBalancers=BALANCED)
    _, new = deploy(web)
    web.finish(120)
    web.clock.advance(2)
    web.ecs.faults.image("c" * 64, Crash())
    web.update(web.register(BAD))

    assert [each["status"] for each in web.service()["deployments"]] == [
        "PRIMARY",
        "ACTIVE",
        "ACTIVE",
    ]
    assert [each.status for each in web.ecs.service_deployments(SERVICE)[:2]] == [
        "PENDING",
        "SUCCESSFUL",
    ]
    assert web.finish(1800) == "ROLLBACK_SUCCESSFUL"
    assert web.running() == [new] * 4


@pytest.mark.parametrize("left_out", ["healthyPercent", "sourceServiceRevisionCleanup"])
def test_criteria_that_lack_a_member_are_refused(web: WebService, left_out: str) -> None:
    web.create()
    configuration = early()["deploymentConfiguration"]
    del configuration["earlySuccessCriteria"][left_out]
    with pytest.raises(web.api.exceptions.InvalidParameterException, match="requires"):
        web.update(deploymentConfiguration=configuration)
    assert "earlySuccessCriteria" not in web.service()["deploymentConfiguration"]


@pytest.mark.parametrize(
    ("cleanup", "percent", "minimum"),
    [("DEFERRED", 49, 50), ("DEFERRED", 101, 50), ("LATER", 50, 50)],
)
def test_criteria_out_of_their_range_are_refused(
    web: WebService, cleanup: str, percent: int, minimum: int
) -> None:
    settings = early(cleanup, percent, minimumHealthyPercent=minimum)
    with pytest.raises(ClientError, match="InvalidParameterException"):
        web.create(**settings)


def test_the_minimum_cannot_be_raised_above_the_criteria(web: WebService) -> None:
    web.create(**early())
    with pytest.raises(web.api.exceptions.InvalidParameterException, match="minimumHealthy"):
        web.update(deploymentConfiguration={"minimumHealthyPercent": 75})


def test_the_criteria_are_told_with_the_service_and_with_its_deployment(web: WebService) -> None:
    settings = early("BLOCKING", 75)
    web.create(**settings)
    wanted = settings["deploymentConfiguration"]["earlySuccessCriteria"]
    for answer in (web.service(), web.deployment()):
        assert answer["deploymentConfiguration"]["earlySuccessCriteria"] == wanted


def test_zero_percent_completes_before_any_task_runs(web: WebService) -> None:
    web.create(**early(percent=0, minimumHealthyPercent=0))
    web.ecs.faults.image("b" * 64, Crash())
    web.update(web.register(BETTER))
    assert web.finish(10) == "SUCCESSFUL"
