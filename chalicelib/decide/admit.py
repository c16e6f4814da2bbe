"""request + HEAD -> is it new? Sameness and order of what a service is asked to run."""

from __future__ import annotations

import hashlib
import re
from datetime import datetime, timedelta
from enum import Enum

from chalicelib.model.base import Frozen, iso
from chalicelib.model.deployments import FAILURES, Cause, Status
from chalicelib.model.heads import Head
from chalicelib.model.requests import Request

FRESH = timedelta(hours=1)  # how old a push from before the first meeting may be


class Admission(Enum):
    """What a request means to a service's HEAD."""

    NEW = "new"
    KNOWN = "known"
    REFUSED = "refused"


class Admitted(Frozen):
    """The answer, in words; `deployment` names the known one where there is one."""

    what: Admission
    reason: str = ""
    deployment: str = ""


def admit(request: Request, head: Head, now: datetime) -> Admitted:
    """Whether a request makes a deployment, tells of a known one, or is refused.

    The first rule that matches decides:

    1. by hand: only the same key among the recent deployments is known; anything else is new;
    2. a push of the digest that HEAD was last asked for: known (unless it was only observed, and
       the target deploys by now);
    3. a push not after HEAD's order, or one from before the meeting that is more than an hour old
       at `now`: known when the digest is recent, else refused;
    4. a digest that a person left (a rollback by hand, or a deployment stopped by hand): refused,
       under whatever tag, until it is deployed by hand;
    5. a digest whose last verdict on this service was a failure: refused;
    6. any other push is new, also of a digest that ran before (a revert).

    A digest that a person left is not known by rule 2.

    Before the first request, HEAD's order is when what the service runs was deployed.
    """
    if request.cause in {Cause.MANUAL, Cause.ROLLBACK}:
        return _by_hand(request, head)
    last = head.verdict_of(request.digest)
    only_observed = last is not None and last.status is Status.OBSERVED and not request.observes
    barred = request.digest in head.barred
    if request.digest == head.digest and not only_observed and not barred:
        return Admitted(
            what=Admission.KNOWN,
            reason="this digest is what the service was last asked to run",
            deployment=last.deployment if last else "",
        )
    if late := _too_late(request, head, now):
        if last is not None:
            return Admitted(
                what=Admission.KNOWN,
                reason="a late or repeated event of a known deployment",
                deployment=last.deployment,
            )
        return Admitted(what=Admission.REFUSED, reason=late)
    if barred:
        return Admitted(
            what=Admission.REFUSED,
            reason="a person rolled this very image back, or stopped it, so it is not deployed by "
            "itself, under whatever tag. Push a new build, or deploy it by hand.",
        )
    if last is not None and last.status in FAILURES:
        return Admitted(
            what=Admission.REFUSED,
            reason=f"this very image failed here before ({last.deployment}: {last.status}). "
            "Push a new build, or deploy it by hand.",
        )
    return Admitted(what=Admission.NEW)


def _too_late(request: Request, head: Head, now: datetime) -> str:
    """Why a push is too old for this service, and what to do; empty when it is not."""
    meeting = head.meeting
    old = meeting is not None and request.order <= meeting and now - request.order > FRESH
    if is_after(request, head) and not old:
        return ""
    what = f"a newer image was asked for at {iso(head.order)}"
    if meeting is not None and is_after(request, head):
        what = f"Slipway met this service at {iso(meeting)}, and it is more than an hour old"
    elif not head.digest and head.met is not None:
        what = f"what the service runs was deployed at {iso(head.order)}"
    elif not head.digest:
        what = f"Slipway met this service at {iso(head.order)}"
    return (
        f"{what}; this push is of {iso(request.order)}. To run it all the same, deploy it by hand."
    )


def _by_hand(request: Request, head: Head) -> Admitted:
    if not request.key:
        return Admitted(what=Admission.NEW)
    same = next((recent for recent in head.recent if recent.key == request.key), None)
    if same is None:
        return Admitted(what=Admission.NEW)
    return Admitted(
        what=Admission.KNOWN,
        reason=f"the key {request.key!r} was used for this deployment before",
        deployment=same.deployment,
    )


def is_after(request: Request, head: Head) -> bool:
    """Whether the request is newer than what the service was last asked for."""
    return newer((request.order, request.pushed_at), (head.order, head.pushed_at))


def newer(this: tuple[datetime, datetime | None], other: tuple[datetime, datetime | None]) -> bool:
    """Whether `this` (order, imagePushedAt) is newer than `other`; of one moment, neither is."""
    return moment(*this) > moment(*other)


def moment(order: datetime, pushed_at: datetime | None) -> tuple[datetime, datetime]:
    """What tells which of two requests is newer: the second, then a time within it.

    EventBridge's times have whole seconds, an invocation's has milliseconds. So only seconds are
    compared first; within one, `imagePushedAt` decides for a push, and an invocation's own time for
    what was asked for by hand. This order is total: it is the same whichever comes first.
    """
    second, within = order.replace(microsecond=0), pushed_at or order
    return second, within.replace(microsecond=within.microsecond // 1000 * 1000)


def deployment_id(request: Request) -> str:
    """A deployment's id: `[a-z0-9-]{1,60}`, the same for the same request, sorting by time.

    The time makes a service's history sort; the slug lets people recognise the service; the hash
    tells services, digests and keys apart that look alike.
    """
    slug = re.sub(r"[^a-z0-9]+", "-", request.service.rsplit("/", 1)[-1].lower()).strip("-")
    identity = "\0".join(
        (request.service, request.cause, request.digest, iso(request.order), request.key)
    )
    mark = hashlib.sha256(identity.encode()).hexdigest()[:8]
    return f"{_stamp(request.order)}-{slug[:34].rstrip('-') or 'service'}-{mark}"


def _stamp(moment: datetime) -> str:
    return iso(moment)[:19].replace("-", "").replace(":", "").lower()
