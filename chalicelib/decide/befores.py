"""HEAD + record -> the `before` tasks that began on a service, and what they keep from happening.

What a `before` did to the data stays, also when its rollout failed. So HEAD keeps them apart from
the records, which expire.
"""

from __future__ import annotations

from chalicelib.explain.hold import minute
from chalicelib.explain.text import listed
from chalicelib.model.changes import changed_head
from chalicelib.model.deployments import Deployment
from chalicelib.model.heads import Before, Head, Proven
from chalicelib.model.runs import RunOutcome
from chalicelib.model.task_definitions import short_name

_KEPT = 50  # the newest decide whether a rollback goes back across one; all ten proven are covered
_NAMED = 3
_ENDED: dict[RunOutcome | None, str] = {
    None: "still runs",
    RunOutcome.SUCCEEDED: "ended well",
    RunOutcome.FAILED: "failed",
}


def with_before(head: Head, record: Deployment) -> Head:
    """Return HEAD with the record's `before`, if it has one; the newest fifty are kept.

    A record is also written long after its `before`, so those in HEAD are ordered by their
    beginning. The end of a `before` is not known when its deployment was closed while it ran.
    """
    run = record.before
    if run is None:
        return head
    lost = None if record.open else RunOutcome.UNKNOWN
    mine = Before(
        deployment=record.id,
        revision=record.revision,
        digest=record.digest,
        tag=record.tag,
        began=run.began,
        outcome=run.outcome or lost,
    )
    others = (one for one in head.befores if one.deployment != record.id)
    newest = sorted((mine, *others), key=lambda one: one.began, reverse=True)
    return changed_head(head, befores=tuple(newest[:_KEPT]))


def running_before(head: Head, deployment: str) -> Before | None:
    """Return the `before` of another deployment that runs now; None when none does."""
    others = (one for one in head.befores if one.deployment != deployment)
    return next((one for one in others if one.outcome is None), None)


def crossed(head: Head, to: Proven) -> tuple[Before, ...]:
    """Return the `before` tasks that a rollback to this revision goes back across, newest first.

    They are those that began after the revision's own newest `before` that ended well. A revision
    without one is as old as its first deployment. A task whose container never ran left nothing.
    """
    well = (one for one in head.befores if one.outcome is RunOutcome.SUCCEEDED)
    since = max((one.began for one in well if _of(one, to)), default=to.first)
    began = (one for one in head.befores if one.outcome is not RunOutcome.NOT_STARTED)
    return tuple(one for one in began if one.began > since and not _of(one, to))


def barrier(head: Head, to: Proven) -> str:
    """Return why a rollback by hand to this revision needs `override`; empty when it does not."""
    found = crossed(head, to)
    if not found:
        return ""
    names = listed([_words(one) for one in found], _NAMED)
    return (
        f"{short_name(to.revision)} is older than what these `before` tasks left in the data: "
        f"{names}. A rollback takes nothing of that back. If {short_name(to.revision)} can run on "
        "the data as it is now, roll back again with `override`."
    )


def _of(before: Before, proven: Proven) -> bool:
    return before.deployment in proven.deployments or before.revision == proven.revision


def _words(before: Before) -> str:
    ended = _ENDED.get(before.outcome, "its end is not known")
    return f"{before.tag or short_name(before.revision)} ({minute(before.began)}, {ended})"
