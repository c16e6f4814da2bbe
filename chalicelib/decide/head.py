"""HEAD + request or record -> HEAD: keep the item that orders a service's deployments."""

from __future__ import annotations

from datetime import datetime, timedelta

from chalicelib.decide.admit import FRESH, is_after
from chalicelib.decide.befores import with_before
from chalicelib.decide.hold import held_back, held_by
from chalicelib.decide.proven import found_running, proved
from chalicelib.model.changes import changed_head
from chalicelib.model.deployments import GOES_BACK, Cause, Deployment, Status
from chalicelib.model.heads import Attempt, Head, Recent, Unconfirmed
from chalicelib.model.holds import HeldDeployment, Hold
from chalicelib.model.requests import Request
from chalicelib.model.services import Service

_RECENT_KEPT = 20
_BARRED_KEPT = 20
_STAYS = frozenset({Status.SUCCESSFUL, Status.ROLLBACK_FAILED})


def met(name: str, service: Service | None, now: datetime) -> Head:
    """Return the first HEAD of a service, which Slipway meets at `now` (UTC).

    The revision that the service runs steadily counts as proven. A push from before this meeting
    may still be deployed for an hour, unless the PRIMARY deployment was created after the push
    (ECS API reference, Deployment, createdAt).
    """
    primary = service.primary if service else None
    began = (primary.created_at if primary else None) or now - 2 * FRESH
    order = began.replace(microsecond=0)
    earlier = order - timedelta(milliseconds=1)  # so any push within this second is newer
    head = Head(service=name, met=now, order=order, pushed_at=earlier)
    return found_running(head, service, now)


def recorded(head: Head, deployment: Deployment, request: Request) -> Head:
    """Return HEAD after a new record, whose digest is now the one that was last asked for.

    HEAD's order never goes back, not even when a person asks for something older.
    """
    pushed_at = request.pushed_at if is_after(request, head) else head.pushed_at
    return changed_head(
        head,
        order=max(request.order, head.order),
        pushed_at=pushed_at,
        digest=request.digest,
        open_deployments=_with_open(head, deployment),
        recent=_with_recent(head, deployment),
        barred=_barred_after(head, request),
        holds=_holds_after(head, deployment, request),
    )


def _holds_after(head: Head, deployment: Deployment, request: Request) -> tuple[Hold, ...]:
    """Return the holds: a rollback by hand leaves one, unless it is not wanted."""
    if request.cause is not Cause.ROLLBACK or not request.holds:
        return head.holds
    hold = held_back(request.by, request.why, deployment.created, deployment.request)
    return held_by(head, hold).holds


def _barred_after(head: Head, request: Request) -> tuple[str, ...]:
    """Return the barred digests: a rollback adds the one it leaves, and a person may lift one."""
    by_hand = request.cause in {Cause.MANUAL, Cause.ROLLBACK}
    barred = bar(head, request.leaves).barred
    return tuple(digest for digest in barred if not (by_hand and digest == request.digest))


def bar(head: Head, *digests: str) -> Head:
    """Return HEAD with these digests barred: only a person may deploy them, under any tag."""
    new = [digest for digest in digests if digest and digest not in head.barred]
    return changed_head(head, barred=(*new, *head.barred)[:_BARRED_KEPT])


def recorded_unconfirmed(head: Head, deployment: Deployment) -> Head:
    """Return HEAD after an unconfirmed push: it is open, but changes no order until ECR answers."""
    known = (push for push in head.unconfirmed if push.deployment in head.open_deployments)
    mine = Unconfirmed(deployment=deployment.id, digest=deployment.digest)
    return changed_head(
        head, open_deployments=_with_open(head, deployment), unconfirmed=(*known, mine)
    )


def _with_open(head: Head, deployment: Deployment) -> tuple[str, ...]:
    others = (other for other in head.open_deployments if other != deployment.id)
    return (*others, deployment.id)


def asked_again(head: Head, request: Request) -> Head:
    """Return HEAD after the newest request was repeated: it counts from the repetition on."""
    order = max(request.order, head.order)
    return changed_head(head, order=order, pushed_at=request.pushed_at)


def released(head: Head, record: Deployment) -> Head:
    """Return HEAD after a person released this deployment: it is what was asked for last."""
    order = max(record.order, head.order)
    return changed_head(head, order=order, pushed_at=None, digest=record.digest)


def dropped(head: Head, record: Deployment) -> Head:
    """Return HEAD after a HELD deployment was refused: the same image may be pushed again."""
    return changed_head(head, digest="") if head.digest == record.digest else head


def followed(head: Head, record: Deployment) -> Head:
    """Return HEAD with the present state of this deployment."""
    open_ids = tuple(
        deployment for deployment in head.open_deployments if deployment != record.id or record.open
    )
    head = changed_head(
        with_before(head, record),
        open_deployments=open_ids,
        recent=_with_recent(head, record),
        attempt=_attempt(head, record),
        held=_held(head, record),
    )
    if head.applied_deployment != record.id or record.status not in GOES_BACK | _STAYS:
        return head
    works_towards = record.return_to if record.status in GOES_BACK else record.revision
    return changed_head(head, applied_revision=works_towards)


def _attempt(head: Head, deployment: Deployment) -> Attempt | None:
    """Return this deployment's attempt while its end is unknown; else the one that HEAD has."""
    if deployment.acting:
        return Attempt(
            deployment=deployment.id, order=deployment.order, pushed_at=deployment.pushed_at
        )
    ours = head.attempt is not None and head.attempt.deployment == deployment.id
    return None if ours else head.attempt


def _held(head: Head, deployment: Deployment) -> HeldDeployment | None:
    """Return this deployment while it is HELD; else the one that HEAD has."""
    if deployment.status is Status.HELD:
        return HeldDeployment(
            deployment=deployment.id,
            digest=deployment.digest,
            order=deployment.order,
            pushed_at=deployment.pushed_at,
        )
    ours = head.held is not None and head.held.deployment == deployment.id
    return None if ours else head.held


def applied(head: Head, deployment: Deployment, revision: str) -> Head:
    """Return HEAD after this deployment was applied; it supersedes all older deployments."""
    return changed_head(
        head,
        applied_deployment=deployment.id,
        applied_order=deployment.order,
        applied_pushed_at=deployment.pushed_at,
        applied_revision=revision,
        applied_back=deployment.cause is Cause.ROLLBACK,
    )


def scheduled(head: Head, deployment: Deployment) -> Head:
    """Return HEAD after this deployment went live: scheduled tasks run the newest such one.

    An older one may be seen to be live late, after a newer one was.
    """
    if head.scheduled_order is not None and deployment.order < head.scheduled_order:
        return head
    return changed_head(head, scheduled=deployment.id, scheduled_order=deployment.order)


def found_foreign(head: Head, deployment: Deployment, *, proven: bool) -> Head:
    """Return HEAD with a deployment of somebody else; the last request stays as it was."""
    head = changed_head(
        head, applied_revision=deployment.revision, recent=_with_recent(head, deployment)
    )
    return proved(head, deployment, deployment.order) if proven else head


def _with_recent(head: Head, deployment: Deployment) -> tuple[Recent, ...]:
    mine = Recent(
        deployment=deployment.id,
        digest=deployment.digest,
        status=deployment.status,
        key=deployment.key,
    )
    if any(recent.deployment == deployment.id for recent in head.recent):
        return tuple(
            mine if recent.deployment == deployment.id else recent for recent in head.recent
        )
    if deployment.status is Status.REFUSED or deployment.unconfirmed:
        return head.recent  # it was not admitted, so it says nothing about the service
    return (mine, *head.recent)[:_RECENT_KEPT]
