"""request -> record -> watcher: record a request in the ledger once, and start its watcher."""

from __future__ import annotations

from chalicelib.decide.admit import Admission, Admitted, admit, deployment_id, is_after
from chalicelib.decide.after import after
from chalicelib.decide.happened import happened
from chalicelib.decide.head import asked_again, met, recorded, recorded_unconfirmed
from chalicelib.decide.names import names
from chalicelib.decide.proven import called
from chalicelib.errors import DeployerError
from chalicelib.flow.ports import World
from chalicelib.flow.retry import retried
from chalicelib.flow.service import service_of
from chalicelib.flow.tell import tell
from chalicelib.model.base import Frozen
from chalicelib.model.deployments import Cause, Deployment, Status
from chalicelib.model.happenings import CalledAlso, PushedAgain, Refused
from chalicelib.model.heads import Head
from chalicelib.model.images import Image, commit_named
from chalicelib.model.requests import Request
from chalicelib.model.targets import Target


class Asked(Frozen):
    """The answer to a request: its admission, and the id of its deployment."""

    admitted: Admitted
    deployment: str


def request(
    world: World, target: Target, asked: Request, image: Image | None, *, refuse: str = ""
) -> Asked:
    """Record a request in the ledger and start its watcher. A repeated request changes nothing.

    `image` is None when ECR did not answer: the push is recorded unconfirmed, and its first step
    asks ECR again. When `refuse` gives a reason, a request that would be new is recorded as REFUSED
    for it, and people are told.

    Raises:
        Unavailable: when AWS does not answer; the caller may ask again.
    """
    return retried(target.name, lambda: _request(world, target, asked, image, refuse))


def _request(
    world: World, target: Target, asked: Request, image: Image | None, refuse: str
) -> Asked:
    head = world.ledger.head(target.name) or _first_meeting(world, target)
    if _is_push(asked) and (waiting := head.unconfirmed_of(asked.digest)):
        return _still_unconfirmed(world, head, asked, waiting)
    admitted = admit(asked, head, world.now)
    if refuse and admitted.admission is Admission.NEW:
        admitted = Admitted(admission=Admission.REFUSED, reason=refuse)
    if admitted.admission is Admission.KNOWN:
        _note_repetition(world, head, asked, admitted.deployment)
        return Asked(admitted=admitted, deployment=admitted.deployment)
    identity = deployment_id(asked)
    if world.ledger.deployment(target.name, identity) is not None:
        _note_repetition(world, head, asked, identity)
        repeated = Admitted(admission=Admission.KNOWN, reason="the same event, again")
        return Asked(admitted=repeated, deployment=identity)
    record = _record(world, target, asked, image)
    if image is not None and admitted.admission is Admission.REFUSED:
        refused = Refused(reason=admitted.reason)
        head, record = happened(head, record, refused, world.now)
        tell(world, world.ledger.save(head, record), record)
        return Asked(admitted=admitted, deployment=identity)
    head = recorded_unconfirmed(head, record) if image is None else recorded(head, record, asked)
    world.ledger.save(head, record)
    world.watchers.start(record.id, record.watcher)
    return Asked(admitted=Admitted(admission=Admission.NEW), deployment=identity)


def _is_push(asked: Request) -> bool:
    return asked.cause in {Cause.PUSH, Cause.SWEEP}


def _newest_again(asked: Request, head: Head) -> bool:
    """Whether a push repeats the newest request, and is later than it."""
    return _is_push(asked) and asked.digest == head.digest and is_after(asked, head)


def _note_repetition(world: World, head: Head, asked: Request, deployment: str) -> None:
    """Save what a repeated push says: its later time, and a tag that may be new."""
    if not _is_push(asked):
        return
    new_head = asked_again(head, asked) if _newest_again(asked, head) else head
    new_head = called(new_head, asked.digest, asked.tag)
    before = world.ledger.deployment(head.service, deployment) if deployment else None
    record = after(before, CalledAlso(tag=asked.tag), world.now) if before else None
    if new_head != head or record != before:
        world.ledger.save(new_head, record)


def _still_unconfirmed(world: World, head: Head, asked: Request, deployment: str) -> Asked:
    """Return the unconfirmed deployment of this digest, which takes the later of the two times."""
    record = world.ledger.deployment(head.service, deployment)
    if record is not None and record.unconfirmed:
        pushed_again = PushedAgain(tag=asked.tag, order=asked.order)
        again = after(record, pushed_again, world.now)
        if again != record:
            world.ledger.save(head, again)
    waits = Admitted(
        admission=Admission.KNOWN, reason="ECR has not been asked about this image yet"
    )
    return Asked(admitted=waits, deployment=deployment)


def _record(world: World, target: Target, asked: Request, image: Image | None) -> Deployment:
    return Deployment(
        id=deployment_id(asked),
        service=target.name,
        status=Status.PENDING,
        cause=asked.cause,
        by=asked.by,
        why=asked.why,
        key=asked.key,
        override=asked.override,
        mode=target.mode,
        repository=target.repository,
        digest=image.digest if image else asked.digest,
        unconfirmed=image is None,
        tag=asked.tag,
        tags=names(asked.tag, (*asked.tags, *(image.tags if image else ()))),
        request=world.holder,
        commit=commit_named((asked.tag, *(image.tags if image else ()))),
        image=image.uri if image else "",
        order=asked.order,
        pushed_at=asked.pushed_at,
        created=world.now,
        updated=world.now,
        goes_to=asked.goes_to,
    )


def _first_meeting(world: World, target: Target) -> Head:
    """Return the first HEAD; when ECS does not answer, the first step finds what runs.

    What the rules and schedules of a [[task]] name at the meeting counts as proven.
    """
    try:
        service = service_of(world, target.cluster, target.service, running=1)
    except DeployerError:
        service = None
    return met(target.name, service, world.now)
