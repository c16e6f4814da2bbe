"""Early success criteria: a rollout that counts as successful before all its tasks run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from embedded.services.ecs import Crash, SlowStart
from tests.embedded.ecs.stage import BAD, BALANCED, BETTER, BREAKER, SERVICE, Stage, staged


def early(cleanup: str = "DEFERRED", percent: int = 50, **more: Any) -> dict[str, Any]:
    """Settings of a service of four tasks whose rollouts succeed early."""
    criteria = {
        "enable": True,
        "healthyPercent": percent,
        "sourceServiceRevisionCleanup": cleanup,
    }
    configuration = {"minimumHealthyPercent": 50, "earlySuccessCriteria": criteria}
    return {"desired": 4, "deploymentConfiguration": configuration | more}


@pytest.fixture
def stage() -> Iterator[Stage]:
    with staged() as opened:
        yield opened


def deploy(stage: Stage, *, slow: int = 2) -> tuple[str, str]:
    """Deploy an image of which the first `slow` tasks need ten minutes to start; old and new."""
    old = stage.service()["taskDefinition"]
    stage.ecs.faults.image("b" * 64, SlowStart(600, times=slow))
    stage.update(new := stage.register(BETTER))
    return old, new


def counts(stage: Stage) -> list[tuple[str, str, int]]:
    """Status, rollout state and running tasks of each deployment."""
    return [
        (each["status"], each["rolloutState"], each["runningCount"])
        for each in stage.service()["deployments"]
    ]


def test_the_deferred_way_completes_first_and_removes_the_old_tasks_afterwards(
    stage: Stage,
) -> None:
    stage.create(**early())
    old, new = deploy(stage)

    assert stage.finish(120) == "SUCCESSFUL"
    assert stage.names() == ["SERVICE_DEPLOYMENT_IN_PROGRESS", "SERVICE_DEPLOYMENT_COMPLETED"]
    assert sorted(stage.running()) == sorted([old, old, new, new])
    assert counts(stage) == [("PRIMARY", "COMPLETED", 2), ("ACTIVE", "COMPLETED", 2)]
    stage.clock.advance(20)
    assert counts(stage) == [("PRIMARY", "COMPLETED", 2)]


def test_the_blocking_way_removes_the_old_tasks_before_it_completes(stage: Stage) -> None:
    stage.create(**early("BLOCKING"))
    _, new = deploy(stage)
    current = stage.ecs.service_deployments(SERVICE)[0]
    stage.clock.advance_until(lambda: current.stage == "CLEAN_UP", 120)

    assert stage.deployment()["status"] == "IN_PROGRESS"
    assert stage.deployment()["lifecycleStage"] == "CLEAN_UP"
    assert stage.finish(60) == "SUCCESSFUL"
    assert "lifecycleStage" not in stage.deployment()
    assert counts(stage) == [("PRIMARY", "COMPLETED", 2)]
    assert stage.running() == [new, new]


@pytest.mark.parametrize("cleanup", ["BLOCKING", "DEFERRED"])
def test_the_rest_of_the_tasks_follows_in_the_background(stage: Stage, cleanup: str) -> None:
    stage.create(**early(cleanup))
    _, new = deploy(stage)
    stage.finish(120)
    assert stage.service()["pendingCount"] == 2

    stage.clock.advance(900)
    assert stage.running() == [new] * 4
    assert stage.names()[1:] == ["SERVICE_DEPLOYMENT_COMPLETED", "SERVICE_STEADY_STATE"]
    assert stage.deployment()["status"] == "SUCCESSFUL"


@pytest.mark.parametrize("cleanup", ["BLOCKING", "DEFERRED"])
def test_at_no_time_run_fewer_tasks_than_the_minimum(stage: Stage, cleanup: str) -> None:
    stage.create(**early(cleanup, maximumPercent=100))
    _, new = deploy(stage)
    for _ in range(900):
        stage.clock.advance(1)
        assert len([task for task in stage.ecs.tasks(SERVICE) if task.live and task.healthy]) >= 2
    assert stage.running() == [new] * 4


@pytest.mark.parametrize(("healthy", "status"), [(1, "IN_PROGRESS"), (2, "SUCCESSFUL")])
def test_the_healthy_tasks_that_complete_a_deployment_are_rounded_up(
    stage: Stage, healthy: int, status: str
) -> None:
    stage.create(**early() | {"desired": 3})
    deploy(stage, slow=3 - healthy)
    assert stage.finish(120) == status


def test_without_enable_a_deployment_waits_for_all_its_tasks(stage: Stage) -> None:
    stage.create(desired=4, deploymentConfiguration={"earlySuccessCriteria": {"enable": False}})
    deploy(stage)
    assert stage.finish(300) == "IN_PROGRESS"
    assert stage.finish(900) == "SUCCESSFUL"


def test_the_bake_time_elapses_before_an_early_success(stage: Stage) -> None:
    stage.create(**early("BLOCKING", bakeTimeInMinutes=3))
    old, _ = deploy(stage)
    stage.clock.advance(60)
    assert stage.deployment()["lifecycleStage"] == "BAKE_TIME"
    assert old in stage.running()
    assert stage.finish(110) == "IN_PROGRESS"
    assert stage.finish(60) == "SUCCESSFUL"
    assert old not in stage.running()


def test_an_alarm_in_the_bake_time_rolls_back_and_one_after_it_does_nothing(
    stage: Stage,
) -> None:
    alarms = {"alarmNames": ["errors"], "enable": True, "rollback": True}
    stage.create(**early(bakeTimeInMinutes=3, alarms=alarms))
    old, _ = deploy(stage)
    stage.clock.advance(60)
    assert stage.ecs.alarm(SERVICE, "errors")
    assert stage.finish(600) == "ROLLBACK_SUCCESSFUL"
    assert stage.running() == [old] * 4

    stage.update(stage.register(BETTER, cpu=1))
    assert stage.finish(600) == "SUCCESSFUL"
    assert not stage.ecs.alarm(SERVICE, "errors")


def test_tasks_that_crash_after_an_early_success_trip_no_breaker(stage: Stage) -> None:
    breaker = {"enable": True, "rollback": True, "resetOnHealthyTask": False}
    stage.create(**early(deploymentCircuitBreaker=breaker))
    _, new = deploy(stage)
    stage.finish(120)
    stage.ecs.faults.image("b" * 64, Crash())
    stage.clock.advance(1800)

    assert stage.deployment()["status"] == "SUCCESSFUL"
    assert "SERVICE_DEPLOYMENT_FAILED" not in stage.names()
    assert set(stage.running()) == {new}


def test_a_bad_image_that_never_gets_healthy_rolls_back_all_the_same(stage: Stage) -> None:
    stage.create(**early(**BREAKER))
    old = stage.service()["taskDefinition"]
    stage.ecs.faults.image("c" * 64, Crash())
    stage.update(stage.register(BAD))
    assert stage.finish(600) == "ROLLBACK_SUCCESSFUL"
    stage.clock.advance(60)
    assert stage.running() == [old] * 4


def test_a_deployment_that_begins_while_old_tasks_drain_goes_back_to_the_early_one(
    stage: Stage,
) -> None:
    stage.create(**early(**BREAKER), loadBalancers=BALANCED)
    _, new = deploy(stage)
    stage.finish(120)
    stage.clock.advance(2)
    stage.ecs.faults.image("c" * 64, Crash())
    stage.update(stage.register(BAD))

    assert [each["status"] for each in stage.service()["deployments"]] == [
        "PRIMARY",
        "ACTIVE",
        "ACTIVE",
    ]
    assert [each.status for each in stage.ecs.service_deployments(SERVICE)[:2]] == [
        "PENDING",
        "SUCCESSFUL",
    ]
    assert stage.finish(1800) == "ROLLBACK_SUCCESSFUL"
    assert stage.running() == [new] * 4


@pytest.mark.parametrize("left_out", ["healthyPercent", "sourceServiceRevisionCleanup"])
def test_criteria_that_lack_a_member_are_refused(stage: Stage, left_out: str) -> None:
    stage.create()
    configuration = early()["deploymentConfiguration"]
    del configuration["earlySuccessCriteria"][left_out]
    with pytest.raises(stage.api.exceptions.InvalidParameterException, match="requires"):
        stage.update(deploymentConfiguration=configuration)
    assert "earlySuccessCriteria" not in stage.service()["deploymentConfiguration"]


@pytest.mark.parametrize(
    ("cleanup", "percent", "minimum"),
    [("DEFERRED", 49, 50), ("DEFERRED", 101, 50), ("LATER", 50, 50)],
)
def test_criteria_out_of_their_range_are_refused(
    stage: Stage, cleanup: str, percent: int, minimum: int
) -> None:
    settings = early(cleanup, percent, minimumHealthyPercent=minimum)
    with pytest.raises(ClientError, match="InvalidParameterException"):
        stage.create(**settings)


def test_the_minimum_cannot_be_raised_above_the_criteria(stage: Stage) -> None:
    stage.create(**early())
    with pytest.raises(stage.api.exceptions.InvalidParameterException, match="minimumHealthy"):
        stage.update(deploymentConfiguration={"minimumHealthyPercent": 75})


def test_the_criteria_are_told_with_the_service_and_with_its_deployment(stage: Stage) -> None:
    settings = early("BLOCKING", 75)
    stage.create(**settings)
    wanted = settings["deploymentConfiguration"]["earlySuccessCriteria"]
    for told in (stage.service(), stage.deployment()):
        assert told["deploymentConfiguration"]["earlySuccessCriteria"] == wanted


def test_zero_percent_completes_before_any_task_runs(stage: Stage) -> None:
    stage.create(**early(percent=0, minimumHealthyPercent=0))
    stage.ecs.faults.image("b" * 64, Crash())
    stage.update(stage.register(BETTER))
    assert stage.finish(10) == "SUCCESSFUL"
