"""Deployment configurations → steps, and what is refused of a configuration."""

from __future__ import annotations

from typing import Any

import pytest

from embedded.services.ecs.strategy import (
    Step,
    Surroundings,
    backward,
    forward,
    traffic_steps,
)
from tests.embedded.ecs.web_service import BALANCED, WebService

MINUTE = 60.0
BLUE_GREEN = {"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 5}


def linear(**chosen: Any) -> dict[str, Any]:
    return {"strategy": "LINEAR", "linearConfiguration": chosen}


def canary(**chosen: Any) -> dict[str, Any]:
    return {"strategy": "CANARY", "canaryConfiguration": chosen}


@pytest.mark.parametrize(
    ("configuration", "percents", "minutes"),
    [
        pytest.param({}, [], 0, id="rolling by default"),
        pytest.param({"strategy": "ROLLING"}, [], 0, id="rolling"),
        pytest.param(BLUE_GREEN, [100], 0, id="blue/green"),
        pytest.param({"strategy": "LINEAR"}, list(range(10, 101, 10)), 54, id="linear"),
        pytest.param(linear(stepPercent=25.0), [25, 50, 75, 100], 18, id="quarters"),
        pytest.param(linear(stepPercent=30.0), [30, 60, 90, 100], 18, id="a rest"),
        pytest.param(linear(stepPercent=33.4), [33.4, 66.8, 100], 12, id="tenths"),
        pytest.param(linear(stepPercent=100.0), [100], 0, id="one step"),
        pytest.param(
            linear(stepPercent=50.0, stepBakeTimeInMinutes=0), [50, 100], 0, id="no step bake"
        ),
        pytest.param({"strategy": "CANARY"}, [5, 100], 10, id="canary"),
        pytest.param(
            canary(canaryPercent=0.1, canaryBakeTimeInMinutes=45), [0.1, 100], 45, id="small canary"
        ),
        pytest.param(canary(canaryPercent=100.0), [100], 0, id="a canary of everything"),
    ],
)
def test_the_traffic_moves_in_the_configured_steps(
    configuration: dict[str, Any], percents: list[float], minutes: float
) -> None:
    steps = traffic_steps(configuration)
    assert [percent for percent, _ in steps] == percents
    assert sum(bake for _, bake in steps) == minutes * MINUTE


def test_a_rolling_update_has_no_steps() -> None:
    assert forward({"strategy": "ROLLING"}, Surroundings(reconciles=True)) == ()


def test_a_canary_passes_all_stages_in_their_order() -> None:
    stages = [step.stage for step in forward(canary(), Surroundings(reconciles=True))]
    assert stages == [
        "RECONCILE_SERVICE",
        "PRE_SCALE_UP",
        "SCALE_UP",
        "POST_SCALE_UP",
        "TEST_TRAFFIC_SHIFT",
        "POST_TEST_TRAFFIC_SHIFT",
        "PRE_PRODUCTION_TRAFFIC_SHIFT",
        "PRODUCTION_TRAFFIC_SHIFT",
        "PRE_PRODUCTION_TRAFFIC_SHIFT",
        "PRODUCTION_TRAFFIC_SHIFT",
        "POST_PRODUCTION_TRAFFIC_SHIFT",
        "BAKE_TIME",
        "CLEAN_UP",
    ]


def test_only_several_revisions_are_reconciled() -> None:
    assert forward(BLUE_GREEN, Surroundings())[0] == Step("PRE_SCALE_UP", green=False)


def test_each_shift_takes_ten_minutes_more_with_a_network_load_balancer() -> None:
    def minutes(**around: bool) -> dict[str, float]:
        steps = forward(BLUE_GREEN, Surroundings(**around))
        return {step.stage: step.seconds / MINUTE for step in steps if step.seconds}

    assert minutes() == {"BAKE_TIME": 5}
    assert minutes(network=True) == {"PRODUCTION_TRAFFIC_SHIFT": 10, "BAKE_TIME": 5}
    assert minutes(network=True, tests=True) == {
        "TEST_TRAFFIC_SHIFT": 10,
        "PRODUCTION_TRAFFIC_SHIFT": 10,
        "BAKE_TIME": 5,
    }


def test_a_first_deployment_only_scales_up_and_bakes() -> None:
    assert forward(BLUE_GREEN, Surroundings(first=True)) == (
        Step("SCALE_UP", production=100.0),
        Step("BAKE_TIME", seconds=5 * MINUTE),
    )


def test_a_headless_service_shifts_no_traffic() -> None:
    steps = forward(BLUE_GREEN, Surroundings(traffic=False))
    assert {step.production for step in steps} == {None}


@pytest.mark.parametrize(
    ("production", "test", "blue_stops", "stages"),
    [
        (False, False, False, ["CLEAN_UP"]),
        (False, True, False, ["TEST_TRAFFIC_SHIFT", "CLEAN_UP"]),
        (True, True, False, ["PRODUCTION_TRAFFIC_SHIFT", "TEST_TRAFFIC_SHIFT", "CLEAN_UP"]),
        (True, False, True, ["SCALE_UP", "PRODUCTION_TRAFFIC_SHIFT", "CLEAN_UP"]),
    ],
)
def test_a_rollback_shifts_back_what_was_shifted(
    *, production: bool, test: bool, blue_stops: bool, stages: list[str]
) -> None:
    steps = backward(production=production, test=test, blue_stops=blue_stops)
    assert [step.stage for step in steps] == stages


@pytest.mark.parametrize(
    ("configuration", "said"),
    [
        ({"strategy": "PURPLE"}, "Invalid deployment strategy"),
        ({"strategy": "BLUE_GREEN"}, "requires bakeTimeInMinutes"),
        ({**BLUE_GREEN, "linearConfiguration": {}}, "is for the strategy LINEAR"),
        ({"strategy": "LINEAR", "canaryConfiguration": {}}, "is for the strategy CANARY"),
        (linear(stepPercent=2.9), "between 3.0 and 100"),
        (linear(stepPercent=10.05), "multiple of 0.1"),
        (linear(stepBakeTimeInMinutes=1441), "between 0 and 1440"),
        (canary(canaryPercent=0.0), "between 0.1 and 100"),
        (canary(canaryBakeTimeInMinutes=-1), "between 0 and 1440"),
        (
            {
                **BLUE_GREEN,
                "earlySuccessCriteria": {
                    "enable": True,
                    "healthyPercent": 100,
                    "sourceServiceRevisionCleanup": "BLOCKING",
                },
            },
            "earlySuccessCriteria is for the strategy ROLLING",
        ),
    ],
)
def test_a_wrong_strategy_is_refused(
    web: WebService, configuration: dict[str, Any], said: str
) -> None:
    with pytest.raises(web.api.exceptions.InvalidParameterException, match=said):
        web.create(loadBalancers=BALANCED, deploymentConfiguration=configuration)


@pytest.mark.parametrize("configuration", [linear(), canary()], ids=["linear", "canary"])
def test_traffic_in_steps_needs_something_that_shifts_it(
    web: WebService, configuration: dict[str, Any]
) -> None:
    with pytest.raises(web.api.exceptions.InvalidParameterException, match="Service Connect"):
        web.create(deploymentConfiguration=configuration)
    web.create(
        deploymentConfiguration=configuration,
        serviceConnectConfiguration={"enabled": True, "namespace": "dev"},
    )


def test_a_change_of_the_strategy_drops_what_belongs_to_the_one_before(web: WebService) -> None:
    early = {"enable": True, "healthyPercent": 100, "sourceServiceRevisionCleanup": "BLOCKING"}
    web.create(
        loadBalancers=BALANCED,
        deploymentConfiguration={"minimumHealthyPercent": 50, "earlySuccessCriteria": early},
    )
    web.update(deploymentConfiguration=canary(canaryPercent=10.0))
    web.update(deploymentConfiguration=linear(stepPercent=50.0))
    shown = web.service()["deploymentConfiguration"]
    assert shown["linearConfiguration"] == {"stepPercent": 50.0}
    assert shown["minimumHealthyPercent"] == 50
    assert shown.keys().isdisjoint({"canaryConfiguration", "earlySuccessCriteria"})


def test_an_update_to_blue_green_needs_a_bake_time_and_a_later_one_does_not(
    web: WebService,
) -> None:
    web.create()
    with pytest.raises(web.api.exceptions.InvalidParameterException, match="bakeTimeInMinutes"):
        web.update(deploymentConfiguration={"strategy": "BLUE_GREEN"})
    web.update(deploymentConfiguration=BLUE_GREEN)
    web.update(deploymentConfiguration={"strategy": "BLUE_GREEN"})
