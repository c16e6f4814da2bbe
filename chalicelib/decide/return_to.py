"""what ran before -> the revision that a deployment returns to when it fails."""

from __future__ import annotations

from chalicelib.model.base import Frozen, Moment
from chalicelib.model.heads import Head


class LastGood(Frozen):
    """The revision of the newest rollout that ECS shows to have ended well, and when it began."""

    revision: str = ""
    began: Moment | None = None


def return_to(own: str, last: LastGood, superseded: str, head: Head) -> str:
    """The first that is known and is not our own revision; empty when the service ran nothing else.

    What ECS shows comes first, whoever deployed it. ECS may show what ran before the deployment
    that HEAD knows to have been applied last and to have ended well: then that one comes first.
    Next is where the deployment that this one supersedes would return to, last what is proven, the
    newest first: ECS forgets service deployments after 90 days.
    """
    revisions = [proven.revision for proven in head.proven]
    old_view = (
        last.began is not None
        and head.applied_order is not None
        and last.began < head.applied_order
        and revisions[:1] == [head.applied_revision]
    )
    candidates = (*revisions[: int(old_view)], last.revision, superseded, *revisions)
    return next((revision for revision in candidates if revision and revision != own), "")
