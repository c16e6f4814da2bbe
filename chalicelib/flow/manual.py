"""payload -> deployment: `deploy` and `rollback` by hand, the same path as a push."""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from chalicelib.decide.back import back, named
from chalicelib.decide.match import undeployable
from chalicelib.decide.order import Request
from chalicelib.decide.render import image_in
from chalicelib.errors import Refused, Unavailable
from chalicelib.flow.advance import advance, withdraw
from chalicelib.flow.ports import World
from chalicelib.flow.request import request
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
from chalicelib.model.services import Service
from chalicelib.model.targets import Target
from chalicelib.model.task_definitions import short_name

_Text = Annotated[str, StringConstraints(min_length=1, max_length=500, strip_whitespace=True)]
# CLUSTER/SERVICE may have 511 characters, an image's URI with its tag and digest a few more.
_Name = Annotated[str, StringConstraints(min_length=1, max_length=1_000, strip_whitespace=True)]
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


def deploy(world: World, payload: object) -> dict[str, Any]:
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
            pushed_at=image.pushed_at,
            tag=tag,
            key=asked.key or "",
            by=asked.by,
            why=asked.why,
            override=asked.override,
        ),
        image,
    )


def rollback(world: World, payload: object) -> dict[str, Any]:
    """Stop the open deployment, or go back to a proven revision; `{"deployment", "status"}`.

    Raises:
        Refused: when there is nothing to go back to, or `to` names nothing proven.
        Unavailable: when AWS does not answer, or another step is acting; ask again.
    """
    asked = _parsed(RollbackRequest, payload)
    target = _target(world, asked.service)
    head = world.ledger.head(target.name)
    if head is None:
        raise Refused(
            f"Slipway has not met {target.name} yet, so it knows nothing to go back to. "
            "The next sweep (every 10 minutes) or push will."
        )
    if asked.key and (known := _asked_before(world, head, asked.key)) is not None:
        return known
    if head.open_deployments and asked.to is None:
        why = f"stopped by hand by {asked.by}: {asked.why}"
        return _withdrawn(world, head, why)
    proven = _chosen(world, target, head, asked.to)
    image, tag = _image_of(world, target, proven)
    return _ask(
        world,
        target,
        Request(
            service=target.name,
            cause=Cause.ROLLBACK,
            digest=image.digest,
            order=world.now,
            tag=tag,
            key=asked.key or "",
            by=asked.by,
            why=asked.why,
            override=asked.override,
            goes_to=proven.revision,
        ),
        image,
    )


def _asked_before(world: World, head: Head, key: str) -> dict[str, Any] | None:
    """The reply to a rollback that was asked for with this key before."""
    same = next((one for one in head.recent if one.key == key), None)
    record = world.ledger.deployment(head.service, same.deployment) if same else None
    return _reply(record) if record is not None else None


def _withdrawn(world: World, head: Head, why: str) -> dict[str, Any]:
    """Stop what is open, what waits first; the reply names the one that was being rolled out."""
    waiting = [one for one in head.open_deployments if one != head.applied]
    rolling = [one for one in head.open_deployments if one == head.applied]
    record = [withdraw(world, head.service, one, why) for one in (*waiting, *rolling)][-1]
    return {"deployment": record.id, "status": record.status.value}


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


def _chosen(world: World, target: Target, head: Head, to: str | None) -> Proven:
    if to is not None:
        return named(head, to)
    service = world.services.service(target.cluster, target.service)
    return back(head, _running(service, target))


def _running(service: Service | None, target: Target) -> str:
    if service is None or service.status == "INACTIVE":
        raise Refused(f"the cluster {target.cluster} has no active service {target.service}")
    return service.task_definition


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
