"""HEAD + running revision -> the proven revision that a rollback by hand goes to."""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.errors import Refused
from chalicelib.model.deployments import Deployment, Status
from chalicelib.model.heads import Head, Proven, Recent
from chalicelib.model.meant import did_you_mean
from chalicelib.model.task_definitions import short_name

# What waits has not changed ECS. What was superseded never did, or something newer has since.
_CHANGED_NOTHING = frozenset(
    {
        Status.PENDING,
        Status.HELD,
        Status.PREPARING,
        Status.REFUSED,
        Status.OBSERVED,
        Status.SUPERSEDED,
    }
)


def judged(head: Head) -> tuple[Recent, ...]:
    """Return the recent deployments that may have changed the service, newest first."""
    return tuple(recent for recent in head.recent if recent.status not in _CHANGED_NOTHING)


def back(head: Head, running: str, last: Deployment | None) -> Proven:
    """Return the newest proven revision that was first deployed before the running one.

    Revisions that an earlier rollback left are skipped. `running` is the ARN of the revision that
    the service runs, and `last` is the record of the last deployment that changed the service.

    Raises:
        Refused: when the service already runs the revision that the last deployment was rolled back
            to, or when no earlier revision is proven.
    """
    rolled_back = last is not None and last.status is Status.ROLLBACK_SUCCESSFUL
    if last is not None and rolled_back and last.return_to == running:
        raise Refused(
            f"{head.service} is already back on {short_name(running)}: {last.id} was "
            f"rolled back. To go further back, name `to`: {_choices(head.proven)}."
        )
    earlier = _newest_before(head, running)
    if earlier is None:
        raise Refused(
            f"{head.service} has no proven revision from before {short_name(running)}; proven "
            f"are {_choices(head.proven)}. Name `to`, or deploy an image by hand."
        )
    return earlier


def needed(head: Head) -> tuple[Proven, ...]:
    """Return the revisions that must stay deployable: the newest proven, and the one before it."""
    if not head.proven:
        return ()
    newest = head.proven[0]
    earlier = _newest_before(head, newest.revision)
    return (newest, earlier) if earlier else (newest,)


def _newest_before(head: Head, running: str) -> Proven | None:
    current = head.proven_revision(running)
    earlier = (
        proven
        for proven in head.proven
        if proven.revision != running
        and not proven.rolled_away
        and (current is None or proven.first < current.first)
    )
    return max(earlier, key=lambda proven: proven.first, default=None)


def named(head: Head, to: str) -> Proven:
    """Return the proven revision that `to` names: a deployment, family:revision, tag or digest.

    Every deployment that brought a revision names it, and so does every tag of its image.

    Raises:
        Refused: when `to` names no revision that ran successfully on this service.
    """
    for proven in head.proven:
        names = {proven.revision, short_name(proven.revision), proven.digest}
        if to and to in names.union(proven.deployments, proven.all_tags):
            return proven
    guess = did_you_mean(to, (name for proven in head.proven for name in _names(proven)))
    meant = f"; {guess} Proven" if guess else "; proven"
    raise Refused(
        f"{to!r} names no revision that ran successfully on {head.service}{meant} are "
        f"{_choices(head.proven)}. Anything else is deployed with `deploy`."
    )


def _names(proven: Proven) -> tuple[str, ...]:
    """Return the names of a proven revision that a person may type."""
    return (short_name(proven.revision), *proven.all_tags, *proven.deployments)


def _choices(proven: Sequence[Proven]) -> str:
    names = [
        short_name(choice.revision) + (f" ({choice.tag})" if choice.tag else "")
        for choice in proven
    ]
    return ", ".join(names) or "none"
