"""A target group's own settings → how long its targets take to become healthy, and to drain.

Documented: "Optimize load balancer health check parameters for Amazon ECS": a target that was
registered must pass one health check, and there is one every `HealthCheckIntervalSeconds`;
`HealthyThresholdCount` only counts for a target that was unhealthy. "Optimize load balancer
connection draining parameters for Amazon ECS": ECS waits until the target is `unused`, for
`deregistration_delay.timeout_seconds`, 300 by default, before it sends SIGTERM.
Inferred: the first check comes one interval after the registration, and passes; the target drains
for the whole delay, also where no connection is open.

A group that moto does not know, as in most tests, has no settings: there, `Timings` says how long.
"""

from __future__ import annotations

from dataclasses import replace

from moto.elbv2.models import elbv2_backends

from embedded.services.ecs.names import Place
from embedded.services.ecs.timings import Timings

_DELAY = "deregistration_delay.timeout_seconds"


def timings_behind(timings: Timings, place: Place, target_group: str) -> Timings:
    """The durations for tasks in this target group, as it is set at this moment."""
    group = elbv2_backends[place.account][place.region].target_groups.get(target_group)
    if group is None:
        return timings
    return replace(
        timings,
        target_health=float(group.health_check_interval_seconds),
        deregistration=float(str(group.attributes[_DELAY])),
    )
