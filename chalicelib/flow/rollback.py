"""payload -> deployment -> reply: `rollback` by hand stops a deployment or goes back from one."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict

from chalicelib.decide.befores import barrier
from chalicelib.decide.follow import undeployable
from chalicelib.decide.head import bar
from chalicelib.decide.hold import held_back, held_by
from chalicelib.decide.rollback_target import back, last_judged, named
from chalicelib.definition.render import image_in
from chalicelib.errors import Refused, Unavailable
from chalicelib.flow.by_hand import ask, reply_of
from chalicelib.flow.choices import choices
from chalicelib.flow.dry_run import DryRun, dry_run
from chalicelib.flow.hold import tell_holds
from chalicelib.flow.payload import Name, Text, parsed, target_named
from chalicelib.flow.planned import Played, played, told
from chalicelib.flow.ports import World
from chalicelib.flow.retry import retried
from chalicelib.flow.running import digest_that_runs
from chalicelib.flow.sweep.foreign import remember
from chalicelib.flow.withdraw import withdraw
from chalicelib.model.deployments import GOES_BACK, Cause, Deployment, Status
from chalicelib.model.heads import Head, Proven
from chalicelib.model.images import Image
from chalicelib.model.registries import (
    Repository,
    digest_of,
    ecr_repository,
    tag_of,
)
from chalicelib.model.requests import Request
from chalicelib.model.targets import Target
from chalicelib.model.task_definitions import short_name

_WAITS = frozenset({Status.PENDING, Status.HELD})


class RollbackRequest(BaseModel):
    """The payload of `rollback`. `to` is a deployment id, family:revision, a tag or a digest.

    `hold` says whether pushes are held afterwards; the target decides when it is left out.
    `override` goes back also to a revision older than what a `before` task left in the data.
    """

    model_config = ConfigDict(defer_build=True, extra="forbid", strict=True)

    service: Name
    to: Name | None = None
    by: Text
    why: Text
    key: Text | None = None
    hold: bool | None = None
    override: bool = False
    plan: bool = False


def rollback_by_hand(world: World, payload: object) -> dict[str, Any]:
    """Stop the rollout under way, or go back to a proven revision.

    Return `{"deployment", "status"}`, or a plan if that is asked for. Pushes are held afterwards,
    until somebody releases them. So a deployment that only waits becomes HELD, and the service goes
    back as well; without a hold, it is refused. The service also goes back when the deployment has
    just ended, or when somebody else's has just taken its place.

    Raises:
        Refused: when there is nothing to go back to, when `to` names no proven revision, or when it
            is older than what a `before` task left in the data and `override` is not given.
        Unavailable: when AWS does not answer, or another step is acting; the person may ask again.
    """
    asked = parsed(RollbackRequest, payload)
    target = target_named(world, asked.service)
    if asked.plan:
        return _planned(world, target, asked)
    reply = _rolled_back(world, target, asked)
    if _holds(target, asked):
        _tell_of_hold(world, target)
    return reply


def _planned(world: World, target: Target, asked: RollbackRequest) -> dict[str, Any]:
    """Return what the rollback would do, and the proven revisions that a person may choose."""
    dry = dry_run(world)
    outcome = played(dry, target, asked.key, lambda dry: _rolled_back(dry, target, asked))
    plain, default = _default(world, target, asked, (dry, outcome))
    service = world.services.service(target.cluster, target.service)
    proven = choices(plain.world, target, service.revision if service else "", default)
    return told(dry, target, outcome, service) | {"proven": proven}


def _default(
    world: World, target: Target, asked: RollbackRequest, made: tuple[DryRun, Played]
) -> tuple[DryRun, str]:
    """Return a dry run of the rollback without `to`, and the revision that it would choose.

    `made` is the dry run of what was asked. Where nothing else was asked, it is the same. Whether
    the revision needs `override` does not change which one it is.
    """
    dry, outcome = made
    if asked.to is None and asked.key is None and outcome.would.does != "refuse":
        return dry, outcome.goes_to
    plain = RollbackRequest(
        service=asked.service, by=asked.by, why=asked.why, hold=asked.hold, override=True
    )
    dry = dry_run(world)
    try:
        chosen = played(dry, target, None, lambda dry: _rolled_back(dry, target, plain)).goes_to
    except Unavailable:
        chosen = ""  # another step acts, so nobody can say it now
    return dry, chosen


def _tell_of_hold(world: World, target: Target) -> None:
    """Tell people that pushes are held from now on; no error stops the reply."""
    try:
        head = world.ledger.head(target.name)
    except Unavailable:
        return
    if head is not None and any(hold.since == world.now for hold in head.holds):
        tell_holds(world, head, "set")


def _rolled_back(world: World, target: Target, asked: RollbackRequest) -> dict[str, Any]:
    head = _head(world, target)
    if asked.key and (known := _asked_before(world, head, asked.key)) is not None:
        return known
    if asked.to is not None:
        return _go_back(world, target, asked, named(head, asked.to))
    stopped, waits = _withdrawn(world, head, asked, hold=_holds(target, asked))
    if stopped is not None and stopped.status in GOES_BACK:
        return {"deployment": stopped.id, "status": stopped.status.value}
    if stopped is not None and stopped.open:
        raise Unavailable(f"{stopped.id} could not be stopped yet; ask again in half a minute")
    try:
        return _go_back(world, target, asked, _earlier(world, target))
    except Refused as refused:
        ended = stopped or waits
        if ended is None:
            raise
        words = f"{ended.id} is {ended.status}; but the service stays as it is: {refused}"
        return {"deployment": ended.id, "status": ended.status.value, "error": words}


def _go_back(
    world: World, target: Target, asked: RollbackRequest, proven: Proven
) -> dict[str, Any]:
    if not asked.override and (why := barrier(_head(world, target), proven)):
        raise Refused(why)
    image, tag = _image_of(world, target, proven)
    left = _running_digest(world, target)
    return ask(
        world,
        target,
        Request(
            service=target.name,
            cause=Cause.ROLLBACK,
            digest=image.digest,
            order=world.now,
            tag=tag,
            tags=proven.tags,
            key=asked.key or "",
            by=asked.by,
            why=asked.why,
            override=asked.override,
            goes_to=proven.revision,
            leaves="" if left == image.digest else left,
            holds=_holds(target, asked),
        ),
        image,
    )


def _running_digest(world: World, target: Target) -> str:
    """Return the digest that the service runs or is rolling out; empty when it is not known."""
    service = world.services.service(target.cluster, target.service)
    revision = service.revision if service else ""
    return digest_that_runs(world, target, _head(world, target), revision) if revision else ""


def _asked_before(world: World, head: Head, key: str) -> dict[str, Any] | None:
    """Return the reply to the earlier request with this key; None when there is none."""
    same = next((recent for recent in head.recent if recent.key == key), None)
    record = world.ledger.deployment(head.service, same.deployment) if same else None
    return reply_of(record) if record is not None else None


def _holds(target: Target, asked: RollbackRequest) -> bool:
    """Whether pushes are held after this rollback; nothing is held where nothing is deployed."""
    wanted = target.hold_after_rollback if asked.hold is None else asked.hold
    return wanted and target.mode == "deploy"


def _withdrawn(
    world: World, head: Head, asked: RollbackRequest, *, hold: bool
) -> tuple[Deployment | None, Deployment | None]:
    """Stop what has begun; return (the deployment that was rolled out, the newest that waits).

    Waiting ones become HELD. Without a hold they are refused, and the newest of them is returned
    first if no deployment was rolled out.
    """
    why = f"stopped by hand by {asked.by}: {asked.why}"
    waiting = [
        deployment for deployment in head.open_deployments if deployment != head.applied_deployment
    ]
    rolling = [
        deployment for deployment in head.open_deployments if deployment == head.applied_deployment
    ]
    if head.open_deployments:
        retried(head.service, lambda: _bar_open(world, head, asked, hold=hold))
    ended = [
        withdraw(world, head.service, deployment, why, refuse_waiting=not hold)
        for deployment in (*waiting, *rolling)
    ]
    waits = [deployment for deployment in ended if deployment.status in _WAITS]
    stopped = [deployment for deployment in ended if deployment.status not in _WAITS]
    begun = [deployment for deployment in stopped if deployment.status is not Status.REFUSED]
    return next(reversed(begun or stopped), None), next(reversed(waits), None)


def _bar_open(world: World, head: Head, asked: RollbackRequest, *, hold: bool) -> None:
    """Hold pushes, and bar the digests of what is stopped, first: so both stay if a call fails."""
    records = (
        world.ledger.deployment(head.service, deployment) for deployment in head.open_deployments
    )
    waits = _WAITS if hold else frozenset()
    digests = [
        record.digest
        for record in records
        if record is not None and (record.acting or record.status not in waits)
    ]
    newest = world.ledger.head(head.service) or head
    after = bar(newest, *digests)
    if hold:
        after = held_by(after, held_back(asked.by, asked.why, world.now, world.holder))
    if after != newest:
        world.ledger.save(after)


def _earlier(world: World, target: Target) -> Proven:
    """Return the revision of a rollback without `to`; first remember what others deployed."""
    return retried(target.name, lambda: _before(world, target))


def _before(world: World, target: Target) -> Proven:
    head = _head(world, target)
    service = world.services.service(target.cluster, target.service)
    if service is None or service.status == "INACTIVE":
        raise Refused(f"the cluster {target.cluster} has no active service {target.service}")
    if remember(world, target, head, service) is not None:
        head = _head(world, target)
    last = last_judged(head)
    record = world.ledger.deployment(target.name, last.deployment) if last else None
    return back(head, service.revision, record)


def _head(world: World, target: Target) -> Head:
    head = world.ledger.head(target.name)
    if head is None:
        raise Refused(
            f"Slipway has not met {target.name} yet, so it knows nothing to go back to. "
            "The next sweep (every 10 minutes) or push will."
        )
    return head


def _image_of(world: World, target: Target, proven: Proven) -> tuple[Image, str]:
    """Return the image of a proven revision and its tag, as far as they are known.

    The digest stays empty when it cannot be known: a revision that Slipway did not render may name
    its image by a tag only, or may run an image of another repository.

    Raises:
        Refused: when the revision was deleted from ECS, or its image is gone from ECR or cannot be
            deployed.
    """
    definition = world.services.task_definition(proven.revision)
    if definition is None:
        raise Refused(
            f"{short_name(proven.revision)} was deleted from ECS, so nothing can go back to it"
        )
    uri = image_in(definition, target.repository, target.containers, world.here)
    digest = proven.digest or digest_of(uri)
    tag = proven.tag or tag_of(uri)
    elsewhere = ecr_repository(uri) != Repository(place=world.here, name=target.repository)
    if not digest or (uri and elsewhere):
        return Image(repository=target.repository, digest="", pushed_at=world.now, uri=uri), tag
    image = world.images.image(target.repository, digest)
    if image is None:
        raise Refused(
            f"{short_name(proven.revision)} runs {digest}, which {target.repository} no longer "
            "has (a lifecycle policy?). Push that image again, or name another `to`."
        )
    if (why := undeployable(image)) is not None:
        raise Refused(f"the service cannot go back to {short_name(proven.revision)}: {why}")
    return image, tag
