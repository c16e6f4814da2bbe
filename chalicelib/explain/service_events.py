"""service event -> what it tells of a rollout, by AWS' wording.

Amazon ECS developer guide, "Viewing Amazon ECS service event messages". A message that is not known
tells nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from chalicelib.model.services import ServiceEvent

_TASK = re.compile(r"\(task ([0-9a-f-]{32,36})\)")
_READ = 4_000  # characters of a message that are looked at
# What stands after "(service NAME)", and what it tells. The first that is found counts.
_KINDS = (
    (" has started ", "started"),
    (" has stopped ", "stopped"),
    (" has begun draining connections on ", "draining"),
    (" deregistered ", "deregistered"),
    (" registered ", "registered"),
    (" has reached a steady state", "steady"),
    (" deployment completed", "completed"),
    (" deployment failed", "failed"),
    (" rolling back to ", "returning"),
    (" was unable to place a task", "unplaced"),
    (" is unhealthy in ", "unhealthy"),
    (" failed container health checks", "unhealthy"),
    (" is unable to consistently start tasks", "impaired"),
)


def kind_of(message: str) -> str:
    """Return what a service event tells of a rollout; empty when that is nothing."""
    said = message[:_READ]
    if not said.startswith("(service "):
        return ""
    what = said.partition(")")[2]
    return next((kind for words, kind in _KINDS if words in what), "")


def tasks_in(message: str) -> tuple[str, ...]:
    """Return the ids of the tasks that a service event names. ECS names only some of many."""
    return tuple(_TASK.findall(message[:_READ]))


def tasks_named(events: Iterable[ServiceEvent], most: int) -> tuple[str, ...]:
    """Return at most so many ids of the tasks that ECS started or stopped, newest event first."""
    newest = sorted(events, key=lambda event: event.at, reverse=True)
    moves = (event for event in newest if kind_of(event.message) in {"started", "stopped"})
    named = dict.fromkeys(task for event in moves for task in tasks_in(event.message))
    return tuple(named)[:most]
