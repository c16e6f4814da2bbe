"""request -> record: what is asked of a service enters the ledger once, and its watcher starts."""

from __future__ import annotations

from chalicelib.decide.order import Admission, Admitted, Request, admit, after, deployment_id
from chalicelib.decide.record import asked_again, met, moved, recorded
from chalicelib.errors import Denied
from chalicelib.flow.ports import World
from chalicelib.flow.retry import retried
from chalicelib.flow.tell import tell
from chalicelib.model.base import Frozen
from chalicelib.model.deployments import Cause, Deployment, Head, Status
from chalicelib.model.images import Image, commit_named
from chalicelib.model.targets import Target


class Asked(Frozen):
    """What became of a request: its admission, and the deployment it made or told of."""

    admitted: Admitted
    deployment: str


def request(
    world: World, target: Target, asked: Request, image: Image, *, refuse: str = ""
) -> Asked:
    """Record a request in the ledger and start its watcher; asking again changes nothing.

    With `refuse` (a reason), what would be new is refused instead: recorded, told, not deployed.

    Raises:
        Unavailable: when AWS does not answer; ask again.
    """
    return retried(target.name, lambda: _request(world, target, asked, image, refuse))


def _request(world: World, target: Target, asked: Request, image: Image, refuse: str) -> Asked:
    known_head = world.ledger.head(target.name)
    admitted = admit(asked, known_head)
    if refuse and admitted.what is Admission.NEW:
        admitted = Admitted(what=Admission.REFUSED, reason=refuse)
    if admitted.what is Admission.KNOWN:
        if known_head is not None and _newest_again(asked, known_head):
            world.ledger.save(asked_again(known_head, asked))
        return Asked(admitted=admitted, deployment=admitted.deployment)
    identity = deployment_id(asked)
    if world.ledger.deployment(target.name, identity) is not None:
        repeated = Admitted(what=Admission.KNOWN, reason="the same event, again")
        return Asked(admitted=repeated, deployment=identity)
    record = _record(world, target, asked, image)
    head = known_head or _first_meeting(world, target)
    if admitted.what is Admission.REFUSED:
        head, record = moved(head, record, world.now, status=Status.REFUSED, reason=admitted.reason)
        tell(world, world.ledger.save(head, record), record)
        return Asked(admitted=admitted, deployment=identity)
    world.ledger.save(recorded(head, record, asked), record)
    world.watchers.start(record.id, record.watcher)
    return Asked(admitted=admitted, deployment=identity)


def _newest_again(asked: Request, head: Head) -> bool:
    """Whether a push repeats what the service was last asked for, later than it was asked."""
    pushed = asked.cause in {Cause.PUSH, Cause.SWEEP}
    return pushed and asked.digest == head.digest and after(asked, head)


def _record(world: World, target: Target, asked: Request, image: Image) -> Deployment:
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
        repository=image.repository,
        digest=image.digest,
        tag=asked.tag,
        commit=commit_named((asked.tag, *image.tags)),
        image=image.uri,
        order=asked.order,
        pushed_at=asked.pushed_at,
        created=world.now,
        updated=world.now,
        goes_to=asked.goes_to,
    )


def _first_meeting(world: World, target: Target) -> Head:
    """Without what the service runs, where that may not be read: the first step finds it."""
    try:
        seen = world.services.service(target.cluster, target.service)
    except Denied:
        seen = None
    return met(target.name, seen, world.now)
