"""payload -> deployment: `deploy` and `rollback` by hand, the same path as a push."""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from chalicelib.decide.follow import undeployable
from chalicelib.decide.record import bar
from chalicelib.decide.rollback_target import back, last_judged, named
from chalicelib.definition.render import image_in
from chalicelib.errors import Refused, Unavailable
from chalicelib.flow.advance import advance, withdraw
from chalicelib.flow.ports import World
from chalicelib.flow.request import request
from chalicelib.flow.retry import retried
from chalicelib.flow.running import digest_that_runs
from chalicelib.flow.sweep.foreign import remember
from chalicelib.model.deployments import Cause, Deployment, Head, Proven, Status
from chalicelib.model.images import Image, is_digest, is_tag
from chalicelib.model.places import Place
from chalicelib.model.registries import (
    Repository,
    digest_of,
    ecr_repository,
    repository_of,
    tag_of,
)
from chalicelib.model.requests import Request
from chalicelib.model.targets import Target
from chalicelib.model.task_definitions import short_name

_Text = Annotated[str, StringConstraints(min_length=1, max_length=500, strip_whitespace=True)]
# CLUSTER/SERVICE may have 511 characters, an image's URI with its tag and digest a few more.
_Name = Annotated[str, StringConstraints(min_length=1, max_length=1_000, strip_whitespace=True)]
_GOES_BACK = frozenset({Status.ROLLBACK_IN_PROGRESS, Status.ROLLBACK_SUCCESSFUL})
_Model = TypeVar("_Model", bound=BaseModel)


class DeployRequest(BaseModel):
    """`deploy`'s payload; `image` is a tag, a digest, or an image URI of the repository."""

    model_config = ConfigDict(extra="forbid", strict=True)

    service: _Name
    image: _Name
    by: _Text
    why: _Text
    key: _Text | None = None
    override: bool = False


class RollbackRequest(BaseModel):
    """`rollback`'s payload. `to` is a deployment id, family:revision, a tag or a digest."""

    model_config = ConfigDict(extra="forbid", strict=True)

    service: _Name
    to: _Name | None = None
    by: _Text
    why: _Text
    key: _Text | None = None
    override: bool = False


def deploy_by_hand(world: World, payload: object) -> dict[str, Any]:
    """Deploy an image by hand; `{"deployment", "status"}`.

    Raises:
        Refused: when the payload, the service or the image is not one that can be deployed.
        Unavailable: when AWS does not answer; nothing was recorded.
    """
    asked = _parsed(DeployRequest, payload)
    target = _target(world, asked.service)
    image, tag = _image(world, target, asked.image)
    return _ask(
        world,
        target,
        Request(
            service=target.name,
            cause=Cause.MANUAL,
            digest=image.digest,
            order=world.now,
            tag=tag,
            key=asked.key or "",
            by=asked.by,
            why=asked.why,
            override=asked.override,
        ),
        image,
    )


def rollback_by_hand(world: World, payload: object) -> dict[str, Any]:
    """Stop the deployment under way, or go back to a proven revision; `{"deployment", "status"}`.

    What only waits is refused, and the service goes back all the same; so it does where the
    deployment has ended, or somebody else's has taken its place, since anybody looked.

    Raises:
        Refused: when there is nothing to go back to, or `to` names nothing proven.
        Unavailable: when AWS does not answer, or another step is acting; ask again.
    """
    asked = _parsed(RollbackRequest, payload)
    target = _target(world, asked.service)
    head = _head(world, target)
    if asked.key and (known := _asked_before(world, head, asked.key)) is not None:
        return known
    if asked.to is not None:
        return _go_back(world, target, asked, named(head, asked.to))
    stopped = _withdrawn(world, head, f"stopped by hand by {asked.by}: {asked.why}")
    if stopped is not None and stopped.status in _GOES_BACK:
        return {"deployment": stopped.id, "status": stopped.status.value}
    if stopped is not None and stopped.open:
        raise Unavailable(f"{stopped.id} could not be stopped yet; ask again in half a minute")
    try:
        return _go_back(world, target, asked, _earlier(world, target))
    except Refused as refused:
        if stopped is None:
            raise
        words = f"{stopped.id} is {stopped.status}; but the service stays as it is: {refused}"
        return {"deployment": stopped.id, "status": stopped.status.value, "error": words}


def _go_back(
    world: World, target: Target, asked: RollbackRequest, proven: Proven
) -> dict[str, Any]:
    image, tag = _image_of(world, target, proven)
    left = _left(world, target)
    return _ask(
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
        ),
        image,
    )


def _left(world: World, target: Target) -> str:
    """The digest that the service runs, or is being brought to; empty when that is not known."""
    service = world.services.service(target.cluster, target.service)
    revision = service.task_definition if service else ""
    return digest_that_runs(world, target, _head(world, target), revision) if revision else ""


def _asked_before(world: World, head: Head, key: str) -> dict[str, Any] | None:
    """The reply to a rollback that was asked for with this key before."""
    same = next((one for one in head.recent if one.key == key), None)
    record = world.ledger.deployment(head.service, same.deployment) if same else None
    return _reply(record) if record is not None else None


def _withdrawn(world: World, head: Head, why: str) -> Deployment | None:
    """Stop what is open, what waits first; the one that was being rolled out, else the newest.

    REFUSED: it only waited, so what the service runs is still to be gone back from.
    """
    waiting = [one for one in head.open_deployments if one != head.applied]
    rolling = [one for one in head.open_deployments if one == head.applied]
    if head.open_deployments:
        retried(head.service, lambda: _barred(world, head))
    stopped = [withdraw(world, head.service, one, why) for one in (*waiting, *rolling)]
    begun = [one for one in stopped if one.status is not Status.REFUSED]
    return next(reversed(begun or stopped), None)


def _barred(world: World, head: Head) -> None:
    """What is stopped by hand stays away, whatever becomes of the call that stops it."""
    records = (world.ledger.deployment(head.service, one) for one in head.open_deployments)
    digests = [record.digest for record in records if record is not None]
    now = world.ledger.head(head.service) or head
    if (after := bar(now, *digests)) != now:
        world.ledger.save(after)


def _ask(world: World, target: Target, asked: Request, image: Image) -> dict[str, Any]:
    made = request(world, target, asked, image)
    try:
        return _reply(advance(world, target.name, made.deployment))
    except Unavailable:
        # Recorded, and its watcher runs: the reply says where it stands now.
        record = world.ledger.deployment(target.name, made.deployment)
        if record is None:
            raise
        return _reply(record)


def _reply(record: Deployment) -> dict[str, Any]:
    reply = {"deployment": record.id, "status": record.status.value}
    return {**reply, "error": record.reason} if record.status is Status.REFUSED else reply


def _parsed(model: type[_Model], payload: object) -> _Model:
    try:
        return model.model_validate(payload)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        key = ".".join(str(part) for part in first["loc"]) or "payload"
        expected = ", ".join(
            name + ("" if field.is_required() else "?")
            for name, field in model.model_fields.items()
        )
        raise Refused(f"`{key}`: {first['msg']}; expected an object of {expected}") from error


def _target(world: World, service: str) -> Target:
    target = world.targets.named(service)
    if target is None:
        known = ", ".join(one.name for one in world.targets.all)
        raise Refused(f"no target is named {service!r} (CLUSTER/SERVICE); the targets are {known}")
    return target


def _image(world: World, target: Target, wanted: str) -> tuple[Image, str]:
    """The image that `wanted` names, and the tag by which people know it."""
    reference, tag = _reference(world.here, target, wanted)
    image = world.images.image(target.repository, reference)
    if image is None:
        raise Refused(
            f"{target.repository} has no image {reference!r}. List what it has: aws ecr "
            f"describe-images --repository-name {target.repository}"
        )
    if (why := undeployable(image)) is not None:
        raise Refused(f"{wanted} cannot be deployed: {why}")
    return image, tag or (image.tags[0] if image.tags else "")


def _reference(here: Place, target: Target, wanted: str) -> tuple[str, str]:
    """(what ECR is asked for, the tag) of a tag, a digest or an image URI; a digest wins.

    Raises:
        Refused: when it is none of these, or the URI of another registry or repository.
    """
    if is_digest(wanted):
        return wanted, ""
    if is_tag(wanted):
        return wanted, wanted
    if "/" in wanted and ecr_repository(wanted) != Repository(place=here, name=target.repository):
        raise Refused(
            f"{repository_of(wanted)} is not the repository that {target.name} follows "
            f"({target.repository} of account {here.account} in {here.region}); images of other "
            "repositories are not deployed"
        )
    tag, digest = tag_of(wanted), digest_of(wanted)
    legal = (not tag or is_tag(tag)) and (not digest or is_digest(digest))
    if "/" not in wanted or not legal or not (digest or tag):
        raise Refused(
            f"{wanted!r} names no tag and no digest; expected one of {target.repository}'s, or "
            "its image's whole URI"
        )
    return digest or tag, tag


def _earlier(world: World, target: Target) -> Proven:
    """Where a rollback goes that names nothing; what others deployed is remembered first."""
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
    return back(head, service.task_definition, record)


def _head(world: World, target: Target) -> Head:
    head = world.ledger.head(target.name)
    if head is None:
        raise Refused(
            f"Slipway has not met {target.name} yet, so it knows nothing to go back to. "
            "The next sweep (every 10 minutes) or push will."
        )
    return head


def _image_of(world: World, target: Target, proven: Proven) -> tuple[Image, str]:
    """The image of a proven revision and its tag, as far as known; one that ECR lost is refused.

    A revision that Slipway did not render may name its image by a tag, which says no digest, or
    run one of another repository, of which only its own registry could tell.
    """
    definition = world.services.task_definition(proven.revision)
    if definition is None:
        raise Refused(
            f"{short_name(proven.revision)} was deleted from ECS and cannot be gone back to"
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
        raise Refused(f"{short_name(proven.revision)} cannot be gone back to: {why}")
    return image, tag
