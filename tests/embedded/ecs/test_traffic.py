"""LINEAR and CANARY: how long they take, what is seen meanwhile, and how they are broken off."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from embedded.services.ecs import Crash
from embedded.services.ecs.traffic import shift_seconds
from tests.embedded.ecs.stage import BALANCED, BETTER, BREAKER, SERVICE, Stage, staged

MINUTE = 60.0


@pytest.fixture
def stage() -> Iterator[Stage]:
    with staged() as opened:
        yield opened


def service(strategy: str = "LINEAR", **configuration: Any) -> dict[str, Any]:
    return {
        "loadBalancers": BALANCED,
        "deploymentConfiguration": {"strategy": strategy, **configuration},
    }


@pytest.mark.parametrize(
    ("configuration", "minutes"),
    [
        ({}, 0),
        ({"strategy": "ROLLING"}, 0),
        ({"strategy": "LINEAR"}, 54),
        ({"strategy": "LINEAR", "linearConfiguration": {"stepPercent": 25.0}}, 18),
        ({"strategy": "LINEAR", "linearConfiguration": {"stepPercent": 30.0}}, 18),
        ({"strategy": "LINEAR", "linearConfiguration": {"stepPercent": 100.0}}, 0),
        ({"strategy": "LINEAR", "linearConfiguration": {"stepBakeTimeInMinutes": 2}}, 18),
        ({"strategy": "LINEAR", "linearConfiguration": {"stepBakeTimeInMinutes": 0}}, 0),
        ({"strategy": "CANARY"}, 10),
        ({"strategy": "CANARY", "canaryConfiguration": {"canaryBakeTimeInMinutes": 45}}, 45),
    ],
)
def test_a_shift_takes_what_its_configuration_says(
    configuration: dict[str, Any], minutes: int
) -> None:
    assert shift_seconds(configuration) == minutes * MINUTE


def test_a_default_linear_deployment_takes_54_minutes_and_its_bake_time(stage: Stage) -> None:
    stage.create(**service(bakeTimeInMinutes=5))
    new = stage.register(BETTER)
    stage.update(new)
    assert stage.finish(59 * MINUTE) == "IN_PROGRESS"
    assert stage.finish(2 * MINUTE) == "SUCCESSFUL"
    assert stage.running() == [new, new]


def test_a_canary_deployment_takes_the_canarys_minutes(stage: Stage) -> None:
    canary = {"canaryPercent": 5.0, "canaryBakeTimeInMinutes": 40}
    stage.create(**service("CANARY", canaryConfiguration=canary))
    stage.update(stage.register(BETTER))
    assert stage.finish(40 * MINUTE) == "IN_PROGRESS"
    assert stage.finish(1 * MINUTE) == "SUCCESSFUL"


def test_the_stages_follow_each_other_and_both_revisions_run_until_the_clean_up(
    stage: Stage,
) -> None:
    stage.create(**service(bakeTimeInMinutes=5))
    stage.update(stage.register(BETTER))
    stages: list[str] = []
    for _ in range(3700):
        stage.clock.advance(1)
        current = stage.ecs.service_deployments(SERVICE)[0]
        if current.stage and current.stage not in stages:
            stages.append(current.stage)
            shown = stage.deployment()
            assert (shown["status"], shown["lifecycleStage"]) == ("IN_PROGRESS", current.stage)
        if current.stage == "PRODUCTION_TRAFFIC_SHIFT":
            assert len(stage.running()) == 4
    assert stages == ["SCALE_UP", "PRODUCTION_TRAFFIC_SHIFT", "BAKE_TIME", "CLEAN_UP"]
    assert "lifecycleStage" not in stage.deployment()


def test_the_rollout_state_is_a_rolling_updates_only(stage: Stage) -> None:
    stage.create(**service())
    stage.update(stage.register(BETTER))
    for _ in range(60):
        stage.clock.advance(61)
        assert all("rolloutState" not in one for one in stage.service()["deployments"])


def test_the_first_deployment_of_a_service_has_nothing_to_shift(stage: Stage) -> None:
    stage.create(**service())
    assert stage.clock.now().minute < 10


def test_a_shift_that_a_person_rolls_back_leaves_the_old_tasks_running(stage: Stage) -> None:
    stage.create(**service())
    old = stage.running()
    stage.update(stage.register(BETTER))
    stage.clock.advance(20 * MINUTE)
    arn = stage.ecs.service_deployments(SERVICE)[0].arn
    stage.api.stop_service_deployment(serviceDeploymentArn=arn)
    assert stage.finish(600) == "ROLLBACK_SUCCESSFUL"
    stage.clock.advance(MINUTE)
    assert stage.running() == old
    stage.clock.advance(60 * MINUTE)  # the shift's end comes, and finds nothing to do
    assert stage.running() == old


def test_a_newer_deployment_takes_over_in_the_middle_of_a_shift(stage: Stage) -> None:
    stage.create(**service())
    stage.update(stage.register(BETTER))
    stage.clock.advance(20 * MINUTE)
    newer = stage.register(BETTER, cpu=1)
    stage.update(newer)
    assert stage.finish(54 * MINUTE) == "IN_PROGRESS"
    assert stage.finish(2 * MINUTE) == "SUCCESSFUL"
    stage.clock.advance(MINUTE)
    assert stage.running() == [newer, newer]
    assert [one.status for one in stage.ecs.service_deployments(SERVICE)][:2] == [
        "SUCCESSFUL",
        "STOPPED",
    ]


def test_tasks_that_crash_before_the_shift_roll_it_back(stage: Stage) -> None:
    stage.create(**service(**BREAKER))
    old = stage.running()
    stage.ecs.faults.image("b" * 64, Crash())
    stage.update(stage.register(BETTER))
    assert stage.finish(600) == "ROLLBACK_SUCCESSFUL"
    assert stage.running() == old


def test_blue_green_is_refused_and_not_played_as_rolling(stage: Stage) -> None:
    with pytest.raises(stage.api.exceptions.UnsupportedFeatureException):
        stage.create(**service("BLUE_GREEN"))
