"""every ten minutes -> what was lost is found: pushes, watchers, steps, notices, images."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import cache, partial
from zlib import crc32

from chalicelib.decide.admit import Admission
from chalicelib.decide.follow import tag_deploys
from chalicelib.decide.head import met
from chalicelib.decide.lost import lost_push
from chalicelib.decide.pace import wait_seconds
from chalicelib.errors import DeployerError
from chalicelib.flow.advance import advance
from chalicelib.flow.outcome import Outcome
from chalicelib.flow.ports import World
from chalicelib.flow.request import request
from chalicelib.flow.retry import retried
from chalicelib.flow.sweep.foreign import foreign
from chalicelib.flow.sweep.kept_images import keep
from chalicelib.flow.watch import start_next
from chalicelib.model.base import iso
from chalicelib.model.deployments import Cause
from chalicelib.model.heads import Head
from chalicelib.model.images import Image
from chalicelib.model.requests import Request
from chalicelib.model.targets import Target

_LOOK_BACK = timedelta(hours=24)
_SKEW = timedelta(minutes=1)  # between Lambda's clock and ECR's
_RECORDS = 20
# What others deployed is looked for without a cause, so only once an hour: ten services in each
# turn, the turns spread over the hour's six slots of ten minutes.
_SLOT_SECONDS, _SLOTS = 600, 6
_BATCH = 10  # services, the most that DescribeServices takes

Tagged = Callable[[str], Sequence[Image]]


def sweep_targets(world: World) -> tuple[Outcome, ...]:
    """Advance what is unfinished, restart dead watchers, and look around.

    In ECR it finds pushes whose events were lost, and that images which a rollback needs are gone:
    every time, with one read of a repository (1,000 images a call) that its followers share. In
    ECS, once an hour, it finds what others deployed.

    One service's trouble never keeps another from being swept: it becomes an outcome, and the
    next sweep comes to it again. A fault of ours is raised when all have had their turn.
    """
    turns = [
        (service, deployment, partial(_unfinished, world, service, deployment))
        for service, deployment in world.ledger.unfinished()
    ]
    tagged = cache(world.images.tagged)  # several services may follow one repository
    turns += [
        (target.name, "", partial(_target, world, target, tagged)) for target in world.targets.all
    ]
    turns += [
        (f"{cluster}/*", "", partial(foreign, world, cluster, some))
        for cluster, some in _batches(world.targets.all)
        if _has_its_turn(cluster, some, world.now)
    ]
    outcomes: list[Outcome] = []
    faults: list[Exception] = []
    for service, deployment, turn in turns:
        try:
            outcomes += turn()
        except Exception as error:  # whatever it is, the others are still swept
            if not isinstance(error, DeployerError):
                faults.append(error)
            outcomes.append(_failed(service, deployment, error))
    if faults:
        raise faults[0]
    return tuple(outcomes)


def _has_its_turn(cluster: str, targets: Sequence[Target], now: datetime) -> bool:
    """Whether these are looked at in the slot of ten minutes, counted from 1970, that this is.

    Always the same one of six, however late a sweep comes within it.
    """
    slot = int(now.timestamp()) // _SLOT_SECONDS % _SLOTS
    return crc32(f"{cluster}/{targets[0].service}".encode()) % _SLOTS == slot


def _batches(targets: Sequence[Target]) -> Iterator[tuple[str, Sequence[Target]]]:
    """The targets by cluster, at most ten together."""
    for cluster in dict.fromkeys(target.cluster for target in targets):
        own = [target for target in targets if target.cluster == cluster]
        yield from ((cluster, own[at : at + _BATCH]) for at in range(0, len(own), _BATCH))


def _failed(service: str, deployment: str, error: Exception) -> Outcome:
    return Outcome(outcome="failed", service=service, deployment=deployment, reason=str(error))


def _unfinished(world: World, service: str, deployment: str) -> list[Outcome]:
    record = advance(world, service, deployment)
    if wait_seconds(record, world.now) and not world.watchers.alive(record.id, record.watcher):
        start_next(world, service, deployment)
    return [
        Outcome(
            outcome="untold" if record.notices else "advanced",
            service=service,
            deployment=deployment,
            status=record.status,
            reason=record.reason,
        )
    ]


def _target(world: World, target: Target, tagged: Tagged) -> list[Outcome]:
    return retried(target.name, lambda: _looked_at(world, target, tagged))


def _looked_at(world: World, target: Target, tagged: Tagged) -> list[Outcome]:
    head = world.ledger.head(target.name)
    if head is None:
        return [_meet(world, target)]
    images = tagged(target.repository)
    return _lost(world, target, head, images) or keep(world, target, head, images)


def _lost(world: World, target: Target, head: Head, images: Sequence[Image]) -> list[Outcome]:
    image = lost_push(images, target, head)
    if image is None or _heard_of(world, target, image):
        return []
    return [_lost_push(world, target, image)]


def _meet(world: World, target: Target) -> Outcome:
    service = world.services.service(target.cluster, target.service)
    if service is None:
        reason = f"the service {target.name} does not exist; correct targets.toml or create it"
        return Outcome(outcome="failed", service=target.name, reason=reason)
    world.ledger.save(met(target.name, service, world.now))
    return Outcome(outcome="met", service=target.name, reason="nothing is deployed on meeting it")


def _heard_of(world: World, target: Target, image: Image) -> bool:
    """Whether the ledger has a record of this push: then it was not lost, however it ended."""
    since = image.pushed_at - _SKEW
    records = world.ledger.history(target.name, _RECORDS)
    return any(record.digest == image.digest and record.created >= since for record in records)


def _lost_push(world: World, target: Target, image: Image) -> Outcome:
    tag = next(tag for tag in image.tags if tag_deploys(tag, target))
    asked = request(
        world,
        target,
        Request(
            service=target.name,
            cause=Cause.SWEEP,
            digest=image.digest,
            order=image.pushed_at,
            pushed_at=image.pushed_at,
            tag=tag,
            observes=target.mode == "observe",
        ),
        image,
        refuse=_too_old(world, image),
    )
    status = ""
    if asked.deployment:
        status = advance(world, target.name, asked.deployment).status
    found = asked.admitted.what is Admission.NEW
    return Outcome(
        outcome="found" if found else asked.admitted.what.value,
        service=target.name,
        deployment=asked.deployment,
        status=status,
        reason=asked.admitted.reason,
    )


def _too_old(world: World, image: Image) -> str:
    """Why a lost push is only told of, once: nobody expects yesterday's image to go live now."""
    if world.now - image.pushed_at <= _LOOK_BACK:
        return ""
    return (
        f"the event of this push ({iso(image.pushed_at)}) never came, and it is too old to be "
        "deployed by itself. Deploy it by hand, or push a new build."
    )
