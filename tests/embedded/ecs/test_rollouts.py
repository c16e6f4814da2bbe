"""Rolling deployments: a good one, event by event, and all the ways in which they fail."""

from __future__ import annotations

import itertools
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
from tests.embedded.ecs.web_service import (
    BAD,
    BALANCED,
    BETTER,
    BREAKER,
    BREAKER_ONLY,
    HEALTH_CHECK,
    SERVICE,
    WebService,
    web_service,
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


def test_a_good_rollout_of_two_tasks_takes_about_thirty_seconds(web: WebService) -> None:
    web.create()
    began = web.clock.now()
    better = web.register(BETTER)
    web.update(better)

    assert web.finish(600) == "SUCCESSFUL"
    assert 25 < (web.clock.now() - began).total_seconds() < 35
    assert web.running() == [better, better]


def test_a_good_rollout_is_told_event_by_event(web: WebService) -> None:
    web.create()
    web.update(web.register(BETTER))
    web.finish(600)

    assert web.names() == [
        "SERVICE_DEPLOYMENT_IN_PROGRESS",
        "SERVICE_STEADY_STATE",
        "SERVICE_DEPLOYMENT_COMPLETED",
    ]
    walks: dict[str, list[str]] = {}
    for detail in web.told("ECS Task State Change"):
        walks.setdefault(detail["taskArn"], []).append(detail["lastStatus"])
    assert sorted(walks.values()) == sorted([WALK[:4], WALK[:4], WALK[4:], WALK[4:]])


def test_versions_of_a_task_increase_with_every_event(web: WebService) -> None:
    web.create()
    web.update(web.register(BETTER))
    web.finish(600)
    versions: dict[str, list[int]] = {}
    for detail in web.told("ECS Task State Change"):
        versions.setdefault(detail["taskArn"], []).append(detail["version"])
    for numbers in versions.values():
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def test_a_completed_deployment_is_the_only_one_and_says_so(web: WebService) -> None:
    web.create()
    web.update(web.register(BETTER))
    web.finish(600)

    service = web.service()
    [deployment] = service["deployments"]
    assert (deployment["status"], deployment["rolloutState"]) == ("PRIMARY", "COMPLETED")
    assert deployment["rolloutStateReason"] == f"ECS deployment {deployment['id']} completed."
    assert (service["runningCount"], service["pendingCount"]) == (2, 0)
    assert "(service web) has reached a steady state." in web.messages()
    assert f"(service web) (deployment {deployment['id']}) deployment completed." in web.messages()


def test_during_a_rollout_the_old_deployment_is_active_and_drains(web: WebService) -> None:
    web.create()
    web.update(web.register(BETTER))
    web.clock.advance(5)

    primary, active = web.service()["deployments"]
    assert (primary["status"], active["status"]) == ("PRIMARY", "ACTIVE")
    assert (primary["pendingCount"], active["runningCount"]) == (2, 2)
    assert web.deployment()["status"] == "IN_PROGRESS"


def test_the_documented_timings_wait_forty_seconds_for_health() -> None:
    with web_service(timings=Timings.documented()) as web:
        web.create()
        web.update(web.register(BETTER))
        web.clock.advance(50)
        assert web.deployment()["status"] == "IN_PROGRESS"
        assert web.finish(60) == "SUCCESSFUL"


def test_a_crash_trips_the_breaker_and_rolls_back_under_the_old_id(web: WebService) -> None:
    web.create(deploymentConfiguration=BREAKER)
    before = web.service()["deployments"][0]
    web.ecs.faults.image("c" * 64, Crash(exit_code=3, logs=("boom",)))
    failed = web.update(web.register(BAD))["deployments"][0]

    assert web.finish(600) == "ROLLBACK_SUCCESSFUL"
    after = web.service()
    assert [each["id"] for each in after["deployments"]] == [before["id"]]
    assert after["taskDefinition"] == before["taskDefinition"]
    events = web.told("ECS Deployment State Change")
    assert [(each["eventName"][19:], each["deploymentId"]) for each in events] == [
        ("IN_PROGRESS", failed["id"]),
        ("FAILED", failed["id"]),
        ("IN_PROGRESS", before["id"]),
        ("COMPLETED", before["id"]),
    ]
    rollback = web.deployment()["rollback"]
    assert rollback["serviceRevisionArn"] != web.deployment()["targetServiceRevision"]["arn"]
    assert "circuit breaker" in rollback["reason"]
    crashed = web.stopped()[0]
    assert crashed["stopCode"] == "EssentialContainerExited"
    assert crashed["containers"][0]["exitCode"] == 3


def test_while_rolling_back_both_deployments_say_why(web: WebService) -> None:
    web.create(deploymentConfiguration=BREAKER)
    old = web.service()["deployments"][0]["id"]
    web.ecs.faults.image("c" * 64, Crash())
    web.update(web.register(BAD))
    current = web.ecs.service_deployments(SERVICE)[0]
    web.clock.advance_until(lambda: current.status == "ROLLBACK_IN_PROGRESS", 600)

    primary, failed = web.service()["deployments"]
    assert primary["rolloutState"] == "IN_PROGRESS"
    assert primary["rolloutStateReason"] == (
        f"ECS deployment circuit breaker: rolling back to deploymentId {old}."
    )
    assert (failed["status"], failed["rolloutState"]) == ("ACTIVE", "FAILED")
    assert failed["rolloutStateReason"] == "ECS deployment circuit breaker: tasks failed to start."
    assert web.deployment()["deploymentCircuitBreaker"] == {
        "status": "TRIGGERED",
        "failureCount": 3,
        "threshold": 3,
    }


def test_without_rollback_the_breaker_stops_and_leaves_the_old_tasks(web: WebService) -> None:
    web.create(deploymentConfiguration=BREAKER_ONLY)
    [before] = set(web.running())
    web.ecs.faults.image("c" * 64, Crash())
    web.update(web.register(BAD))

    assert web.finish(600) == "STOPPED"
    web.clock.advance(600)
    primary, active = web.service()["deployments"]
    assert (primary["rolloutState"], primary["runningCount"]) == ("FAILED", 0)
    assert active["runningCount"] == 2
    assert web.running() == [before, before]
    assert "rollback" not in web.deployment()


def test_without_a_breaker_a_crash_is_retried_for_ever(web: WebService) -> None:
    web.create()
    web.ecs.faults.image("c" * 64, Crash())
    web.update(web.register(BAD))

    assert web.finish(3600) == "IN_PROGRESS"
    primary = web.service()["deployments"][0]
    assert primary["rolloutState"] == "IN_PROGRESS"
    assert primary["failedTasks"] > 20
    assert "SERVICE_DEPLOYMENT_FAILED" not in web.names()
    assert "SERVICE_TASK_START_IMPAIRED" in web.names()


def test_a_missing_image_fails_to_start_and_rolls_back(web: WebService) -> None:
    web.create(deploymentConfiguration=BREAKER)
    web.ecs.faults.image("c" * 64, PullError("pull image manifest: not found"))
    web.update(web.register(BAD))

    assert web.finish(600) == "ROLLBACK_SUCCESSFUL"
    stopped = web.stopped()[0]
    assert stopped["stopCode"] == "TaskFailedToStart"
    assert stopped["stoppedReason"] == "CannotPullContainerError: pull image manifest: not found"
    assert "startedAt" not in stopped


def test_starts_that_fail_are_held_back_longer_and_longer(web: WebService) -> None:
    web.create(desired=1)
    web.ecs.faults.image("c" * 64, PullError())
    web.update(web.register(BAD))
    web.clock.advance(3600)
    began = [
        task.created_at.timestamp()
        for task in web.ecs.tasks(SERVICE)
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
    web: WebService, fault: Any, code: str, reason: str
) -> None:
    web.create(deploymentConfiguration=BREAKER, loadBalancers=BALANCED)
    web.ecs.faults.image("c" * 64, fault)
    web.update(web.register(BAD, healthCheck=HEALTH_CHECK))

    assert web.finish(900) == "ROLLBACK_SUCCESSFUL"
    assert (web.stopped()[0]["stopCode"], web.stopped()[0]["stoppedReason"]) == (code, reason)


def test_a_container_killed_for_memory_says_so(web: WebService) -> None:
    web.create(deploymentConfiguration=BREAKER)
    web.ecs.faults.image("c" * 64, OutOfMemory())
    web.update(web.register(BAD))
    web.finish(600)
    [container] = web.stopped()[0]["containers"]
    assert container["exitCode"] == 137
    assert container["reason"] == "OutOfMemoryError: Container killed due to memory usage"


def test_a_fault_limited_to_one_task_does_not_fail_the_deployment(web: WebService) -> None:
    web.create(deploymentConfiguration=BREAKER)
    web.ecs.faults.image("c" * 64, Crash(times=1))
    web.update(web.register(BAD))
    assert web.finish(600) == "SUCCESSFUL"
    assert web.service()["deployments"][0]["failedTasks"] == 0


def test_no_capacity_is_told_and_trips_the_breaker(web: WebService) -> None:
    web.create(deploymentConfiguration=BREAKER)
    web.ecs.faults.service(SERVICE, NoCapacity("RESOURCE:FARGATE"))
    web.update(web.register(BETTER))
    assert web.finish(600) == "ROLLBACK_SUCCESSFUL"
    failures = [
        each
        for each in web.told("ECS Service Action")
        if each["eventName"] == "SERVICE_TASK_PLACEMENT_FAILURE"
    ]
    assert len(failures) == 3
    assert failures[0]["reason"] == "RESOURCE:FARGATE"
    assert any("was unable to place a task" in each for each in web.messages())


def test_capacity_that_comes_back_lets_the_deployment_succeed(web: WebService) -> None:
    web.create()
    web.ecs.faults.service(SERVICE, NoCapacity())
    web.update(web.register(BETTER))
    web.clock.advance(120)
    web.ecs.faults.clear()
    assert web.finish(600) == "SUCCESSFUL"


def test_a_slow_start_only_takes_longer(web: WebService) -> None:
    web.create(deploymentConfiguration=BREAKER)
    web.ecs.faults.image("b" * 64, SlowStart(100))
    web.update(web.register(BETTER))
    web.clock.advance(100)
    assert web.deployment()["status"] == "IN_PROGRESS"
    assert web.finish(100) == "SUCCESSFUL"


def test_the_first_deployment_of_all_has_nothing_to_roll_back_to(web: WebService) -> None:
    web.ecs.faults.image("c" * 64, Crash())
    web.api.create_service(
        cluster="dev",
        serviceName="web",
        taskDefinition=web.register(BAD),
        desiredCount=1,
        deploymentConfiguration=BREAKER,
    )
    assert web.finish(600) == "ROLLBACK_FAILED"
    assert web.deployment()["statusReason"] == (
        "No rollback candidate was found to run the rollback."
    )
    web.clock.advance(600)
    assert web.service()["deployments"][0]["rolloutState"] == "FAILED"
    assert web.service()["runningCount"] == 0


def test_a_rollback_that_fails_too_ends_as_rollback_failed(web: WebService) -> None:
    web.create(
        deploymentConfiguration=BREAKER | {"minimumHealthyPercent": 0, "maximumPercent": 100}
    )
    web.ecs.faults.service(SERVICE, Crash())
    web.update(web.register(BAD))
    assert web.finish(900) == "ROLLBACK_FAILED"


def test_a_newer_deployment_stops_the_one_under_way(web: WebService) -> None:
    web.create(deploymentConfiguration=BREAKER)
    web.update(web.register(BETTER))
    superseded = web.ecs.service_deployments(SERVICE)[0]
    web.clock.advance(8)
    newest = web.register(BAD)
    web.update(newest)

    assert superseded.status == "STOP_REQUESTED"
    assert len(web.service()["deployments"]) == 3
    assert web.finish(600) == "SUCCESSFUL"
    assert superseded.status == "STOPPED"
    assert web.running() == [newest, newest]


def test_a_newer_deployment_ends_a_rollback_as_failed(web: WebService) -> None:
    web.create(deploymentConfiguration=BREAKER)
    web.ecs.faults.image("c" * 64, Crash())
    web.update(web.register(BAD))
    rolled = web.ecs.service_deployments(SERVICE)[0]
    web.clock.advance_until(lambda: rolled.rolling_back, 600)
    web.update(web.register(BETTER))
    assert rolled.status == "ROLLBACK_FAILED"
    assert web.finish(600) == "SUCCESSFUL"


def test_a_service_scaled_to_zero_completes_without_a_task(web: WebService) -> None:
    web.create(desired=0)
    web.update(web.register(BETTER))
    assert web.finish(60) == "SUCCESSFUL"
    assert not web.ecs.tasks(SERVICE)


@pytest.mark.parametrize("maximum", [100, 150])
def test_a_rollout_that_no_percentage_allows_says_so_and_waits(
    web: WebService, maximum: int
) -> None:
    """150 percent of one task is one task: ECS rounds the maximum down."""
    web.create(
        desired=1,
        deploymentConfiguration={"minimumHealthyPercent": 100, "maximumPercent": maximum},
    )
    web.update(web.register(BETTER))
    assert web.finish(600) == "IN_PROGRESS"
    stuck = [each for each in web.messages() if "unable to stop or start tasks" in each]
    assert len(stuck) == 1


def test_health_checks_that_fail_later_replace_the_task(web: WebService) -> None:
    web.create(web.register(healthCheck=HEALTH_CHECK))
    first, _ = web.ecs.tasks(SERVICE)
    web.ecs.fail_container_check(first.id)
    web.clock.advance(60)
    assert first.last_status == "STOPPED"
    assert web.service()["runningCount"] == 2
    assert f"(service web) (task {first.id}) failed container health checks." in web.messages()


def test_container_health_is_unknown_until_the_check_passes(web: WebService) -> None:
    web.create(web.register(healthCheck=HEALTH_CHECK))
    before = {task.health for task in web.ecs.tasks(SERVICE)}
    web.update(web.register(BETTER, healthCheck=HEALTH_CHECK))
    web.clock.advance(14)
    waiting = web.ecs.tasks(SERVICE)[-1]
    assert before == {"HEALTHY"}
    assert (waiting.last_status, waiting.health) == ("RUNNING", "UNKNOWN")


def test_a_bake_time_holds_the_end_of_the_deployment_back(web: WebService) -> None:
    web.create()
    web.update(web.register(BETTER), deploymentConfiguration={"bakeTimeInMinutes": 5})
    web.clock.advance(120)
    assert web.deployment()["lifecycleStage"] == "BAKE_TIME"
    assert web.finish(600) == "SUCCESSFUL"


@pytest.mark.parametrize(("rollback", "ends"), [(True, "ROLLBACK_SUCCESSFUL"), (False, "STOPPED")])
def test_an_alarm_fails_the_deployment_that_watches_it(
    web: WebService, *, rollback: bool, ends: str
) -> None:
    alarms = {"alarmNames": ["errors"], "enable": True, "rollback": rollback}
    web.create(deploymentConfiguration={"alarms": alarms})
    web.update(web.register(BETTER))
    web.clock.advance(10)

    assert not web.ecs.alarm(SERVICE, "another")
    assert web.ecs.alarm(SERVICE, "errors")
    assert web.deployment()["alarms"]["triggeredAlarmNames"] == ["errors"]
    assert web.finish(600) == ends
    assert "SERVICE_DEPLOYMENT_FAILED" in web.names()
    assert any("deployment failed: alarm detected." in each for each in web.messages())


def test_a_healthy_task_ends_the_evaluation_unless_told_otherwise(web: WebService) -> None:
    breaker = {"enable": True, "rollback": True, "resetOnHealthyTask": False}
    web.create(desired=4, deploymentConfiguration={"deploymentCircuitBreaker": breaker})
    web.ecs.faults.image("c" * 64, Crash(times=3))
    web.update(web.register(BAD))
    assert web.finish(600) == "ROLLBACK_SUCCESSFUL"


def test_the_failure_count_starts_anew_after_a_healthy_task(web: WebService) -> None:
    web.create(desired=4, deploymentConfiguration=BREAKER)
    web.ecs.faults.image("c" * 64, Crash(times=2))
    web.update(web.register(BAD))
    assert web.finish(600) == "SUCCESSFUL"
    assert web.deployment()["deploymentCircuitBreaker"]["failureCount"] == 0


def test_a_rollback_only_asked_for_is_stopped_by_a_newer_deployment(web: WebService) -> None:
    web.create()
    web.update(web.register(BETTER))
    asked = web.ecs.service_deployments(SERVICE)[0]
    web.clock.advance(5)
    web.api.stop_service_deployment(serviceDeploymentArn=asked.arn)
    web.update(web.register(BAD))
    assert asked.status == "STOPPED"
    assert web.finish(600) == "SUCCESSFUL"
    assert asked.status == "STOPPED"
