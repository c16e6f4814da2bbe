"""How long LINEAR and CANARY take to shift the traffic; nothing else of them is simulated.

Documented (API reference, LinearConfiguration and CanaryConfiguration; "Amazon ECS linear
deployments", "Amazon ECS canary deployments"): the percents, the minutes and their defaults and
bounds; that every step but the last waits for its bake; that both revisions run at full size until
the clean-up; the stages. `rolloutState` is documented for rolling updates only, so it is absent.
Inferred: the first deployment of a service has nothing to shift; steps that do not divide 100 are
rounded up; the stages in which nothing happens here (PRE_SCALE_UP, TEST_TRAFFIC_SHIFT, …) take no
time and never show. For the circuit breaker, see `breaker`.
"""

from __future__ import annotations

import math
from typing import Any

from embedded.services.ecs.errors import InvalidParameter, UnsupportedFeature

SHIFTING = ("CANARY", "LINEAR")
_ROLLING = "ROLLING"
_STEP_PERCENT, _STEP_MINUTES, _CANARY_MINUTES = 10.0, 6, 10
_LONGEST = 1440
# strategy -> its member, the member's percent with its bounds, its minutes
_MEMBERS = {
    "LINEAR": ("linearConfiguration", "stepPercent", 3.0, "stepBakeTimeInMinutes"),
    "CANARY": ("canaryConfiguration", "canaryPercent", 0.1, "canaryBakeTimeInMinutes"),
}


def shifts(configuration: dict[str, Any]) -> bool:
    """Whether a deployment with this configuration shifts its traffic step by step."""
    return configuration.get("strategy", _ROLLING) in SHIFTING


def shift_seconds(configuration: dict[str, Any]) -> float:
    """How long the shift takes, without the bake time after it; 0 for a rolling update."""
    match configuration.get("strategy", _ROLLING):
        case "LINEAR":
            linear = configuration.get("linearConfiguration") or {}
            steps = math.ceil(100 / float(linear.get("stepPercent", _STEP_PERCENT)))
            return 60.0 * float(linear.get("stepBakeTimeInMinutes", _STEP_MINUTES)) * (steps - 1)
        case "CANARY":
            canary = configuration.get("canaryConfiguration") or {}
            return 60.0 * float(canary.get("canaryBakeTimeInMinutes", _CANARY_MINUTES))
    return 0.0


def refuse_strategy(configuration: dict[str, Any]) -> None:
    """Refuse what ECS, or this simulation, does not take; the wording is inferred."""
    strategy = configuration.get("strategy", _ROLLING)
    if strategy not in (_ROLLING, *SHIFTING):
        raise UnsupportedFeature(
            f"The embedded ECS simulates rolling, linear and canary deployments, not {strategy}."
        )
    for owner, (member, percent, least, minutes) in _MEMBERS.items():
        chosen = configuration.get(member)
        if chosen is None:
            continue
        if owner != strategy:
            raise InvalidParameter(f"{member} is for the strategy {owner}, not {strategy}.")
        if not least <= chosen.get(percent, least) <= 100:  # noqa: PLR2004 - percent
            raise InvalidParameter(f"{percent} must be between {least} and 100.")
        if not 0 <= chosen.get(minutes, 0) <= _LONGEST:
            raise InvalidParameter(f"{minutes} must be between 0 and {_LONGEST}.")
