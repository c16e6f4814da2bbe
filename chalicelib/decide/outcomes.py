"""record -> outcome: how a deployment ended, in the few fields that the figures need."""

from __future__ import annotations

from datetime import datetime

from chalicelib.model.deployments import FAILURES, Cause, Deployment, Status
from chalicelib.model.outcomes import Outcome

_PUSHES = frozenset({Cause.PUSH, Cause.SWEEP})
ENDS = FAILURES | {Status.SUCCESSFUL}


def outcome_of(record: Deployment) -> Outcome | None:
    """Return how the deployment ended; None when that is of no account.

    Of no account is a deployment that is open, that ECS never had, or that was superseded.
    """
    if record.status not in ENDS or record.applied_at is None:
        return None
    return Outcome(
        service=record.service,
        deployment=record.id,
        cause=record.cause,
        status=record.status,
        pushed=_pushed(record),
        applied=record.applied_at,
        ended=_ended(record, record.applied_at),
        revision=record.revision or record.goes_to,
        left=record.return_to if record.cause is Cause.ROLLBACK else "",
    )


def _pushed(record: Deployment) -> datetime | None:
    """Return when the image was pushed, by the push's event; None when no push began it.

    A release by a person moves the record's `order` behind `created`.
    """
    return min(record.order, record.created) if record.cause in _PUSHES else None


def _ended(record: Deployment, applied: datetime) -> datetime | None:
    """Return when it was live, else when it was closed (UTC).

    A deployment is live once ECS calls its rollout complete: the checks of `watch_after` and
    `after` come later. One of somebody else was found later than it was live, so its beginning
    counts.
    """
    if record.cause is Cause.FOREIGN:
        return applied
    if record.status is not Status.SUCCESSFUL:
        return record.closed
    known = (record.ecs_ended, record.succeeded)
    return next((one for one in known if one is not None and one >= applied), record.closed)
