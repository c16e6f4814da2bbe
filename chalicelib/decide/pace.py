"""record -> seconds until the next poll: short while things change, long while nothing does."""

from __future__ import annotations

import math
from datetime import datetime

from chalicelib.model.deployments import Deployment, Status

_EARLY_SECONDS = 60
_POLL_EARLY = 15
_MIDDLE_SECONDS = 120
_POLL_MIDDLE = 30
_POLL_LATE = 60
_POLL_PENDING = (15, 45)
_LONG_PENDING_SECONDS = 1800
_POLL_LONG_PENDING = 300
_POLL_GATED = 60
_POLL_LATE_FINDINGS = 30
_POLL_DENIED = 300
_POLL_PAUSED = 300
_POLL_OUTBOX = 30
_OUTBOX_SECONDS = 600
_NEVER = 0
_SOON, _A_DAY = 1, 86_400


def wait_seconds(deployment: Deployment, now: datetime) -> int:
    """Return how many seconds the state machine waits before the next poll; 0 ends its polls.

    A closed record whose notices are all sent needs no poll; when one cannot be sent for ten
    minutes, the sweep sends it. A record that waits for a person goes on when the person acts. One
    that is held until a known moment is polled at that moment, and once a day before.

    ECS' events bring most news sooner than a poll does, and a poll is the most expensive part of a
    deployment (docs/price.md). Most of what no event tells shows in the first minute, so polls
    become rarer after it. A PENDING record waits for half its age: the more deployments ECS'
    rates hold up, the fewer calls are spent on asking.
    """
    if not deployment.open:
        closed = (now - deployment.updated).total_seconds()
        unsent = not deployment.finished and closed < _OUTBOX_SECONDS
        return _POLL_OUTBOX if unsent else _NEVER
    if deployment.status is Status.HELD:
        return _until_it_ends(deployment, now)
    if deployment.gated:  # comes before `denied`: also a denied scan has only the gate's time
        return _POLL_LATE_FINDINGS if deployment.found_nothing else _POLL_GATED
    if deployment.denied and not deployment.runs_before:  # a `before` has only its own time
        return _POLL_DENIED  # a person must grant the permission first
    if deployment.paused is not None and deployment.paused.answer is None:
        return _POLL_PAUSED  # its answer makes an event; a person may give it in the console too
    since = (now - _changed_last(deployment)).total_seconds()
    if deployment.status is Status.PENDING:
        if since >= _LONG_PENDING_SECONDS:
            return _POLL_LONG_PENDING  # what it waits for makes an event when it ends
        least, most = _POLL_PENDING
        return min(most, max(least, int(since / 2)))
    if deployment.succeeded is not None and not deployment.awaits_after:
        left = deployment.watch_after - (now - deployment.succeeded).total_seconds()
        return min(_POLL_LATE, max(_SOON, math.ceil(left)))
    if since < _EARLY_SECONDS:
        return _POLL_EARLY
    return _POLL_MIDDLE if since < _MIDDLE_SECONDS else _POLL_LATE


def _changed_last(deployment: Deployment) -> datetime:
    """Return when what is watched now began: a task, the rollout, or the wait."""
    if deployment.awaits_after:
        begun = deployment.after.began if deployment.after else deployment.succeeded
    else:
        begun = deployment.before.began if deployment.runs_before and deployment.before else None
    return begun or deployment.applied_at or deployment.created


def _until_it_ends(deployment: Deployment, now: datetime) -> int:
    held = deployment.held
    if held is None or held.until is None:
        return _NEVER
    left = math.ceil((held.until - now).total_seconds())
    return min(_A_DAY, max(_SOON, left))
