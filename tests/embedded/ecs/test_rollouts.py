"""Rolling deployments: the good one event by event, and every way they go wrong."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import pytest

from embedded.services.ecs import (
    Crash,
    NoCapacity,
    OutOfMemory,
    PullError,
    SlowStart,
    StartError,
    Timings,
    UnhealthyContainer,
    UnhealthyTarget,
)
from tests.embedded.ecs.stage import (
    BAD,
    BALANCED,
    BETTER,
    BREAKER,
    BREAKER_ONLY,
    HEALTH_CHECK,
    SERVICE,
    Stage,
    staged,
)

WALK = [
    "PROVISIONING",
    "PENDING",
    "ACTIVATING",
    "RUNNING",
    "DEACTIVATING",
    "STOPPING",
    "DEPROVISIONING",
    "STOPPED",
]


@pytest.fixture
def stage() -> Iterator[Stage]:
    with staged() as opened:
        yield opened


def test_a_good_rollout_of_two_tasks_takes_about_thirty_seconds(stage: Stage) -> None:
    stage.create()
    began = stage.clock.now()
    better = stage.register(BETTER)
    stage.update(better)

    assert stage.finish(600) == "SUCCESSFUL"
    assert 25 < (stage.clock.now() - began).total_seconds() < 35
    assert stage.running() == [better, better]


def test_a_good_rollout_is_told_event_by_event(stage: Stage) -> None:
    stage.create()
    stage.update(stage.register(BETTER))
    stage.finish(600)

    assert stage.names() == [
        "SERVICE_DEPLOYMENT_IN_PROGRESS",
        "SERVICE_STEADY_STATE",
        "SERVICE_DEPLOYMENT_COMPLETED",
    ]
    walks: dict[str, list[str]] = {}
    for detail in stage.told("ECS Task State Change"):
        walks.setdefault(detail["taskArn"], []).append(detail["lastStatus"])
    assert sorted(walks.values()) == sorted([WALK[:4], WALK[:4], WALK[4:], WALK[4:]])


def test_versions_of_a_task_increase_with_every_event(stage: Stage) -> None:
    stage.create()
    stage.update(stage.register(BETTER))
    stage.finish(600)
    versions: dict[str, list[int]] = {}
    for detail in stage.told("ECS Task State Change"):
        versions.setdefault(detail["taskArn"], []).append(detail["version"])
    for seen in versions.values():
        assert seen == list(range(seen[0], seen[0] + len(seen)))


def test_a_completed_deployment_is_the_only_one_and_says_so(stage: Stage) -> None:
    stage.create()
    stage.update(stage.register(BETTER))
    stage.finish(600)

    service = stage.service()
    [deployment] = service["deployments"]
    assert (deployment["status"], deployment["rolloutState"]) == ("PRIMARY", "COMPLETED")
    assert deployment["rolloutStateReason"] == f"ECS deployment {deployment['id']} completed."
    assert (service["runningCount"], service["pendingCount"]) == (2, 0)
    assert "(service web) has reached a steady state." in stage.messages()
    assert (
        f"(service web) (deployment {deployment['id']}) deployment completed." in stage.messages()
    )


def test_during_a_rollout_the_old_deployment_is_active_and_drains(stage: Stage) -> None:
    stage.create()
    stage.update(stage.register(BETTER))
    stage.clock.advance(5)

    primary, active = stage.service()["deployments"]
    assert (primary["status"], active["status"]) == ("PRIMARY", "ACTIVE")
    assert (primary["pendingCount"], active["runningCount"]) == (2, 2)
    assert stage.deployment()["status"] == "IN_PROGRESS"


def test_the_documented_timings_wait_forty_seconds_for_health() -> None:
    with staged(timings=Timings.documented()) as stage:
        stage.create()
        stage.update(stage.register(BETTER))
        stage.clock.advance(50)
        assert stage.deployment()["status"] == "IN_PROGRESS"
        assert stage.finish(60) == "SUCCESSFUL"


def test_a_crash_trips_the_breaker_and_rolls_back_under_the_old_id(stage: Stage) -> None:
    stage.create(deploymentConfiguration=BREAKER)
    before = stage.service()["deployments"][0]
    stage.ecs.faults.image("c" * 64, Crash(exit_code=3, logs=("boom",)))
    failed = stage.update(stage.register(BAD))["deployments"][0]

    assert stage.finish(600) == "ROLLBACK_SUCCESSFUL"
    after = stage.service()
    assert [each["id"] for each in after["deployments"]] == [before["id"]]
    assert after["taskDefinition"] == before["taskDefinition"]
    events = stage.told("ECS Deployment State Change")
    assert [(each["eventName"][19:], each["deploymentId"]) for each in events] == [
        ("IN_PROGRESS", failed["id"]),
        ("FAILED", failed["id"]),
        ("IN_PROGRESS", before["id"]),
        ("COMPLETED", before["id"]),
    ]
    rollback = stage.deployment()["rollback"]
    assert rollback["serviceRevisionArn"] != stage.deployment()["targetServiceRevision"]["arn"]
    assert "circuit breaker" in rollback["reason"]
    crashed = stage.stopped()[0]
    assert crashed["stopCode"] == "EssentialContainerExited"
    assert crashed["containers"][0]["exitCode"] == 3


def test_while_rolling_back_both_deployments_say_why(stage: Stage) -> None:
    stage.create(deploymentConfiguration=BREAKER)
    old = stage.service()["deployments"][0]["id"]
    stage.ecs.faults.image("c" * 64, Crash())
    stage.update(stage.register(BAD))
    current = stage.ecs.service_deployments(SERVICE)[0]
    stage.clock.advance_until(lambda: current.status == "ROLLBACK_IN_PROGRESS", 600)

    primary, failed = stage.service()["deployments"]
    assert primary["rolloutState"] == "IN_PROGRESS"
    assert primary["rolloutStateReason"] == (
        f"ECS deployment circuit breaker: rolling back to deploymentId {old}."
    )
    assert (failed["status"], failed["rolloutState"]) == ("ACTIVE", "FAILED")
    assert failed["rolloutStateReason"] == "ECS deployment circuit breaker: tasks failed to start."
    assert stage.deployment()["deploymentCircuitBreaker"] == {
        "status": "TRIGGERED",
        "failureCount": 3,
        "threshold": 3,
    }


def test_without_rollback_the_breaker_stops_and_leaves_the_old_tasks(stage: Stage) -> None:
    stage.create(deploymentConfiguration=BREAKER_ONLY)
    [before] = set(stage.running())
    stage.ecs.faults.image("c" * 64, Crash())
    stage.update(stage.register(BAD))

    assert stage.finish(600) == "STOPPED"
    stage.clock.advance(600)
    primary, active = stage.service()["deployments"]
    assert (primary["rolloutState"], primary["runningCount"]) == ("FAILED", 0)
    assert active["runningCount"] == 2
    assert stage.running() == [before, before]
    assert "rollback" not in stage.deployment()


def test_without_a_breaker_a_crash_is_retried_for_ever(stage: Stage) -> None:
    stage.create()
    stage.ecs.faults.image("c" * 64, Crash())
    stage.update(stage.register(BAD))

    assert stage.finish(3600) == "IN_PROGRESS"
    primary = stage.service()["deployments"][0]
    assert primary["rolloutState"] == "IN_PROGRESS"
    assert primary["failedTasks"] > 20
    assert "SERVICE_DEPLOYMENT_FAILED" not in stage.names()
    assert "SERVICE_TASK_START_IMPAIRED" in stage.names()


def test_a_missing_image_fails_to_start_and_rolls_back(stage: Stage) -> None:
    stage.create(deploymentConfiguration=BREAKER)
    stage.ecs.faults.image("c" * 64, PullError("pull image manifest: not found"))
    stage.update(stage.register(BAD))

    assert stage.finish(600) == "ROLLBACK_SUCCESSFUL"
    stopped = stage.stopped()[0]
    assert stopped["stopCode"] == "TaskFailedToStart"
    assert stopped["stoppedReason"] == "CannotPullContainerError: pull image manifest: not found"
    assert "startedAt" not in stopped


def test_starts_that_fail_are_held_back_longer_and_longer(stage: Stage) -> None:
    stage.create(desired=1)
    stage.ecs.faults.image("c" * 64, PullError())
    stage.update(stage.register(BAD))
    stage.clock.advance(3600)
    began = [
        task.created_at.timestamp()
        for task in stage.ecs.tasks(SERVICE)
        if task.stop_code == "TaskFailedToStart"
    ]
    gaps = [after - before for before, after in itertools.pairwise(began)]
    assert len(gaps) > 5
    assert gaps == sorted(gaps)


@pytest.mark.parametrize(
    ("fault", "code", "reason"),
    [
        (OutOfMemory(), "EssentialContainerExited", "Essential container in task exited"),
        (
            StartError("ResourceInitializationError: unable to pull secrets"),
            "TaskFailedToStart",
            "ResourceInitializationError: unable to pull secrets",
        ),
        (
            UnhealthyContainer(),
            "ServiceSchedulerInitiated",
            "Task failed container health checks",
        ),
        (
            UnhealthyTarget(),
            "ServiceSchedulerInitiated",
            "Task failed ELB health checks in (target-group arn:tg/web)",
        ),
    ],
    ids=lambda value: type(value).__name__,
)
def test_every_fault_of_an_image_ends_in_a_rollback(
    stage: Stage, fault: Any, code: str, reason: str
) -> None:
    stage.create(deploymentConfiguration=BREAKER, loadBalancers=BALANCED)
    stage.ecs.faults.image("c" * 64, fault)
    stage.update(stage.register(BAD, healthCheck=HEALTH_CHECK))

    assert stage.finish(900) == "ROLLBACK_SUCCESSFUL"
    assert (stage.stopped()[0]["stopCode"], stage.stopped()[0]["stoppedReason"]) == (code, reason)


def test_a_container_killed_for_memory_says_so(stage: Stage) -> None:
    stage.create(deploymentConfiguration=BREAKER)
    stage.ecs.faults.image("c" * 64, OutOfMemory())
    stage.update(stage.register(BAD))
    stage.finish(600)
    [container] = stage.stopped()[0]["containers"]
    assert container["exitCode"] == 137
    assert container["reason"] == "OutOfMemoryError: Container killed due to memory usage"


def test_a_fault_limited_to_one_task_does_not_fail_the_deployment(stage: Stage) -> None:
    stage.create(deploymentConfiguration=BREAKER)
    stage.ecs.faults.image("c" * 64, Crash(times=1))
    stage.update(stage.register(BAD))
    assert stage.finish(600) == "SUCCESSFUL"
    assert stage.service()["deployments"][0]["failedTasks"] == 0


def test_no_capacity_is_told_and_trips_the_breaker(stage: Stage) -> None:
    stage.create(deploymentConfiguration=BREAKER)
    stage.ecs.faults.service(SERVICE, NoCapacity("RESOURCE:FARGATE"))
    stage.update(stage.register(BETTER))
    assert stage.finish(600) == "ROLLBACK_SUCCESSFUL"
    failures = [
        each
        for each in stage.told("ECS Service Action")
        if each["eventName"] == "SERVICE_TASK_PLACEMENT_FAILURE"
    ]
    assert len(failures) == 3
    assert failures[0]["reason"] == "RESOURCE:FARGATE"
    assert any("was unable to place a task" in each for each in stage.messages())


def test_capacity_that_comes_back_lets_the_deployment_succeed(stage: Stage) -> None:
    stage.create()
    stage.ecs.faults.service(SERVICE, NoCapacity())
    stage.update(stage.register(BETTER))
    stage.clock.advance(120)
    stage.ecs.faults.clear()
    assert stage.finish(600) == "SUCCESSFUL"


def test_a_slow_start_only_takes_longer(stage: Stage) -> None:
    stage.create(deploymentConfiguration=BREAKER)
    stage.ecs.faults.image("b" * 64, SlowStart(100))
    stage.update(stage.register(BETTER))
    stage.clock.advance(100)
    assert stage.deployment()["status"] == "IN_PROGRESS"
    assert stage.finish(100) == "SUCCESSFUL"


def test_the_first_deployment_of_all_has_nothing_to_roll_back_to(stage: Stage) -> None:
    stage.ecs.faults.image("c" * 64, Crash())
    stage.api.create_service(
        cluster="dev",
        serviceName="web",
        taskDefinition=stage.register(BAD),
        desiredCount=1,
        deploymentConfiguration=BREAKER,
    )
    assert stage.finish(600) == "ROLLBACK_FAILED"
    assert stage.deployment()["statusReason"] == (
        "No rollback candidate was found to run the rollback."
    )
    stage.clock.advance(600)
    assert stage.service()["deployments"][0]["rolloutState"] == "FAILED"
    assert stage.service()["runningCount"] == 0


def test_a_rollback_that_fails_too_ends_as_rollback_failed(stage: Stage) -> None:
    stage.create(
        deploymentConfiguration=BREAKER | {"minimumHealthyPercent": 0, "maximumPercent": 100}
    )
    stage.ecs.faults.service(SERVICE, Crash())
    stage.update(stage.register(BAD))
    assert stage.finish(900) == "ROLLBACK_FAILED"


def test_a_newer_deployment_stops_the_one_under_way(stage: Stage) -> None:
    stage.create(deploymentConfiguration=BREAKER)
    stage.update(stage.register(BETTER))
    superseded = stage.ecs.service_deployments(SERVICE)[0]
    stage.clock.advance(8)
    newest = stage.register(BAD)
    stage.update(newest)

    assert superseded.status == "STOP_REQUESTED"
    assert len(stage.service()["deployments"]) == 3
    assert stage.finish(600) == "SUCCESSFUL"
    assert superseded.status == "STOPPED"
    assert stage.running() == [newest, newest]


def test_a_newer_deployment_ends_a_rollback_as_failed(stage: Stage) -> None:
    stage.create(deploymentConfiguration=BREAKER)
    stage.ecs.faults.image("c" * 64, Crash())
    stage.update(stage.register(BAD))
    rolled = stage.ecs.service_deployments(SERVICE)[0]
    stage.clock.advance_until(lambda: rolled.rolling_back, 600)
    stage.update(stage.register(BETTER))
    assert rolled.status == "ROLLBACK_FAILED"
    assert stage.finish(600) == "SUCCESSFUL"


def test_a_service_scaled_to_zero_completes_without_a_task(stage: Stage) -> None:
    stage.create(desired=0)
    stage.update(stage.register(BETTER))
    assert stage.finish(60) == "SUCCESSFUL"
    assert not stage.ecs.tasks(SERVICE)


@pytest.mark.parametrize("maximum", [100, 150])
def test_a_rollout_that_no_percentage_allows_says_so_and_waits(stage: Stage, maximum: int) -> None:
    """150 percent of one task are one: ECS rounds the maximum down."""
    stage.create(
        desired=1,
        deploymentConfiguration={"minimumHealthyPercent": 100, "maximumPercent": maximum},
    )
    stage.update(stage.register(BETTER))
    assert stage.finish(600) == "IN_PROGRESS"
    stuck = [each for each in stage.messages() if "unable to stop or start tasks" in each]
    assert len(stuck) == 1


def test_health_checks_that_fail_later_replace_the_task(stage: Stage) -> None:
    stage.create(stage.register(healthCheck=HEALTH_CHECK))
    first, _ = stage.ecs.tasks(SERVICE)
    stage.ecs.fail_container_check(first.id)
    stage.clock.advance(60)
    assert first.last_status == "STOPPED"
    assert stage.service()["runningCount"] == 2
    assert f"(service web) (task {first.id}) failed container health checks." in stage.messages()


def test_container_health_is_unknown_until_the_check_passes(stage: Stage) -> None:
    stage.create(stage.register(healthCheck=HEALTH_CHECK))
    seen = {task.health for task in stage.ecs.tasks(SERVICE)}
    stage.update(stage.register(BETTER, healthCheck=HEALTH_CHECK))
    stage.clock.advance(14)
    waiting = stage.ecs.tasks(SERVICE)[-1]
    assert seen == {"HEALTHY"}
    assert (waiting.last_status, waiting.health) == ("RUNNING", "UNKNOWN")


def test_a_bake_time_holds_the_end_of_the_deployment_back(stage: Stage) -> None:
    stage.create()
    stage.update(stage.register(BETTER), deploymentConfiguration={"bakeTimeInMinutes": 5})
    stage.clock.advance(120)
    assert stage.deployment()["lifecycleStage"] == "BAKE_TIME"
    assert stage.finish(600) == "SUCCESSFUL"


@pytest.mark.parametrize(("rollback", "ends"), [(True, "ROLLBACK_SUCCESSFUL"), (False, "STOPPED")])
def test_an_alarm_fails_the_deployment_that_watches_it(
    stage: Stage, *, rollback: bool, ends: str
) -> None:
    alarms = {"alarmNames": ["errors"], "enable": True, "rollback": rollback}
    stage.create(deploymentConfiguration={"alarms": alarms})
    stage.update(stage.register(BETTER))
    stage.clock.advance(10)

    assert not stage.ecs.alarm(SERVICE, "another")
    assert stage.ecs.alarm(SERVICE, "errors")
    assert stage.deployment()["alarms"]["triggeredAlarmNames"] == ["errors"]
    assert stage.finish(600) == ends
    assert "SERVICE_DEPLOYMENT_FAILED" in stage.names()
    assert any("deployment failed: alarm detected." in each for each in stage.messages())


def test_a_healthy_task_ends_the_evaluation_unless_told_otherwise(stage: Stage) -> None:
    breaker = {"enable": True, "rollback": True, "resetOnHealthyTask": False}
    stage.create(desired=4, deploymentConfiguration={"deploymentCircuitBreaker": breaker})
    stage.ecs.faults.image("c" * 64, Crash(times=3))
    stage.update(stage.register(BAD))
    assert stage.finish(600) == "ROLLBACK_SUCCESSFUL"


def test_the_failure_count_starts_anew_after_a_healthy_task(stage: Stage) -> None:
    stage.create(desired=4, deploymentConfiguration=BREAKER)
    stage.ecs.faults.image("c" * 64, Crash(times=2))
    stage.update(stage.register(BAD))
    assert stage.finish(600) == "SUCCESSFUL"
    assert stage.deployment()["deploymentCircuitBreaker"]["failureCount"] == 0


def test_a_rollback_only_asked_for_is_stopped_by_a_newer_deployment(stage: Stage) -> None:
    stage.create()
    stage.update(stage.register(BETTER))
    asked = stage.ecs.service_deployments(SERVICE)[0]
    stage.clock.advance(5)
    stage.api.stop_service_deployment(serviceDeploymentArn=asked.arn)
    stage.update(stage.register(BAD))
    assert asked.status == "STOPPED"
    assert stage.finish(600) == "SUCCESSFUL"
    assert asked.status == "STOPPED"
