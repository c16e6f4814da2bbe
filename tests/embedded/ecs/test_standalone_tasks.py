"""The lives of standalone tasks: their states, how their containers end, and their events."""

from __future__ import annotations

from typing import Any

import pytest

from embedded.services.ecs import (
    Crash,
    Exits,
    HostLost,
    IgnoresSigterm,
    OutOfMemory,
    PullError,
    SlowStart,
    StartError,
    Timings,
    UnhealthyContainer,
)
from tests.embedded.ecs.standalone import MIGRATE, command, described, run, started, until
from tests.embedded.ecs.web_service import (
    BAD,
    BREAKER,
    GOOD,
    HEALTH_CHECK,
    WebService,
    client,
)

SIDECAR = "public.ecr.aws/proxy:1"


def paired(web: WebService, *, essential: bool) -> str:
    """A revision with a second container, whose command the tests override."""
    containers = [
        {"name": "proxy", "image": SIDECAR, "essential": True},
        {"name": "web", "image": GOOD, "essential": essential},
    ]
    answer = web.api.register_task_definition(
        family="web",
        networkMode="awsvpc",
        requiresCompatibilities=["FARGATE"],
        cpu="256",
        memory="512",
        containerDefinitions=containers,
    )
    return str(answer["taskDefinition"]["taskDefinitionArn"])


def exits(task: dict[str, Any]) -> dict[str, int | None]:
    return {each["name"]: each.get("exitCode") for each in task["containers"]}


def stopped(web: WebService, definition: str, **parameters: Any) -> dict[str, Any]:
    return until(web, started(web, definition, **parameters), "STOPPED")


def test_a_command_ends_with_exit_code_0_and_its_task_with_it(web: WebService) -> None:
    arn = started(web, web.register())
    task = until(web, arn, "RUNNING")
    web.clock.advance(Timings().command - 1)
    assert described(web, arn)["lastStatus"] == "RUNNING"
    task = until(web, arn, "STOPPED")
    assert (task["stopCode"], task["desiredStatus"]) == ("EssentialContainerExited", "STOPPED")
    assert task["stoppedReason"] == "Essential container in task exited"
    assert exits(task) == {"web": 0}


def test_an_event_tells_of_each_state_with_group_starter_overrides_and_exit_code(
    web: WebService,
) -> None:
    arn = started(web, web.register(), startedBy="slipway/x-b")
    until(web, arn, "STOPPED")
    told = web.told("ECS Task State Change")
    assert [each["lastStatus"] for each in told] == [
        "PROVISIONING",
        "PENDING",
        "ACTIVATING",
        "RUNNING",
        "DEPROVISIONING",
        "STOPPED",
    ]
    assert [each["version"] for each in told] == [1, 2, 3, 4, 5, 6]
    for each in told:
        assert (each["group"], each["startedBy"]) == ("family:web", "slipway/x-b")
        assert each["overrides"] == command(*MIGRATE)
    assert told[-1]["containers"][0]["exitCode"] == 0
    assert {event["resources"][0] for event in web.events} == {arn}


def test_a_script_says_how_a_command_ends(web: WebService) -> None:
    web.ecs.faults.run(Exits(exit_code=3, after=20, reason="boom"), image="a" * 64, command="migr")
    task = stopped(web, web.register())
    assert exits(task) == {"web": 3}
    assert task["containers"][0]["reason"] == "boom"
    assert (task["executionStoppedAt"] - task["startedAt"]).total_seconds() == 20
    assert exits(stopped(web, web.register(), overrides=command("smoke"))) == {"web": 0}
    assert exits(stopped(web, web.register(BAD))) == {"web": 0}


def test_scripts_are_used_in_their_order_and_as_often_as_they_say(web: WebService) -> None:
    web.ecs.faults.run(Exits(exit_code=1, times=1))
    web.ecs.faults.run(Exits(exit_code=2, times=1))
    definition = web.register()
    assert [exits(stopped(web, definition))["web"] for _ in range(3)] == [1, 2, 0]


def test_a_task_whose_command_is_not_overridden_runs_for_ever(web: WebService) -> None:
    environment = [{"name": "A", "value": "b"}]
    overrides = {"containerOverrides": [{"name": "web", "environment": environment}]}
    arn = started(web, web.register(), overrides=overrides)
    web.clock.advance(3 * 86400)
    assert described(web, arn)["lastStatus"] == "RUNNING"


def test_when_an_essential_container_ends_the_others_are_stopped(web: WebService) -> None:
    task = stopped(web, paired(web, essential=True))
    assert task["stopCode"] == "EssentialContainerExited"
    assert exits(task) == {"proxy": 143, "web": 0}


def test_when_another_container_ends_its_task_runs_on(web: WebService) -> None:
    web.ecs.faults.run(Exits(exit_code=4, after=10))
    arn = started(web, paired(web, essential=False))
    until(web, arn, "RUNNING")
    web.clock.advance(60)
    task = described(web, arn)
    assert (task["lastStatus"], task["desiredStatus"]) == ("RUNNING", "RUNNING")
    assert exits(task) == {"proxy": None, "web": 4}
    last = web.told("ECS Task State Change")[-1]
    assert (last["lastStatus"], last["version"]) == ("RUNNING", 5)
    assert exits(last)["web"] == 4
    web.api.stop_task(cluster="dev", task=arn)
    assert exits(until(web, arn, "STOPPED")) == {"proxy": 143, "web": 4}


def test_a_person_stops_a_task_with_sigterm(web: WebService) -> None:
    web.ecs.faults.run(Exits(after=10**6))
    arn = started(web, web.register())
    until(web, arn, "RUNNING")
    told = len(web.events)
    answer = web.api.stop_task(cluster="dev", task=arn, reason="15 minutes are over")["task"]
    assert (answer["desiredStatus"], answer["lastStatus"]) == ("STOPPED", "DEACTIVATING")
    task = until(web, arn, "STOPPED")
    assert (task["stopCode"], task["stoppedReason"]) == ("UserInitiated", "15 minutes are over")
    assert exits(task) == {"web": 143}
    states = [each["detail"]["lastStatus"] for each in web.events[told:]]
    assert states == ["DEACTIVATING", "STOPPING", "DEPROVISIONING", "STOPPED"]


def test_a_command_that_ignores_sigterm_is_killed_after_its_stop_timeout(web: WebService) -> None:
    web.ecs.faults.image("a" * 64, IgnoresSigterm())
    web.ecs.faults.run(Exits(after=10**6))
    arn = started(web, web.register(stopTimeout=20))
    until(web, arn, "RUNNING")
    web.api.stop_task(cluster="dev", task=arn)
    web.clock.advance(Timings().deactivating + 19)
    assert described(web, arn)["lastStatus"] == "STOPPING"
    assert exits(until(web, arn, "STOPPED")) == {"web": 137}


def test_a_task_that_is_stopped_before_it_runs_has_no_exit_code(web: WebService) -> None:
    arn = started(web, web.register())
    web.api.stop_task(cluster="dev", task=arn)
    task = until(web, arn, "STOPPED")
    assert (task["stopCode"], exits(task)) == ("UserInitiated", {"web": None})
    assert "startedAt" not in task


@pytest.mark.parametrize(
    ("fault", "words"),
    [(PullError(), "CannotPullContainerError"), (StartError("ResourceInit…"), "ResourceInit…")],
)
def test_a_task_may_fail_to_start(
    web: WebService, fault: PullError | StartError, words: str
) -> None:
    web.ecs.faults.image("a" * 64, fault)
    task = stopped(web, web.register())
    assert task["stopCode"] == "TaskFailedToStart"
    assert words in task["stoppedReason"]
    assert exits(task) == {"web": None}


def test_a_slow_start_delays_the_command(web: WebService) -> None:
    web.ecs.faults.image("a" * 64, SlowStart(40))
    task = stopped(web, web.register())
    assert (task["startedAt"] - task["createdAt"]).total_seconds() == 50


def test_a_host_that_disappears_leaves_no_exit_code(web: WebService) -> None:
    web.ecs.faults.image("a" * 64, HostLost(after=3))
    arn = started(web, web.register())
    until(web, arn, "RUNNING")
    web.clock.advance(3)
    task = described(web, arn)
    assert (task["lastStatus"], task["stopCode"]) == ("STOPPED", "TerminationNotice")
    assert exits(task) == {"web": None}
    assert web.told("ECS Task State Change")[-1]["lastStatus"] == "STOPPED"


def test_a_service_replaces_a_task_whose_host_disappears(web: WebService) -> None:
    web.create(desired=1)
    web.ecs.faults.image("b" * 64, HostLost(after=60, times=1))
    web.update(web.register(GOOD.replace("a" * 64, "b" * 64)))
    assert web.finish(600) == "SUCCESSFUL"
    web.clock.advance(120)
    lost = [each for each in web.stopped() if each["stopCode"] == "TerminationNotice"]
    assert len(lost) == 1
    assert len(web.running()) == 1


@pytest.mark.parametrize("fault", [Crash(times=1), OutOfMemory(times=1)])
def test_what_the_image_does_happens_only_where_its_own_program_runs(
    web: WebService, fault: Crash | OutOfMemory
) -> None:
    web.ecs.faults.image("a" * 64, fault)
    definition = web.register()
    assert exits(stopped(web, definition)) == {"web": 0}
    plain = stopped(web, definition, overrides=None)
    assert plain["stopCode"] == "EssentialContainerExited"
    assert exits(plain)["web"] in {1, 137}


def test_a_crash_of_the_proxy_ends_the_command_beside_it(web: WebService) -> None:
    web.ecs.faults.image(SIDECAR, Crash(exit_code=9, after=2))
    assert exits(stopped(web, paired(web, essential=True))) == {"proxy": 9, "web": 143}


def test_no_health_check_stops_a_standalone_task(web: WebService) -> None:
    web.ecs.faults.image("a" * 64, UnhealthyContainer(after=1, times=1))
    definition = web.register(healthCheck=HEALTH_CHECK)
    commanded = stopped(web, definition)
    assert (commanded["stopCode"], commanded["healthStatus"]) == (
        "EssentialContainerExited",
        "UNKNOWN",
    )
    arn = started(web, definition, overrides=None)
    web.clock.advance(600)
    assert described(web, arn)["healthStatus"] == "HEALTHY"


def test_a_failing_command_is_no_failed_task_of_the_service(web: WebService) -> None:
    web.create(deploymentConfiguration=BREAKER)
    web.ecs.faults.run(Exits(exit_code=1, after=1))
    better = web.register(GOOD.replace("a" * 64, "b" * 64))
    web.update(better)
    for _ in range(5):
        run(web, better)
    assert web.finish(600) == "SUCCESSFUL"
    assert web.deployment()["deploymentCircuitBreaker"]["failureCount"] == 0


def test_spot_retirement_and_failing_hosts_end_standalone_tasks(web: WebService) -> None:
    web.ecs.faults.run(Exits(after=10**6))
    definition = web.register()
    acts = (web.ecs.interrupt_spot, web.ecs.retire, web.ecs.fail_host)
    codes = []
    for act in acts:
        arn = started(web, definition)
        until(web, arn, "RUNNING")
        act(arn)
        codes.append(until(web, arn, "STOPPED")["stopCode"])
    assert codes == ["SpotInterruption", "TerminationNotice", "InfrastructureHealth"]
    arn = started(web, definition)
    until(web, arn, "RUNNING")
    web.ecs.crash(arn, 7)
    assert exits(until(web, arn, "STOPPED")) == {"web": 7}


def test_the_lines_of_a_command_are_in_the_log_of_its_container_while_it_still_runs(
    web: WebService,
) -> None:
    logs = client("logs")
    logs.create_log_group(logGroupName="/ecs/web")
    options = {"awslogs-group": "/ecs/web", "awslogs-region": "us-west-2"}
    configuration = {
        "logDriver": "awslogs",
        "options": options | {"awslogs-stream-prefix": "ecs"},
    }
    web.ecs.faults.run(Exits(after=10**6, logs=("Applying 0002…", "waiting for a lock")))
    arn = started(web, web.register(logConfiguration=configuration))
    until(web, arn, "RUNNING")
    stream = f"ecs/web/{arn.rsplit('/', 1)[-1]}"
    found = logs.get_log_events(logGroupName="/ecs/web", logStreamName=stream)["events"]
    assert [each["message"] for each in found][1:] == ["Applying 0002…", "waiting for a lock"]


def test_events_about_a_group_may_be_lost(web: WebService) -> None:
    web.create(desired=1)
    web.ecs.lose_events("dev/family:web")
    until(web, started(web, web.register()), "STOPPED")
    assert not web.told("ECS Task State Change")
