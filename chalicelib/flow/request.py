"""request -> record: what is asked of a service enters the ledger once, and its watcher starts."""

from __future__ import annotations

from chalicelib.decide.order import Admission, Admitted, Request, admit, deployment_id
from chalicelib.decide.record import met, moved, recorded
from chalicelib.errors import Conflict, Unavailable
from chalicelib.flow.ports import World
from chalicelib.model.base import Frozen
from chalicelib.model.deployments import Deployment, Head, Status
from chalicelib.model.images import Image
from chalicelib.model.targets import Target

_TRIES = 5


class Asked(Frozen):
    """What became of a request: its admission, and the deployment it made or told of."""

    admitted: Admitted
    deployment: str


def request(world: World, target: Target, asked: Request, image: Image) -> Asked:
    """Record a request in the ledger and start its watcher; asking again changes nothing.

    Raises:
        Unavailable: when AWS does not answer; ask again.
    """
    for _ in range(_TRIES):
        try:
            return _request(world, target, asked, image)
        except Conflict:
            continue
    raise Unavailable(f"others kept writing to {target.name}; ask again")


def _request(world: World, target: Target, asked: Request, image: Image) -> Asked:
    known_head = world.ledger.head(target.name)
    admitted = admit(asked, known_head)
    if admitted.what is Admission.KNOWN:
        return Asked(admitted=admitted, deployment=admitted.deployment)
    identity = deployment_id(asked)
    if world.ledger.deployment(target.name, identity) is not None:
        repeated = Admitted(what=Admission.KNOWN, reason="the same event, again")
        return Asked(admitted=repeated, deployment=identity)
    record = _record(world, target, asked, image)
    head = known_head or _first_meeting(world, target)
    if admitted.what is Admission.REFUSED:
        head, record = moved(head, record, world.now, status=Status.REFUSED, reason=admitted.reason)
        world.ledger.save(head, record)
        return Asked(admitted=admitted, deployment=identity)
    world.ledger.save(recorded(head, record, asked), record)
    world.watchers.start(record.id, record.watcher)
    return Asked(admitted=admitted, deployment=identity)


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
        image=image.uri,
        order=asked.order,
        created=world.now,
        updated=world.now,
        goes_to=asked.goes_to,
    )


def _first_meeting(world: World, target: Target) -> Head:
    return met(target.name, world.services.service(target.cluster, target.service), world.now)
