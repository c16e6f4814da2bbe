"""Certainty: from which moment the simulator knows how each rollout ends, without any tool."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from moto import mock_aws

from embedded.clock.clock import VirtualClock
from embedded.services import ecs
from embedded.services.ecs import (
    Crash,
    Fault,
    HostLost,
    IgnoresSigterm,
    NoCapacity,
    OutOfMemory,
    PullError,
    SlowStart,
    StartError,
    UnhealthyContainer,
    UnhealthyTarget,
)
from embedded.services.ecs.tasks import Task
from example.certainty import By, doomed
from example.scenario import CLUSTER, Build, Scenario, Trial
from example.scenarios import SCENARIOS
from rehearsal.account import client

NO_BREAKER: dict[str, Any] = {"deploymentConfiguration": {}}
SOON = timedelta(minutes=1)
CHECKED = {"healthCheck": {"command": ["CMD-SHELL", "true"]}}
BALANCED = {
    "loadBalancers": [{"targetGroupArn": "arn:tg/web", "containerPort": 5000}],
    "healthCheckGracePeriodSeconds": 0,
}


class Played:
    """A scenario whose new image was deployed a moment ago, by a plain update."""

    def __init__(self, scenario: Scenario, clock: VirtualClock, simulated: ecs.Ecs) -> None:
        client("ecs").create_cluster(clusterName=CLUSTER)
        self.clock = clock
        self.trial = Trial("backend", scenario, client, simulated, clock, _update)
        self.trial.build()
        self._settle()
        if scenario.earlier:
            _update(self.trial, "earlier")
            self._settle()
        self.trial.begin()
        self.began = clock.now()
        _update(self.trial, "new")

    def certain_after(self, limit: float = 7200) -> float | None:
        """Seconds from the update to certainty; None when it takes longer than the limit."""
        self.clock.advance_until(lambda: self.trial.certain_at is not None, limit)
        return self.known()

    def known(self) -> float | None:
        found = self.trial.certain_at
        return None if found is None else round((found - self.began).total_seconds(), 1)

    def _settle(self) -> None:
        assert self.clock.advance_until(lambda: self.trial.ready, 3600)


def _update(trial: Trial, build: Build) -> None:
    trial.push(build)
    api = trial.client("ecs")
    made = api.register_task_definition(**trial.definition(build))["taskDefinition"]
    api.update_service(
        cluster=CLUSTER, service=trial.service_name, taskDefinition=made["taskDefinitionArn"]
    )


@contextmanager
def played(scenario: Scenario) -> Iterator[Played]:
    clock = VirtualClock()
    with mock_aws(), ecs.install(clock, lambda event: None, seed=7) as simulated:
        yield Played(scenario, clock, simulated)


def _named(name: str) -> Scenario:
    return next(scenario for scenario in SCENARIOS if scenario.name == name)


# The first tasks are asked for after 2.6 seconds, and run after 12.6. Who acts "half way" looks
# every second, and so acts after 13.
@pytest.mark.parametrize(
    ("name", "seconds"),
    [
        pytest.param("good", 27.6, id="good: ECS calls it successful"),
        pytest.param("good-slow", 507.6, id="good-slow: a slow start decides nothing"),
        pytest.param("one-crash", 43.6, id="one-crash: one crash decides nothing"),
        pytest.param("stopped-task", 39.0, id="stopped-task: nor does a person who stops a task"),
        pytest.param("zero", 2.6, id="zero: successful without tasks"),
        pytest.param("bake", 207.6, id="bake: not before the bake time is over"),
        pytest.param("early-success", 18.6, id="early-success: before all tasks are healthy"),
        pytest.param("console-restart", 49.6, id="console-restart: the restart goes on with it"),
        pytest.param("crash", 15.6, id="crash: the first crash, 3 seconds after RUNNING"),
        pytest.param("crash-no-breaker", 15.6, id="crash-no-breaker: the same"),
        pytest.param("crash-back-to-ours", 15.6, id="crash-back-to-ours: not the earlier image's"),
        pytest.param("image-missing", 11.6, id="image-missing: the first pull that fails"),
        pytest.param("out-of-memory", 16.6, id="out-of-memory: the first kill, 4 seconds after"),
        pytest.param("health-check", 32.6, id="health-check: the first task that ECS stops for it"),
        pytest.param("load-balancer", 42.6, id="load-balancer: the same, after 30 s of grace"),
        pytest.param("no-capacity", 2.6, id="no-capacity: the first task is not placed"),
        pytest.param("newer-push", 13.0, id="newer-push: the newer update"),
        pytest.param("console-deploy", 13.0, id="console-deploy: the person's update"),
        pytest.param("console-rollback", 13.0, id="console-rollback: ROLLBACK_REQUESTED"),
        pytest.param("deleted", 13.0, id="deleted: DeleteService"),
        pytest.param("alarm", 13.0, id="alarm: the alarm"),
        pytest.param("alarm-in-bake", 88.0, id="alarm-in-bake: the alarm, in the bake time"),
        pytest.param(
            "first-ever", 15.6, id="first-ever: its own first crash, not the image's before"
        ),
    ],
)
def test_a_rollout_is_certain_from_the_first_moment_that_decides_it(
    name: str, seconds: float
) -> None:
    with played(_named(name)) as found:
        assert found.certain_after() == seconds


# The hooks run after 27.1 seconds, the traffic shifts after 28.6 (acted on at the next look, as
# above), and the bake time begins after 30.6.
@pytest.mark.parametrize(
    ("name", "seconds", "by"),
    [
        pytest.param("blue-green-good", 345.6, "decision", id="good: after the bake time"),
        pytest.param("blue-green-crash", 16.6, "task", id="crash: the first one"),
        pytest.param("blue-green-crash-events-lost", 16.6, "task", id="events lost: the same"),
        pytest.param("blue-green-unhealthy", 33.6, "task", id="unhealthy: the first one stopped"),
        pytest.param("blue-green-hook-fails", 27.1, "decision", id="hook fails: its answer"),
        pytest.param("blue-green-hook-throws", 27.1, "decision", id="hook throws: ECS' decision"),
        pytest.param("blue-green-hook-times-out", 146.6, "decision", id="hook: its time-out"),
        pytest.param("blue-green-pause-expired", 3626.6, "decision", id="pause: its time-out"),
        pytest.param("blue-green-pause-rolled-back", 627.0, "decision", id="pause: the answer"),
        pytest.param("blue-green-alarm-in-bake", 91.0, "decision", id="alarm: it rings"),
        pytest.param("blue-green-newer-push-in-bake", 91.0, "decision", id="newer: its update"),
        pytest.param("blue-green-console-stop", 29.0, "decision", id="console: it is stopped"),
    ],
)
def test_where_traffic_is_moved_the_same_moments_decide(name: str, seconds: float, by: By) -> None:
    with played(_named(name)) as found:
        assert found.certain_after() == seconds
        assert found.trial.certain is not None
        assert found.trial.certain.by == by


def test_a_newer_update_before_any_task_is_asked_for_decides_at_once() -> None:
    chosen = _named("blue-green-good")
    newer = replace(chosen, happens=lambda trial: trial.when(_reconciles(trial), _ship(trial)))
    with played(newer) as found:
        certain = found.certain_after()
        assert certain is not None
        assert certain < 2
        assert not any("new" in found.trial.builds(one.definition.images) for one in _tasks(found))


def _reconciles(trial: Trial) -> Callable[[], bool]:
    return lambda: trial.service.ongoing is not None


def _ship(trial: Trial) -> Callable[[], None]:
    return lambda: trial.ship(trial, "newer")


def _tasks(found: Played) -> list[Task]:
    return list(found.trial.ecs.tasks(found.trial.key))


def test_ecs_completes_what_crashes_under_traffic_so_only_a_stop_makes_it_certain() -> None:
    with played(_named("blue-green-crash-under-traffic")) as found:
        assert found.certain_after() == 345.6
        [newest, *_] = found.trial.ecs.service_deployments(found.trial.key)
        assert newest.status == "SUCCESSFUL"
        assert any(task.stop_code == "EssentialContainerExited" for task in _tasks(found))
    with played(_named("blue-green-crash-under-traffic")) as found:
        found.clock.advance(60)
        [newest, *_] = found.trial.ecs.service_deployments(found.trial.key)
        found.trial.person(
            "StopServiceDeployment", serviceDeploymentArn=newest.arn, stopType="ROLLBACK"
        )
        assert found.certain_after() == 60


@pytest.mark.parametrize(
    ("fault", "more", "seconds"),
    [
        pytest.param(Crash(after=3, times=3), NO_BREAKER, 60.6, id="three crashes"),
        pytest.param(PullError(times=1), NO_BREAKER, 45.6, id="one failed pull"),
        pytest.param(NoCapacity(times=1), NO_BREAKER, 43.6, id="no capacity for one task"),
        pytest.param(SlowStart(60), NO_BREAKER, 87.6, id="a slow start"),
        pytest.param(UnhealthyContainer(), NO_BREAKER, 27.6, id="no health check that could fail"),
        pytest.param(UnhealthyTarget(), NO_BREAKER, 27.6, id="no load balancer that could care"),
    ],
)
def test_what_passes_or_does_not_strike_makes_no_failure_certain(
    fault: Fault, more: dict[str, Any], seconds: float
) -> None:
    with played(Scenario("own", "story", service=more, fault=fault)) as found:
        assert found.certain_after() == seconds
        assert found.trial.runs() == {"new"}


@pytest.mark.parametrize(
    ("fault", "service", "container"),
    [
        pytest.param(Crash(after=8), {}, {}, id="crash"),
        pytest.param(UnhealthyContainer(12, healthy_first=True), {}, CHECKED, id="container"),
        pytest.param(UnhealthyTarget(13, healthy_first=True), BALANCED, {}, id="target"),
    ],
)
def test_tasks_that_are_healthy_before_they_fail_may_still_complete_the_rollout(
    fault: Fault, service: dict[str, Any], container: dict[str, Any]
) -> None:
    settings = {**NO_BREAKER, **service}
    scenario = Scenario("own", "story", service=settings, container=container, fault=fault)
    with played(scenario) as found:
        assert found.certain_after() is not None
        tasks = found.trial.ecs.tasks(found.trial.key)
        failed = [task.stopping_at for task in tasks if task.own_failure or task.failed_health]
        assert failed
        assert all(at is not None and at < found.clock.now() for at in failed)
        [newest, *_] = found.trial.ecs.service_deployments(found.trial.key)
        assert newest.status == "SUCCESSFUL"


def test_an_image_whose_tasks_live_until_ecs_completes_is_certain_when_it_does() -> None:
    lives_long = UnhealthyContainer(60, healthy_first=True)
    with played(Scenario("own", "story", container=CHECKED, fault=lives_long)) as found:
        certain = found.certain_after()
        assert certain is not None
        assert certain < 60
        found.clock.advance(600)
        assert found.known() == certain


def test_the_moment_is_kept_when_ecs_has_forgotten_the_task() -> None:
    with played(_named("image-missing-no-breaker")) as found:
        found.clock.advance(2 * 3600)
        tasks = found.trial.ecs.tasks(found.trial.key)
        assert not doomed(task for task in tasks if task.created_at < found.began + SOON)
        assert found.known() == 11.6


def test_a_service_that_is_deleted_afterwards_changes_nothing() -> None:
    with played(_named("good")) as found:
        certain = found.certain_after()
        found.clock.advance(5)
        client("ecs").delete_service(cluster=CLUSTER, service=found.trial.service_name, force=True)
        found.clock.advance(60)
        assert found.known() == certain


def test_every_fault_is_weighed() -> None:
    """A new fault fails this test: say in `certainty` whether it dooms a rollout, then here."""
    ends = {Crash, HostLost, OutOfMemory, PullError, StartError}
    dooms = {*ends, UnhealthyContainer, UnhealthyTarget}
    assert {*Fault.__subclasses__()} == {*dooms, NoCapacity, SlowStart, IgnoresSigterm}


def test_where_every_machine_disappears_the_first_one_makes_the_end_certain() -> None:
    with played(Scenario("own", "story", service=NO_BREAKER, fault=HostLost(after=3))) as found:
        assert found.certain_after() == 15.6
        assert found.trial.certain is not None
        assert found.trial.certain.by == "task"
    with played(Scenario("own", "story", service=NO_BREAKER, fault=HostLost(3, times=1))) as found:
        found.certain_after()
        assert found.trial.runs() == {"new"}


def test_before_the_end_nothing_is_certain() -> None:
    with played(_named("good")) as found:
        assert found.certain_after(27) is None
