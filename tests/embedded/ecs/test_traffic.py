"""LINEAR and CANARY: how long they take, what ECS shows meanwhile, and how they are ended."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from embedded.services.ecs import Crash
from embedded.services.ecs.traffic import shift_seconds
from tests.embedded.ecs.web_service import (
    BALANCED,
    BETTER,
    BREAKER,
    SERVICE,
    WebService,
    web_service,
)

MINUTE = 60.0


@pytest.fixture
def web() -> Iterator[WebService]:
    with web_service() as opened:
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


def test_a_default_linear_deployment_takes_54_minutes_and_its_bake_time(web: WebService) -> None:
    web.create(**service(bakeTimeInMinutes=5))
    new = web.register(BETTER)
    web.update(new)
    assert web.finish(59 * MINUTE) == "IN_PROGRESS"
    assert web.finish(2 * MINUTE) == "SUCCESSFUL"
    assert web.running() == [new, new]


def test_a_canary_deployment_takes_the_canarys_minutes(web: WebService) -> None:
    canary = {"canaryPercent": 5.0, "canaryBakeTimeInMinutes": 40}
    web.create(**service("CANARY", canaryConfiguration=canary))
    web.update(web.register(BETTER))
    assert web.finish(40 * MINUTE) == "IN_PROGRESS"
    assert web.finish(1 * MINUTE) == "SUCCESSFUL"


def test_the_stages_follow_each_other_and_both_revisions_run_until_the_clean_up(
    web: WebService,
) -> None:
    web.create(**service(bakeTimeInMinutes=5))
    web.update(web.register(BETTER))
    stages: list[str] = []
    for _ in range(3700):
        web.clock.advance(1)
        current = web.ecs.service_deployments(SERVICE)[0]
        if current.stage and current.stage not in stages:
            stages.append(current.stage)
            shown = web.deployment()
            assert (shown["status"], shown["lifecycleStage"]) == ("IN_PROGRESS", current.stage)
        if current.stage == "PRODUCTION_TRAFFIC_SHIFT":
            assert len(web.running()) == 4
    assert stages == ["SCALE_UP", "PRODUCTION_TRAFFIC_SHIFT", "BAKE_TIME", "CLEAN_UP"]
    assert "lifecycleStage" not in web.deployment()


def test_the_rollout_state_is_a_rolling_updates_only(web: WebService) -> None:
    web.create(**service())
    web.update(web.register(BETTER))
    for _ in range(60):
        web.clock.advance(61)
        assert all("rolloutState" not in deployment for deployment in web.service()["deployments"])


def test_the_first_deployment_of_a_service_has_nothing_to_shift(web: WebService) -> None:
    web.create(**service())
    assert web.clock.now().minute < 10


def test_a_shift_that_a_person_rolls_back_leaves_the_old_tasks_running(web: WebService) -> None:
    web.create(**service())
    old = web.running()
    web.update(web.register(BETTER))
    web.clock.advance(20 * MINUTE)
    arn = web.ecs.service_deployments(SERVICE)[0].arn
    web.api.stop_service_deployment(serviceDeploymentArn=arn)
    assert web.finish(600) == "ROLLBACK_SUCCESSFUL"
    web.clock.advance(MINUTE)
    assert web.running() == old
    web.clock.advance(60 * MINUTE)  # the shift's end comes, and finds nothing to do
    assert web.running() == old


def test_a_newer_deployment_takes_over_in_the_middle_of_a_shift(web: WebService) -> None:
    web.create(**service())
    web.update(web.register(BETTER))
    web.clock.advance(20 * MINUTE)
    newer = web.register(BETTER, cpu=1)
    web.update(newer)
    assert web.finish(54 * MINUTE) == "IN_PROGRESS"
    assert web.finish(2 * MINUTE) == "SUCCESSFUL"
    web.clock.advance(MINUTE)
    assert web.running() == [newer, newer]
    assert [deployment.status for deployment in web.ecs.service_deployments(SERVICE)][:2] == [
        "SUCCESSFUL",
        "STOPPED",
    ]


def test_tasks_that_crash_before_the_shift_roll_it_back(web: WebService) -> None:
    web.create(**service(**BREAKER))
    old = web.running()
    web.ecs.faults.image("b" * 64, Crash())
    web.update(web.register(BETTER))
    assert web.finish(600) == "ROLLBACK_SUCCESSFUL"
    assert web.running() == old


def test_blue_green_is_refused_and_not_played_as_rolling(web: WebService) -> None:
    with pytest.raises(web.api.exceptions.UnsupportedFeatureException):
        web.create(**service("BLUE_GREEN"))
