"""Scenarios of rollouts that move traffic: each situation once for each strategy of ECS.

`example/scenarios.py` has those of rolling updates, and the list of all.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from embedded.services.ecs import Crash, UnhealthyTarget
from example import conflicto
from example.acts import ALARMS, LOGS, later, restart, ring, scale, ship_newer, stop
from example.scenario import Acts, Scenario, Settings, Trial

_PLACE = f"{conflicto.REGION}:{conflicto.ACCOUNT}"
_BALANCING = f"arn:aws:elasticloadbalancing:{_PLACE}"
_RULE = f"{_BALANCING}:listener-rule/app/conflicto/50dc6c495c0c9188/f2f7dc8efc522ab2"
_ROLE = f"arn:aws:iam::{conflicto.ACCOUNT}:role/conflicto-ecs-dev"
_BAKE = {"bakeTimeInMinutes": 5}
_STRATEGIES: Mapping[str, Settings] = {
    "blue-green": {"strategy": "BLUE_GREEN"},
    "linear": {
        "strategy": "LINEAR",
        "linearConfiguration": {"stepPercent": 10.0, "stepBakeTimeInMinutes": 1},
    },
    "canary": {
        "strategy": "CANARY",
        "canaryConfiguration": {"canaryPercent": 10.0, "canaryBakeTimeInMinutes": 5},
    },
}
_TESTED, _SHIFTS, _BAKES = "POST_TEST_TRAFFIC_SHIFT", "PRODUCTION_TRAFFIC_SHIFT", "BAKE_TIME"
_LONG_POLLS = 30  # of 30 seconds


def balanced(strategy: Settings, **more: Any) -> dict[str, Any]:
    """The settings of a service with two target groups, a rule for production and one for tests."""
    return {
        "loadBalancers": [
            {
                "targetGroupArn": f"{_BALANCING}:targetgroup/conflicto-blue/6d0ecf831eec9f09",
                "containerPort": 5000,
                "advancedConfiguration": {
                    "alternateTargetGroupArn": (
                        f"{_BALANCING}:targetgroup/conflicto-green/943f017f100becff"
                    ),
                    "productionListenerRule": f"{_RULE}/production",
                    "testListenerRule": f"{_RULE}/test",
                    "roleArn": _ROLE,
                },
            }
        ],
        "deploymentConfiguration": {**strategy, **more},
    }


def _function(name: str) -> str:
    return f"arn:aws:lambda:{_PLACE}:function:conflicto-hook-{name}"


def hook(name: str, minutes: int | None = None) -> dict[str, Any]:
    """The setting of a hook of the stage after the shift of the test traffic: a Lambda function."""
    limit = {"timeoutConfiguration": {"timeoutInMinutes": minutes}} if minutes else {}
    asked = {"hookTargetArn": _function(name), "roleArn": _ROLE, "lifecycleStages": [_TESTED]}
    return {"lifecycleHooks": [asked | limit]}


def pause(minutes: int, stage: str = _TESTED) -> dict[str, Any]:
    """The setting of a hook that pauses in this stage; after its time-out ECS rolls back."""
    limit = {"timeoutInMinutes": minutes, "action": "ROLLBACK"}
    asked = {"targetType": "PAUSE", "lifecycleStages": [stage], "timeoutConfiguration": limit}
    return {"lifecycleHooks": [asked]}


def _fails(_: Mapping[str, Any]) -> dict[str, Any]:
    return {"hookStatus": "FAILED"}


def _throws(_: Mapping[str, Any]) -> dict[str, Any]:
    raise RuntimeError("the test page could not be reached")


def _never_ends(_: Mapping[str, Any]) -> dict[str, Any]:
    return {"hookStatus": "IN_PROGRESS"}


def _takes_long(payload: Mapping[str, Any]) -> dict[str, Any]:
    """Succeed after a quarter of an hour; the count goes along in `hookDetails`."""
    polls = payload.get("hookDetails", {}).get("polls", 0)
    if polls >= _LONG_POLLS:
        return {"hookStatus": "SUCCEEDED"}
    return {"hookStatus": "IN_PROGRESS", "hookDetails": {"polls": polls + 1}}


FUNCTIONS = {
    _function("fails"): _fails,
    _function("throws"): _throws,
    _function("never-ends"): _never_ends,
    _function("takes-long"): _takes_long,
}


def _in_stage(stage: str, act: Acts, wait: float = 0) -> Acts:
    """Act once ECS is in this stage, so many seconds later."""

    def happens(trial: Trial) -> None:
        def reached() -> bool:
            ongoing = trial.service.ongoing
            return ongoing is not None and ongoing.stage == stage

        trial.when(reached, lambda: later(trial, wait, act))

    return happens


def _answered(action: str) -> Acts:
    def answer(trial: Trial) -> None:
        ongoing = trial.service.ongoing
        if ongoing is None:
            return
        for hook in ongoing.hooks:
            trial.person(
                "ContinueServiceDeployment",
                serviceDeploymentArn=ongoing.arn,
                hookId=hook.id,
                action=action,
            )

    return answer


def _switch(trial: Trial) -> None:
    trial.person(
        "UpdateService",
        service=trial.service_name,
        deploymentConfiguration={**_STRATEGIES["canary"], **_BAKE},
    )


def _crash(**fields: Any) -> Crash:
    return Crash(exit_code=1, logs=LOGS, **fields)


# situation -> what is said of it, and how it differs from a good rollout
_FAILED: Mapping[str, Any] = {"right": "failed", "runs": "first"}
_NEWER: Mapping[str, Any] = {"right": "superseded", "runs": "newer"}
_SITUATIONS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "good": ("a good image", {}),
    "crash": (
        "a crash loop, before any traffic",
        {"fault": _crash(after=3), **_FAILED},
    ),
    "crash-under-traffic": (
        "it crashes 20 seconds after it gets traffic",
        {"fault": _crash(after=20, under_traffic=True), **_FAILED},
    ),
    "unhealthy": (
        "the load balancer never finds the new tasks healthy",
        {"fault": UnhealthyTarget(after=20), **_FAILED},
    ),
    "hook-fails": (
        "the hook after the test traffic fails",
        {"settings": hook("fails"), **_FAILED},
    ),
    "hook-throws": ("the hook's function throws", {"settings": hook("throws"), **_FAILED}),
    "hook-times-out": (
        "the hook's function never ends, and its time-out is two minutes",
        {"settings": hook("never-ends", 2), **_FAILED},
    ),
    "hook-takes-long": (
        "the hook's function answers IN_PROGRESS for a quarter of an hour",
        {"settings": hook("takes-long")},
    ),
    "alarm-shifting": (
        "an alarm rings while the traffic shifts",
        {"settings": ALARMS, "happens": _in_stage(_SHIFTS, ring), **_FAILED},
    ),
    "alarm-in-bake": (
        "an alarm rings a minute into the bake time",
        {"settings": ALARMS, "happens": _in_stage(_BAKES, ring, 60), **_FAILED},
    ),
    "pause-continued": (
        "it pauses, and a person continues after ten minutes",
        {"settings": pause(60), "happens": _in_stage(_TESTED, _answered("CONTINUE"), 600)},
    ),
    "pause-rolled-back": (
        "it pauses, and a person rolls it back after ten minutes",
        {
            "settings": pause(60),
            "happens": _in_stage(_TESTED, _answered("ROLLBACK"), 600),
            **_FAILED,
        },
    ),
    "pause-expired": (
        "it pauses for an hour, and nobody answers",
        {"settings": pause(60), **_FAILED},
    ),
    "newer-push-shifting": (
        "a newer image is shipped while the traffic shifts",
        {"happens": _in_stage(_SHIFTS, ship_newer), **_NEWER},
    ),
    "newer-push-in-bake": (
        "a newer image is shipped a minute into the bake time",
        {"happens": _in_stage(_BAKES, ship_newer, 60), **_NEWER},
    ),
    "console-stop": (
        "a person stops it in the console while the traffic shifts",
        {"happens": _in_stage(_SHIFTS, stop), **_FAILED},
    ),
    "console-restart": (
        "a person forces a new deployment of it while the traffic shifts",
        {"happens": _in_stage(_SHIFTS, restart)},
    ),
    "foreign-rollout": (
        "a person has just begun another rollout, which goes first",
        {"happens": restart, "earlier": True},
    ),
    "scale-out": (
        "autoscaling goes from 2 tasks to 5 while the traffic shifts",
        {"happens": _in_stage(_SHIFTS, scale(5))},
    ),
    "events-lost": ("a good image, and every event of ECS is lost", {"events_lost": True}),
    "crash-events-lost": (
        "a crash loop, and every event of ECS is lost",
        {"fault": _crash(after=3), "events_lost": True, **_FAILED},
    ),
}


def _of(strategy: str, situation: str) -> Scenario:
    story, fields = _SITUATIONS[situation]
    fields = dict(fields)
    settings = fields.pop("settings", {})
    return Scenario(
        f"{strategy}-{situation}",
        f"{strategy}: {story}",
        service=balanced(_STRATEGIES[strategy], **_BAKE, **settings),
        functions=FUNCTIONS,
        **fields,
    )


SWITCHED = Scenario(
    "switched-to-canary",
    "a service is switched from rolling updates to canary between two pushes",
    service=balanced({"strategy": "ROLLING"}),
    earlier=True,
    happens=_switch,
)
STRATEGIES: tuple[Scenario, ...] = (
    *(_of(strategy, situation) for strategy in _STRATEGIES for situation in _SITUATIONS),
    SWITCHED,
)
