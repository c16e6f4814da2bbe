"""HEAD + a revision that ran -> HEAD: keep the revisions that a rollback may go back to."""

from __future__ import annotations

from datetime import datetime

from chalicelib.decide.names import more_names, names
from chalicelib.model.changes import changed_head, changed_proven
from chalicelib.model.deployments import Cause, Deployment
from chalicelib.model.heads import Head, Proven
from chalicelib.model.services import EcsDeployment, Service

_PROVEN_KEPT = 10


def found_running(head: Head, service: Service | None, now: datetime) -> Head:
    """Return HEAD with the revision that the service runs steadily as the newest proven one.

    Somebody else may have deployed it after the last sweep. A later rollback by hand then goes back
    to it.
    """
    steady = unknown_steady(head, service)
    if steady is None or not steady.running or head.proven_revision(steady.task_definition):
        return head
    first = steady.created_at or now
    return _with_proven(head, Proven(revision=steady.task_definition, first=first))


def unknown_steady(head: Head, service: Service | None) -> EcsDeployment | None:
    """Return the steady deployment that Slipway does not know of; None when it knows it.

    ECS' reads are eventually consistent: a deployment that began before Slipway's last one was
    asked for is an answer that is out of date.
    """
    steady = service.steady if service else None
    if steady is None or steady.task_definition in {head.applied_revision, _accounted_for(head)}:
        return None
    began, last = steady.created_at, head.applied_order
    return None if began is not None and last is not None and began < last else steady


def _accounted_for(head: Head) -> str:
    """Return the newest proven revision if it has a record or was found at the meeting."""
    newest = head.proven[0] if head.proven else None
    if newest is None:
        return ""
    known = newest.deployment or head.met is None or newest.first <= head.met
    return newest.revision if known else ""


def _with_proven(head: Head, proven: Proven) -> Head:
    """Return HEAD with this one as its newest proven revision; HEAD keeps the last ten."""
    others = tuple(other for other in head.proven if other.revision != proven.revision)
    return changed_head(head, proven=(proven, *others)[:_PROVEN_KEPT])


def proved(head: Head, deployment: Deployment, now: datetime) -> Head:
    """Return HEAD after the deployment's revision ran successfully: it is the newest proven one.

    A rollback by hand also marks the revision that it left as rolled away from.
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
    """Return HEAD after an image that ran on this service got one more tag."""
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
    """Return HEAD with why ECS cannot pull a proven revision's image; empty when it can again."""
    changed = tuple(
        changed_proven(other, missing=why) if other.revision == proven.revision else other
        for other in head.proven
    )
    return changed_head(head, proven=changed)
