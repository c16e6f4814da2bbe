"""A service's deployment configuration → the steps of its deployment.

Documented, "Amazon ECS blue/green service deployments workflow": the stages, their order, and that
both revisions run until the clean-up. API reference, LinearConfiguration and CanaryConfiguration;
"Amazon ECS linear deployments", "Amazon ECS canary deployments": the percents, the minutes, their
defaults and bounds; that every step of the traffic but the last waits for its bake; that the stages
PRE_PRODUCTION_TRAFFIC_SHIFT and PRODUCTION_TRAFFIC_SHIFT come again with every step. With a Network
Load Balancer each traffic shift takes about ten minutes more.
Inferred: the bake of a step belongs to its PRODUCTION_TRAFFIC_SHIFT; steps that do not divide 100
are rounded up; a canary of 100 percent is one step; the first deployment of a service only scales
up and bakes; an update to another strategy drops what belongs to the one before; a rollback shifts
the production traffic back before the test traffic, and does not wait ten minutes with a Network
Load Balancer.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

ROLLING = "ROLLING"
SHIFTING = ("CANARY", "LINEAR")
STRATEGIES = (ROLLING, "BLUE_GREEN", *SHIFTING)
PRE_SCALE_UP, SCALE_UP, POST_SCALE_UP = "PRE_SCALE_UP", "SCALE_UP", "POST_SCALE_UP"
RECONCILE_SERVICE, BAKE_TIME, CLEAN_UP = "RECONCILE_SERVICE", "BAKE_TIME", "CLEAN_UP"
TEST_SHIFT, PRODUCTION_SHIFT = "TEST_TRAFFIC_SHIFT", "PRODUCTION_TRAFFIC_SHIFT"
OWN_MEMBERS = {  # each belongs to one strategy alone
    ROLLING: "earlySuccessCriteria",
    "LINEAR": "linearConfiguration",
    "CANARY": "canaryConfiguration",
}
ALL = 100.0
NETWORK_SHIFT = 600.0  # seconds
STEP_PERCENT, STEP_MINUTES, CANARY_PERCENT, CANARY_MINUTES = 10.0, 6, 5.0, 10


@dataclass(frozen=True)
class Step:
    """One stage. On entering it the green revision gets so many percent of the traffic.

    `seconds` is what the stage takes at least. `blue` and `green` say which of the two environments
    run at full size.
    """

    stage: str
    production: float | None = None
    test: float | None = None
    seconds: float = 0.0
    blue: bool = True
    green: bool = True


@dataclass(frozen=True)
class Surroundings:
    """What decides about the steps beside the configuration.

    Whether there is nothing to replace, more than one revision to begin with, traffic that ECS
    shifts, a rule for test traffic, and a Network Load Balancer.
    """

    first: bool = False
    reconciles: bool = False
    traffic: bool = True
    tests: bool = False
    network: bool = False


def rolls(configuration: dict[str, Any]) -> bool:
    """Whether a deployment with this configuration is a rolling update."""
    return bool(configuration.get("strategy", ROLLING) == ROLLING)


def changed(before: dict[str, Any], asked: dict[str, Any]) -> dict[str, Any]:
    """A deployment configuration after an update that asks for these members.

    Members that belong to another strategy alone are dropped, unless asked for.
    """
    strategy = asked.get("strategy", before.get("strategy", ROLLING))
    foreign = {member for owner, member in OWN_MEMBERS.items() if owner != strategy}
    return {name: value for name, value in before.items() if name not in foreign} | asked


def forward(configuration: dict[str, Any], around: Surroundings) -> tuple[Step, ...]:
    """The steps of a deployment; none for a rolling update."""
    if rolls(configuration):
        return ()
    bake = Step(BAKE_TIME, seconds=60.0 * float(configuration.get("bakeTimeInMinutes") or 0))
    if around.first:
        everything = ALL if around.traffic else None
        return Step(SCALE_UP, production=everything), bake
    begin = (Step(RECONCILE_SERVICE, production=0.0, green=False),) if around.reconciles else ()
    extra = NETWORK_SHIFT if around.network else 0.0
    test = ALL if around.tests else None
    return (
        *begin,
        Step(PRE_SCALE_UP, green=False),
        Step(SCALE_UP),
        Step(POST_SCALE_UP),
        Step(TEST_SHIFT, test=test, seconds=extra if around.tests else 0.0),
        Step("POST_TEST_TRAFFIC_SHIFT"),
        *_production(configuration, extra, traffic=around.traffic),
        Step("POST_PRODUCTION_TRAFFIC_SHIFT"),
        bake,
        Step(CLEAN_UP, blue=False),
    )


def backward(*, production: bool, test: bool, blue_stops: bool) -> tuple[Step, ...]:
    """The steps of a rollback: which traffic has been shifted, and whether blue is stopping."""
    return (
        *((Step(SCALE_UP),) if blue_stops else ()),
        *((Step(PRODUCTION_SHIFT, production=0.0),) if production else ()),
        *((Step(TEST_SHIFT, test=0.0),) if test else ()),
        Step(CLEAN_UP, green=False),
    )


def traffic_steps(configuration: dict[str, Any]) -> tuple[tuple[float, float], ...]:
    """Each step of the production traffic: green's percent, and the seconds of the step's bake."""
    match configuration.get("strategy", ROLLING):
        case "LINEAR":
            linear = configuration.get("linearConfiguration") or {}
            return _linear(
                float(linear.get("stepPercent", STEP_PERCENT)),
                60.0 * float(linear.get("stepBakeTimeInMinutes", STEP_MINUTES)),
            )
        case "CANARY":
            canary = configuration.get("canaryConfiguration") or {}
            percent = float(canary.get("canaryPercent", CANARY_PERCENT))
            minutes = float(canary.get("canaryBakeTimeInMinutes", CANARY_MINUTES))
            first = ((percent, 60.0 * minutes),) if percent < ALL else ()
            return (*first, (ALL, 0.0))
        case "BLUE_GREEN":
            return ((ALL, 0.0),)
    return ()


def _linear(percent: float, bake: float) -> tuple[tuple[float, float], ...]:
    count = math.ceil(round(ALL / percent, 6))
    before = ((round(number * percent, 1), bake) for number in range(1, count))
    return (*before, (ALL, 0.0))


def _production(configuration: dict[str, Any], extra: float, *, traffic: bool) -> tuple[Step, ...]:
    return tuple(
        step
        for percent, bake in traffic_steps(configuration)
        for step in (
            Step("PRE_PRODUCTION_TRAFFIC_SHIFT"),
            Step(PRODUCTION_SHIFT, production=percent if traffic else None, seconds=extra + bake),
        )
    )
