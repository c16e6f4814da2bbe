"""What CreateService and UpdateService refuse of a deployment strategy; all wording is inferred.

Documented, API reference, DeploymentConfiguration: `linearConfiguration`, `canaryConfiguration` and
`earlySuccessCriteria` belong to one strategy each; BLUE_GREEN needs `bakeTimeInMinutes`. The bounds
are those of LinearConfiguration and CanaryConfiguration.
Inferred: a request that chooses BLUE_GREEN without `bakeTimeInMinutes` is refused, also where the
service had 0 minutes by default; LINEAR and CANARY are refused without traffic that ECS can shift.
"""

from __future__ import annotations

from typing import Any

from embedded.services.ecs.balancers import has_traffic
from embedded.services.ecs.errors import InvalidParameter
from embedded.services.ecs.strategy import ROLLING, SHIFTING, STRATEGIES

_LONGEST = 1440
# strategy -> its member, the member's percent with its bounds, its minutes
_MEMBERS = {
    "LINEAR": ("linearConfiguration", "stepPercent", 3.0, "stepBakeTimeInMinutes"),
    "CANARY": ("canaryConfiguration", "canaryPercent", 0.1, "canaryBakeTimeInMinutes"),
}


def refuse_strategy(configuration: dict[str, Any], settings: dict[str, Any]) -> None:
    """Refuse what ECS does not take of a configuration, for a service with these settings."""
    strategy = configuration.get("strategy", ROLLING)
    if strategy not in STRATEGIES:
        raise InvalidParameter(f"Invalid deployment strategy: {strategy}.")
    if strategy != ROLLING and (configuration.get("earlySuccessCriteria") or {}).get("enable"):
        raise InvalidParameter(f"earlySuccessCriteria is for the strategy ROLLING, not {strategy}.")
    for owner, members in _MEMBERS.items():
        if configuration.get(members[0]) is not None:
            if owner != strategy:
                raise InvalidParameter(f"{members[0]} is for the strategy {owner}, not {strategy}.")
            _refuse_numbers(configuration[members[0]], *members[1:])
    if strategy in SHIFTING and not has_traffic(settings):
        raise InvalidParameter(f"{strategy} requires a load balancer or Service Connect.")


def refuse_missing_bake_time(asked: dict[str, Any], before: str | None = None) -> None:
    """Refuse a request that chooses BLUE_GREEN, after the strategy `before`, without bake time."""
    chosen = asked.get("strategy") == "BLUE_GREEN" != before
    if chosen and asked.get("bakeTimeInMinutes") is None:
        raise InvalidParameter("BLUE_GREEN requires bakeTimeInMinutes.")


def _refuse_numbers(chosen: dict[str, Any], percent: str, least: float, minutes: str) -> None:
    value = chosen.get(percent, least)
    if not least <= value <= 100:  # noqa: PLR2004 - percent
        raise InvalidParameter(f"{percent} must be between {least} and 100.")
    if abs(round(value * 10) - value * 10) > 1e-6:  # noqa: PLR2004 - of a float
        raise InvalidParameter(f"{percent} must be a multiple of 0.1.")
    if not 0 <= chosen.get(minutes, 0) <= _LONGEST:
        raise InvalidParameter(f"{minutes} must be between 0 and {_LONGEST}.")
