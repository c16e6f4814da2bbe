"""status -> the statuses that may follow it: the one table of a deployment's life."""

from __future__ import annotations

from chalicelib.model.deployments import OPEN, Status

_CLOSED_EARLY = frozenset({Status.SUPERSEDED, Status.REFUSED, Status.OBSERVED, Status.FAILED})

TRANSITIONS: dict[Status, frozenset[Status]] = {
    Status.PENDING: _CLOSED_EARLY | {Status.HELD, Status.PREPARING, Status.IN_PROGRESS},
    Status.HELD: frozenset({Status.PENDING, Status.SUPERSEDED, Status.REFUSED}),
    Status.PREPARING: frozenset(
        {Status.IN_PROGRESS, Status.FAILED, Status.REFUSED, Status.SUPERSEDED}
    ),
    Status.IN_PROGRESS: frozenset(
        {
            Status.SUCCESSFUL,
            Status.SUPERSEDED,
            Status.FAILED,
            Status.ROLLBACK_IN_PROGRESS,
            Status.ROLLBACK_SUCCESSFUL,
            Status.ROLLBACK_FAILED,
        }
    ),
    Status.ROLLBACK_IN_PROGRESS: frozenset(
        # SUCCESSFUL follows when ECS completed the rollout before it could be rolled back.
        {Status.ROLLBACK_SUCCESSFUL, Status.ROLLBACK_FAILED, Status.FAILED, Status.SUCCESSFUL}
    ),
    **{status: frozenset() for status in Status if status not in OPEN},
}


def allowed(before: Status, after: Status) -> bool:
    """Whether a record may go from `before` to `after`; it may always keep its status."""
    return before == after or after in TRANSITIONS[before]
