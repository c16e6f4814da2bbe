"""Something that happens, for every status that a deployment may have after it."""

from __future__ import annotations

from chalicelib.model.deployments import Return, Status
from chalicelib.model.happenings import (
    Completed,
    Failed,
    Happening,
    Noted,
    Observed,
    Prepares,
    Refused,
    RollsBack,
    Started,
    Superseded,
    Waits,
)
from tests.fixtures import examples
from tests.fixtures.examples import at, revision

_RETURNING = Return(by="ecs", how="breaker", began=at(1), done=True)
LEADS_TO: dict[Status, Happening] = {
    Status.PENDING: Waits(reason="a rollout ends first"),
    Status.PREPARING: Prepares(revision=revision(8), run=examples.run()),
    Status.IN_PROGRESS: Started(revision=revision(8), applied_at=at(1), deadline=at(1800)),
    Status.SUCCESSFUL: Completed(noted=Noted()),
    Status.ROLLBACK_IN_PROGRESS: RollsBack(noted=Noted(), returning=_RETURNING, deadline=None),
    Status.FAILED: Failed(noted=Noted(), status=Status.FAILED),
    Status.ROLLBACK_SUCCESSFUL: Failed(noted=Noted(), status=Status.ROLLBACK_SUCCESSFUL),
    Status.ROLLBACK_FAILED: Failed(noted=Noted(), status=Status.ROLLBACK_FAILED),
    Status.SUPERSEDED: Superseded(reason="a newer one was applied"),
    Status.REFUSED: Refused(reason="there is no such image"),
    Status.OBSERVED: Observed(base=revision(7), reason="would register a revision"),
}
