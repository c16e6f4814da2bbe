"""record -> seconds until the next poll: quick while things move, slow while nothing does."""

from __future__ import annotations

from datetime import datetime

from chalicelib.model.deployments import Deployment, Status

_EARLY_SECONDS = 60
_POLL_EARLY = 15
_MIDDLE_SECONDS = 120
_POLL_MIDDLE = 30
_POLL_LATE = 60
_POLL_PENDING = (15, 45)
_POLL_GATED = 60
_POLL_LATE_FINDINGS = 30
_POLL_DENIED = 300
_POLL_OUTBOX = 30
_OUTBOX_SECONDS = 600
_NEVER = 0


def wait_seconds(deployment: Deployment, now: datetime) -> int:
    """How long the state machine waits before it comes back; 0: it need not come back.

    A closed record with nothing left to say needs nobody (what cannot be said for ten minutes is
    the sweep's), and one that waits for a person is taken up again by what the person does. ECS'
    events bring news sooner than any poll; what they cannot bring is mostly seen in the first
    minute, and a poll is the dearest part of a deployment (docs/price.md). What is still PENDING
    waits half its age: the more deployments ECS' rates hold up, the less of those rates goes into
    asking.
    """
    if not deployment.open:
        closed = (now - deployment.updated).total_seconds()
        unsent = not deployment.finished and closed < _OUTBOX_SECONDS
        return _POLL_OUTBOX if unsent else _NEVER
    if deployment.status is Status.HELD:
        return _NEVER
    if deployment.gated:  # the scan's event comes sooner; denied or not, its time runs out
        return _POLL_LATE_FINDINGS if deployment.found_nothing else _POLL_GATED
    if deployment.denied:
        return _POLL_DENIED  # a person must act first
    since = (now - (deployment.applied_at or deployment.created)).total_seconds()
    if deployment.status is Status.PENDING:
        least, most = _POLL_PENDING
        return min(most, max(least, int(since / 2)))
    if since < _EARLY_SECONDS:
        return _POLL_EARLY
    return _POLL_MIDDLE if since < _MIDDLE_SECONDS else _POLL_LATE
