"""HEAD + what ran -> HEAD: the revisions that a rollback may go back to."""

from __future__ import annotations

from datetime import datetime

from chalicelib.decide.names import more_names, names
from chalicelib.model.changes import changed_head, changed_proven
from chalicelib.model.deployments import Cause, Deployment
from chalicelib.model.heads import Head, Proven
from chalicelib.model.services import EcsDeployment, Service

_PROVEN_KEPT = 10


def found_running(head: Head, service: Service | None, now: datetime) -> Head:
    """HEAD with what the service runs steadily as the newest proven revision.

    Somebody else may have deployed it since the sweep last looked: a rollback from what is deployed
    now goes back to it.
    """
    steady = unknown_steady(head, service)
    if steady is None or not steady.running or head.proven_revision(steady.task_definition):
        return head
    first = steady.created_at or now
    return _with_proven(head, Proven(revision=steady.task_definition, first=first))


def unknown_steady(head: Head, service: Service | None) -> EcsDeployment | None:
    """What a service runs steadily, when it is not what Slipway knows to be deployed to it.

    What began before Slipway's last deployment was asked for is an answer out of date: ECS' reads
    are eventually consistent.
    """
    steady = service.steady if service else None
    if steady is None or steady.task_definition in {head.applied_revision, _accounted_for(head)}:
        return None
    began, last = steady.created_at, head.applied_order
    return None if began is not None and last is not None and began < last else steady


def _accounted_for(head: Head) -> str:
    """The newest proven revision, where a record tells of it, or the meeting found it running."""
    newest = head.proven[0] if head.proven else None
    if newest is None:
        return ""
    known = newest.deployment or head.met is None or newest.first <= head.met
    return newest.revision if known else ""


def _with_proven(head: Head, proven: Proven) -> Head:
    """HEAD with this one as its newest proven revision, of at most ten."""
    others = tuple(other for other in head.proven if other.revision != proven.revision)
    return changed_head(head, proven=(proven, *others)[:_PROVEN_KEPT])


def proved(head: Head, deployment: Deployment, now: datetime) -> Head:
    """HEAD after a revision ran successfully: kept among the last ten, newest first.

    A rollback by hand marks what ran before it as left.
    """
    known = head.proven_revision(deployment.revision)
    proven = Proven(
        revision=deployment.revision,
        first=known.first if known else deployment.applied_at or now,
        deployment=deployment.id,
        earlier=names(deployment.id, known.deployments if known else ()),
        digest=deployment.digest,
        tag=deployment.tag,
        tags=names(deployment.tag, (*deployment.tags, *(known.all_tags if known else ()))),
    )
    if deployment.cause is Cause.ROLLBACK:
        head = _rolled_away(head, deployment.return_to)
    return _with_proven(head, proven)


def called(head: Head, digest: str, tag: str) -> Head:
    """HEAD once an image that ran here is known by one more tag."""
    changed = tuple(
        changed_proven(proven, tags=more_names(proven.tag, proven.tags, tag))
        if digest and proven.digest == digest
        else proven
        for proven in head.proven
    )
    return changed_head(head, proven=changed)


def _rolled_away(head: Head, revision: str) -> Head:
    changed = tuple(
        changed_proven(proven, rolled_away=True) if proven.revision == revision else proven
        for proven in head.proven
    )
    return changed_head(head, proven=changed)


def without_image(head: Head, proven: Proven, why: str) -> Head:
    """HEAD that knows why a proven revision's image cannot be pulled; empty: it can again."""
    changed = tuple(
        changed_proven(other, missing=why) if other.revision == proven.revision else other
        for other in head.proven
    )
    return changed_head(head, proven=changed)
