"""request + HEAD -> admitted: decide whether a request is new, known or refused."""

from __future__ import annotations

import hashlib
import re
from datetime import datetime, timedelta
from enum import Enum

from chalicelib.model.base import Frozen, iso
from chalicelib.model.deployments import FAILURES, Cause, Status
from chalicelib.model.heads import Head
from chalicelib.model.requests import Request

FRESH = timedelta(hours=1)  # the most that a push from before the meeting may be old


class Admission(Enum):
    """The meaning of a request for a service: it is new, known or refused."""

    NEW = "new"
    KNOWN = "known"
    REFUSED = "refused"


class Admitted(Frozen):
    """The admission of a request, and its reason. `deployment` is the id of the known one."""

    admission: Admission
    reason: str = ""
    deployment: str = ""


def admit(request: Request, head: Head, now: datetime) -> Admitted:
    """Return whether a request makes a deployment, means a known one, or is refused.

    The first rule that matches decides:

    1. A request by hand is known when a recent deployment has its key; any other one is new.
    2. A push of the digest that was last asked for is known. Two kinds are left to the next rules:
       a digest that is barred (rule 4), and one that was only observed, if the target deploys now.
    3. A push is too late when it is not after HEAD's order, or when it came before the meeting and
       is more than an hour old at `now`. It is known when its digest is recent, else refused.
    4. A barred digest is refused, under any tag, until a person deploys it. A digest is barred when
       a person rolls it back or stops its deployment.
    5. A digest whose last verdict on this service was a failure is refused.
    6. Any other push is new, also one of a digest that ran before (a revert).

    Before the first request, HEAD's order is the time at which the running revision was deployed.
    """
    if request.cause in {Cause.MANUAL, Cause.ROLLBACK}:
        return _by_hand(request, head)
    last = head.verdict_of(request.digest)
    only_observed = last is not None and last.status is Status.OBSERVED and not request.observes
    barred = request.digest in head.barred
    if request.digest == head.digest and not only_observed and not barred:
        return Admitted(
            admission=Admission.KNOWN,
            reason="this digest is what the service was last asked to run",
            deployment=last.deployment if last else "",
        )
    if late := _too_late(request, head, now):
        if last is not None:
            return Admitted(
                admission=Admission.KNOWN,
                reason="a late or repeated event of a known deployment",
                deployment=last.deployment,
            )
        return Admitted(admission=Admission.REFUSED, reason=late)
    if barred:
        return Admitted(
            admission=Admission.REFUSED,
            reason="a person rolled this very image back, or stopped it, so it is not deployed by "
            "itself, under any tag. Push a new build, or deploy it by hand.",
        )
    if last is not None and last.status in FAILURES:
        return Admitted(
            admission=Admission.REFUSED,
            reason=f"this very image failed here before ({last.deployment}: {last.status}). "
            "Push a new build, or deploy it by hand.",
        )
    return Admitted(admission=Admission.NEW)


def _too_late(request: Request, head: Head, now: datetime) -> str:
    """Return why a push is too late for this service, and what to do; empty when it is not."""
    meeting = head.meeting
    old = meeting is not None and request.order <= meeting and now - request.order > FRESH
    if is_after(request, head) and not old:
        return ""
    why = f"a newer image was asked for at {iso(head.order)}"
    if meeting is not None and is_after(request, head):
        why = f"Slipway met this service at {iso(meeting)}, and it is more than an hour old"
    elif not head.digest and head.met is not None:
        why = f"what the service runs was deployed at {iso(head.order)}"
    elif not head.digest:
        why = f"Slipway met this service at {iso(head.order)}"
    return (
        f"{why}; this image was pushed at {iso(request.order)}. To run it all the same, deploy it "
        "by hand."
    )


def _by_hand(request: Request, head: Head) -> Admitted:
    if not request.key:
        return Admitted(admission=Admission.NEW)
    same = next((recent for recent in head.recent if recent.key == request.key), None)
    if same is None:
        return Admitted(admission=Admission.NEW)
    return Admitted(
        admission=Admission.KNOWN,
        reason=f"the key {request.key!r} was used for this deployment before",
        deployment=same.deployment,
    )


def is_after(request: Request, head: Head) -> bool:
    """Whether the request is newer than the last one that HEAD knows."""
    return newer((request.order, request.pushed_at), (head.order, head.pushed_at))


def newer(this: tuple[datetime, datetime | None], other: tuple[datetime, datetime | None]) -> bool:
    """Whether `this` (order, imagePushedAt) is newer than `other`; at equal times neither is."""
    return moment(*this) > moment(*other)


def moment(order: datetime, pushed_at: datetime | None) -> tuple[datetime, datetime]:
    """Return the pair that orders requests: a whole second, and a time that decides within it.

    EventBridge's times have whole seconds, and an invocation's time has milliseconds. So the
    seconds are compared first. Within the same second, `imagePushedAt` stands for a push, and the
    invocation's own time for a request by hand. The order is total: the order of arrival does not
    matter.
    """
    second, within = order.replace(microsecond=0), pushed_at or order
    return second, within.replace(microsecond=within.microsecond // 1000 * 1000)


def deployment_id(request: Request) -> str:
    """Return the id of a request's deployment, `[a-z0-9-]{1,60}`; equal requests have equal ids.

    The time comes first, so that a service's history sorts by it. Then comes the service's name,
    for people. Last comes a hash, which tells apart services, digests and keys that look alike.
    """
    identity = "\0".join(
        (request.service, request.cause, request.digest, iso(request.order), request.key)
    )
    mark = hashlib.sha256(identity.encode()).hexdigest()[:8]
    return f"{stamp(request.order)}-{slug(request.service)}-{mark}"


def slug(service: str) -> str:
    """Return the part of a deployment's id that names the service (`CLUSTER/SERVICE`)."""
    name = re.sub(r"[^a-z0-9]+", "-", service.rsplit("/", 1)[-1].lower()).strip("-")
    return name[:34].rstrip("-") or "service"


def stamp(moment: datetime) -> str:
    """Return a time as a deployment's id begins with it, in whole seconds (UTC)."""
    return iso(moment)[:19].replace("-", "").replace(":", "").lower()
