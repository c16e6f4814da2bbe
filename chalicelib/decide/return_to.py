"""revisions that ran before -> the revision that a deployment returns to when it fails."""

from __future__ import annotations

from chalicelib.model.base import Frozen, Moment
from chalicelib.model.heads import Head


class LastGood(Frozen):
    """The revision of the newest rollout that ended well, as ECS shows it, and when it began."""

    revision: str = ""
    began: Moment | None = None


def return_to(own: str, last: LastGood, superseded: str, head: Head) -> str:
    """Return the revision to return to; empty when no revision but `own` is known.

    The first known revision that is not `own` is taken, in this order:

    1. The revision that HEAD applied last and that is proven, when ECS still shows an older one.
    2. The revision that ECS shows, whoever deployed it.
    3. The revision that the superseded deployment would return to.
    4. The proven revisions, newest first, because ECS forgets service deployments after 90 days.
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
