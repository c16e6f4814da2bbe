"""Desired count, percentages and task counts → what a rolling deployment may do next.

Documented, API reference, DeploymentConfiguration: at least `minimumHealthyPercent` of the
desired tasks (rounded up) stay running and healthy, at most `maximumPercent` (rounded down) are
RUNNING or PENDING.
Inferred: ECS starts tasks before it stops old ones where the maximum leaves room; it stops old ones
first only to make room.
"""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """How many healthy tasks a service keeps, and how many it may have at most."""

    floor: int
    ceiling: int

    @classmethod
    def of(cls, desired: int, minimum_percent: int, maximum_percent: int) -> Limits:
        return cls(
            floor=math.ceil(desired * minimum_percent / 100),
            ceiling=desired * maximum_percent // 100,
        )


@dataclass(frozen=True)
class Counts:
    """How many tasks of a service occupy a place, and how many of them are healthy."""

    new: int
    new_healthy: int
    old: int
    old_healthy: int

    @property
    def healthy(self) -> int:
        return self.new_healthy + self.old_healthy


@dataclass(frozen=True)
class Moves:
    """How many tasks to start and to stop. Stopping the healthy ones respects the floor."""

    start: int = 0
    stop_healthy: int = 0
    stop_unhealthy: int = 0
    scale_in: int = 0
    stuck: bool = False


def next_moves(desired: int, limits: Limits, counts: Counts, *, cleaning: bool = False) -> Moves:
    """What the service scheduler does now to bring `desired` new tasks up and all old ones down.

    With `cleaning`, old tasks do not wait for new ones: all stop, down to the floor. `stuck` says
    that no task may start or stop, and that nothing under way can change that.
    """
    old_unhealthy = counts.old - counts.old_healthy
    if counts.new > desired:
        return Moves(stop_unhealthy=old_unhealthy, scale_in=counts.new - desired)
    missing = desired - counts.new
    room = max(0, limits.ceiling - counts.new - counts.old)
    start = min(missing, room)
    kept = limits.floor if cleaning else max(desired, limits.floor)
    surplus = max(0, counts.healthy - kept)
    make_room = min(missing - start, max(0, counts.healthy - limits.floor))
    stop_healthy = min(counts.old_healthy, max(surplus, make_room))
    settled = counts.new == counts.new_healthy and not old_unhealthy
    return Moves(
        start=start,
        stop_healthy=stop_healthy,
        stop_unhealthy=old_unhealthy,
        stuck=bool(missing) and not start and not stop_healthy and settled,
    )


def moves_alone(desired: int, present: int) -> Moves:
    """What it does for one of two environments: as many tasks as desired, whatever else runs."""
    missing = desired - present
    return Moves(start=max(0, missing), scale_in=max(0, -missing))


def early_success(desired: int, healthy_percent: int) -> int:
    """Healthy tasks that complete a deployment with early success criteria: rounded up."""
    return math.ceil(desired * healthy_percent / 100)
