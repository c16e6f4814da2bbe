"""record + HEAD + what happened -> record + HEAD: how the ledger's two items change together."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from chalicelib.decide.admit import FRESH, after
from chalicelib.decide.transitions import allowed
from chalicelib.explain.notice import notice
from chalicelib.explain.text import brief
from chalicelib.model.deployments import (
    Attempt,
    Cause,
    Deployment,
    Head,
    Lease,
    Notice,
    Proven,
    Recent,
    Status,
    Unconfirmed,
)
from chalicelib.model.requests import Request
from chalicelib.model.services import EcsDeployment, Service

_PROVEN_KEPT = 10
_RECENT_KEPT = 20
_BARRED_KEPT = 20
_NAMES_KEPT = 50  # of one revision: deployments, and tags of its image
_REASON = 1_000  # characters of a reason: AWS may quote whatever it was sent
_GOES_BACK = frozenset({Status.ROLLBACK_IN_PROGRESS, Status.ROLLBACK_SUCCESSFUL})
_STAYS = frozenset({Status.SUCCESSFUL, Status.ROLLBACK_FAILED})
_SILENT = frozenset({Status.PENDING})  # nobody needs to hear that something waits its turn


def met(service: str, seen: Service | None, now: datetime) -> Head:
    """The HEAD of a service that Slipway meets for the first time.

    What it runs steadily now counts as proven. A push from before this moment may be deployed for
    an hour, unless what the service runs began after it (Deployment.createdAt of the PRIMARY one).
    """
    primary = seen.primary if seen else None
    began = (primary.created_at if primary else None) or now - 2 * FRESH
    order = began.replace(microsecond=0)
    earlier = order - timedelta(milliseconds=1)  # whatever is pushed in this second is newer
    head = Head(service=service, met=now, order=order, pushed_at=earlier)
    return found_running(head, seen, now)


def found_running(head: Head, seen: Service | None, now: datetime) -> Head:
    """HEAD with what the service runs steadily as the newest proven revision.

    Somebody else may have deployed it since the sweep last looked: a rollback from what is deployed
    now goes back to it.
    """
    steady = unknown_steady(head, seen)
    if steady is None or not steady.running or head.proven_revision(steady.task_definition):
        return head
    first = steady.created_at or now
    return _with_proven(head, Proven(revision=steady.task_definition, first=first))


def unknown_steady(head: Head, seen: Service | None) -> EcsDeployment | None:
    """What a service runs steadily, when it is not what Slipway knows to be deployed to it.

    What began before Slipway's last deployment was asked for is an answer out of date: ECS' reads
    are eventually consistent.
    """
    steady = seen.steady if seen else None
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
    others = tuple(one for one in head.proven if one.revision != proven.revision)
    return head.model_copy(update={"proven": (proven, *others)[:_PROVEN_KEPT]})


def recorded(head: Head, deployment: Deployment, request: Request) -> Head:
    """HEAD after a new record: it is what the service was last asked to run.

    The order never goes back, also when something older is asked for by hand.
    """
    pushed_at = request.pushed_at if after(request, head) else head.pushed_at
    return head.model_copy(
        update={
            "order": max(request.order, head.order),
            "pushed_at": pushed_at,
            "digest": request.digest,
            "open_deployments": _with_open(head, deployment),
            "recent": _with_recent(head, deployment),
            "barred": _barred_after(head, request),
        }
    )


def _barred_after(head: Head, request: Request) -> tuple[str, ...]:
    """What may not be deployed by itself: a rollback adds what it leaves, a person lifts a bar."""
    by_hand = request.cause in {Cause.MANUAL, Cause.ROLLBACK}
    barred = bar(head, request.leaves).barred
    return tuple(one for one in barred if not (by_hand and one == request.digest))


def bar(head: Head, *digests: str) -> Head:
    """HEAD that refuses these digests, under whatever tag, until a person deploys them."""
    new = [one for one in digests if one and one not in head.barred]
    return head.model_copy(update={"barred": (*new, *head.barred)[:_BARRED_KEPT]})


def recorded_unconfirmed(head: Head, deployment: Deployment) -> Head:
    """HEAD after a push of which ECR could not be asked: open, and in nobody's way until it was."""
    known = (one for one in head.unconfirmed if one.deployment in head.open_deployments)
    mine = Unconfirmed(deployment=deployment.id, digest=deployment.digest)
    return head.model_copy(
        update={
            "open_deployments": _with_open(head, deployment),
            "unconfirmed": (*known, mine),
        }
    )


def confirmed(head: Head, deployment: Deployment) -> Head:
    """HEAD once ECR has answered for a push that was recorded without it."""
    others = tuple(one for one in head.unconfirmed if one.deployment != deployment.id)
    return head.model_copy(update={"unconfirmed": others})


def _with_open(head: Head, deployment: Deployment) -> tuple[str, ...]:
    others = (one for one in head.open_deployments if one != deployment.id)
    return (*others, deployment.id)


def asked_again(head: Head, request: Request) -> Head:
    """HEAD after the newest request was repeated: what is between the two is older than it."""
    order = max(request.order, head.order)
    return head.model_copy(update={"order": order, "pushed_at": request.pushed_at})


def worded(changes: dict[str, Any]) -> dict[str, Any]:
    """The changes to a record with their reason and denial on one line each, cut to size."""
    texts = {"reason", "denial"} & changes.keys()
    return changes | {name: brief(changes[name], _REASON) for name in texts}


def moved(
    head: Head, deployment: Deployment, now: datetime, **changes: Any
) -> tuple[Head, Deployment]:
    """Both after `changes` to the record; a change of status adds its notice to the outbox.

    So does the first time that a permission is missing. A failure's notice waits for its case.

    Raises:
        ValueError: when the table of transitions does not allow it (a fault of ours).
    """
    changes = worded(changes)
    moves = changes.get("status", deployment.status) is not deployment.status
    begins_anew = {"denial": ""} if moves else {}
    after = deployment.model_copy(update={**begins_anew, **changes, "updated": now})
    if not after.open:
        after = after.model_copy(update={"acting": False})
    if not allowed(deployment.status, after.status):
        raise ValueError(f"{deployment.id}: {deployment.status} -> {after.status} is not allowed")
    after = after.model_copy(update={"notices": (*after.notices, *_news(deployment, after))})
    open_ids = tuple(one for one in head.open_deployments if one != after.id or after.open)
    head = head.model_copy(
        update={
            "open_deployments": open_ids,
            "recent": _with_recent(head, after),
            "attempt": _attempt(head, after),
        }
    )
    if head.applied == after.id and after.status in _GOES_BACK | _STAYS:
        works_towards = after.return_to if after.status in _GOES_BACK else after.revision
        head = head.model_copy(update={"applied_revision": works_towards})
    return head, after


def _news(before: Deployment, after: Deployment) -> tuple[Notice, ...]:
    """The notices that this change is worth: of a status, of a permission that is missing."""
    if after.unexplained is not None:
        return ()
    if before.unexplained is not None:
        failure = notice(after.model_copy(update={"denial": ""}))
        return (failure, notice(after)) if after.denied else (failure,)
    moves = after.status is not before.status and after.status not in _SILENT
    lacks_another = after.denied and after.missing_permission != before.missing_permission
    return (notice(after),) if moves or lacks_another else ()


def _attempt(head: Head, deployment: Deployment) -> Attempt | None:
    """The attempt that HEAD knows of: this deployment's, while how it ended is not known."""
    if deployment.acting:
        return Attempt(
            deployment=deployment.id, order=deployment.order, pushed_at=deployment.pushed_at
        )
    ours = head.attempt is not None and head.attempt.deployment == deployment.id
    return None if ours else head.attempt


def leased(head: Head, holder: str, until: datetime) -> Head:
    """HEAD while `holder` alone may act on the service, until this moment (UTC)."""
    return head.model_copy(update={"lease": Lease(holder=holder, until=until)})


def released(head: Head) -> Head:
    """HEAD once its holder is done: whoever comes next may act."""
    return head.model_copy(update={"lease": None})


def busy(head: Head, holder: str, now: datetime) -> bool:
    """Whether somebody else holds the right to act on this service at this moment."""
    return head.lease is not None and head.lease.holder != holder and head.lease.until > now


def applied(head: Head, deployment: Deployment, revision: str) -> Head:
    """HEAD after this deployment changed the service: whatever is older is superseded by it."""
    return head.model_copy(
        update={
            "applied": deployment.id,
            "applied_order": deployment.order,
            "applied_pushed_at": deployment.pushed_at,
            "applied_revision": revision,
        }
    )


def proved(head: Head, deployment: Deployment, now: datetime) -> Head:
    """HEAD after a revision ran successfully: kept among the last ten, newest first.

    A rollback by hand marks what ran before it as left.
    """
    known = head.proven_revision(deployment.revision)
    proven = Proven(
        revision=deployment.revision,
        first=known.first if known else deployment.applied or now,
        deployment=deployment.id,
        earlier=names(deployment.id, known.deployments if known else ()),
        digest=deployment.digest,
        tag=deployment.tag,
        tags=names(deployment.tag, (*deployment.tags, *(known.all_tags if known else ()))),
    )
    if deployment.cause is Cause.ROLLBACK:
        head = _left(head, deployment.return_to)
    return _with_proven(head, proven)


def called(head: Head, digest: str, tag: str) -> Head:
    """HEAD once an image that ran here is known by one more tag."""
    changed = tuple(
        one.model_copy(update={"tags": more_names(one.tag, one.tags, tag)})
        if digest and one.digest == digest
        else one
        for one in head.proven
    )
    return head.model_copy(update={"proven": changed})


def more_names(first: str, others: tuple[str, ...], name: str) -> tuple[str, ...]:
    """The names besides the first one, with one that may be new."""
    return names(first, others if name in others else (name, *others))


def names(first: str, others: tuple[str, ...]) -> tuple[str, ...]:
    """These names once each, without the first one."""
    return tuple(one for one in dict.fromkeys(others) if one and one != first)[:_NAMES_KEPT]


def _left(head: Head, revision: str) -> Head:
    changed = tuple(
        one.model_copy(update={"left": True}) if one.revision == revision else one
        for one in head.proven
    )
    return head.model_copy(update={"proven": changed})


def found_foreign(head: Head, deployment: Deployment, *, proven: bool) -> Head:
    """HEAD that knows what somebody else deployed; what it was asked to run is as it was."""
    head = head.model_copy(
        update={
            "applied_revision": deployment.revision,
            "recent": _with_recent(head, deployment),
        }
    )
    return proved(head, deployment, deployment.order) if proven else head


def without_image(head: Head, proven: Proven, why: str) -> Head:
    """HEAD that knows why a proven revision's image cannot be pulled; empty: it can again."""
    changed = tuple(
        one.model_copy(update={"missing": why}) if one.revision == proven.revision else one
        for one in head.proven
    )
    return head.model_copy(update={"proven": changed})


def _with_recent(head: Head, deployment: Deployment) -> tuple[Recent, ...]:
    mine = Recent(
        deployment=deployment.id,
        digest=deployment.digest,
        status=deployment.status,
        key=deployment.key,
    )
    if any(one.deployment == deployment.id for one in head.recent):
        return tuple(mine if one.deployment == deployment.id else one for one in head.recent)
    if deployment.status is Status.REFUSED or deployment.unconfirmed:
        return head.recent  # it was never admitted, so it says nothing about the service
    return (mine, *head.recent)[:_RECENT_KEPT]
