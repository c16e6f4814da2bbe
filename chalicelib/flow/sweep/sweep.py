"""all targets, every ten minutes -> outcomes: find lost pushes, watchers, notices and images."""

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
from chalicelib.explain.missing import missing
from chalicelib.flow.advance import advance
from chalicelib.flow.outcome import Outcome
from chalicelib.flow.ports import World
from chalicelib.flow.request import request
from chalicelib.flow.retry import retried
from chalicelib.flow.service import service_of
from chalicelib.flow.sweep.foreign import foreign
from chalicelib.flow.sweep.holds import remind
from chalicelib.flow.sweep.kept_images import keep
from chalicelib.flow.sweep.runs import runs
from chalicelib.flow.watch import start_next
from chalicelib.model.base import iso
from chalicelib.model.deployments import Cause
from chalicelib.model.heads import Head
from chalicelib.model.images import Image
from chalicelib.model.requests import Request
from chalicelib.model.targets import Target

_LOOK_BACK = timedelta(hours=24)
_SKEW = timedelta(minutes=1)  # the most by which Lambda's clock and ECR's may differ
_RECORDS = 20
# The sweep looks for what others deployed once an hour. A turn takes ten services, and the turns
# are spread over the hour's six slots of ten minutes.
_SLOT_SECONDS, _SLOTS = 600, 6
_BATCH = 10  # the most services that DescribeServices takes

Tagged = Callable[[str], Sequence[Image]]


def sweep_targets(world: World) -> tuple[Outcome, ...]:
    """Advance all unfinished deployments, restart dead watchers, and look into ECR and ECS.

    In ECR each sweep finds pushes whose events were lost, and images that a rollback needs but that
    are gone. It reads each repository once (1,000 images a call) for all targets that follow it. In
    ECS the sweep finds what others deployed, once an hour.

    An error of one service becomes an outcome, and the others are still swept. An error that is no
    DeployerError is a fault of Slipway's own; the first one is raised at the end.
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
        (f"{cluster}/*", "", partial(foreign, world, cluster, batch))
        for cluster, batch in _batches(world.targets.all)
        if _has_its_turn(cluster, batch, world.now)
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
    """Whether the present slot of ten minutes is the one, of six in an hour, for these targets.

    Slots are counted from 1970. A batch has the same slot in every hour, however late within it the
    sweep comes.
    """
    slot = int(now.timestamp()) // _SLOT_SECONDS % _SLOTS
    return crc32(f"{cluster}/{targets[0].service}".encode()) % _SLOTS == slot


def _batches(targets: Sequence[Target]) -> Iterator[tuple[str, Sequence[Target]]]:
    """Yield each cluster with its targets, at most ten at a time."""
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
    found = _lost(world, target, head, images) or keep(world, target, head, images)
    found = found or (runs(world, target, head) if target.is_task else [])
    return found or remind(world, head)  # HEAD is as it was read when nothing was found


def _lost(world: World, target: Target, head: Head, images: Sequence[Image]) -> list[Outcome]:
    image = lost_push(images, target, head)
    if image is None or _heard_of(world, target, image):
        return []
    return [_lost_push(world, target, image)]


def _meet(world: World, target: Target) -> Outcome:
    service = service_of(world, target.cluster, target.service, running=1)
    if service is None:
        reason = missing(target.cluster, target.service)
        return Outcome(outcome="failed", service=target.name, reason=reason)
    world.ledger.save(met(target.name, service, world.now))
    return Outcome(outcome="met", service=target.name, reason="the first look deploys nothing")


def _heard_of(world: World, target: Target, image: Image) -> bool:
    """Whether the ledger has a record of this push; then its event was not lost."""
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
    found = asked.admitted.admission is Admission.NEW
    return Outcome(
        outcome="found" if found else asked.admitted.admission.value,
        service=target.name,
        deployment=asked.deployment,
        status=status,
        reason=asked.admitted.reason,
    )


def _too_old(world: World, image: Image) -> str:
    """Return why a lost push is too old to be deployed; empty when it is not older than a day.

    Nobody expects yesterday's image to go live now, so people are only told of it, once.
    """
    if world.now - image.pushed_at <= _LOOK_BACK:
        return ""
    return (
        f"the event of this push ({iso(image.pushed_at)}) never came, and it is too old to be "
        "deployed by itself. Deploy it by hand, or push a new build."
    )
