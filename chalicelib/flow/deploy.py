"""payload -> deployment -> reply: `deploy` by hand goes the same way as a push."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict

from chalicelib.decide.follow import undeployable
from chalicelib.errors import DeployerError, Refused
from chalicelib.flow.by_hand import ask
from chalicelib.flow.payload import Name, Text, parsed, target_named
from chalicelib.flow.planned import planned
from chalicelib.flow.ports import World
from chalicelib.model.deployments import Cause
from chalicelib.model.images import Image, is_digest, is_tag
from chalicelib.model.meant import did_you_mean
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


class DeployRequest(BaseModel):
    """The payload of `deploy`. `image` is a tag, a digest, or an image URI of the repository."""

    model_config = ConfigDict(defer_build=True, extra="forbid", strict=True)

    service: Name
    image: Name
    by: Text
    why: Text
    key: Text | None = None
    override: bool = False
    plan: bool = False


def deploy_by_hand(world: World, payload: object) -> dict[str, Any]:
    """Deploy an image by hand, and return `{"deployment", "status"}`; a plan, if that is asked for.

    Raises:
        Refused: when the payload is wrong, no target has this service, or the image cannot be
            deployed.
        Unavailable: when AWS does not answer; then nothing was recorded.
    """
    asked = parsed(DeployRequest, payload)
    target = target_named(world, asked.service)
    if asked.plan:
        return planned(world, target, asked.key, lambda dry: _deployed(dry, target, asked))
    return _deployed(world, target, asked)


def _deployed(world: World, target: Target, asked: DeployRequest) -> dict[str, Any]:
    image, tag = _image(world, target, asked.image)
    return ask(
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


def _image(world: World, target: Target, wanted: str) -> tuple[Image, str]:
    """Return the image that `wanted` names, and the tag by which people know it.

    Raises:
        Refused: when `wanted` names no image of the repository, or one that ECS cannot run.
    """
    reference, tag = _reference(world.here, target, wanted)
    image = world.images.image(target.repository, reference)
    if image is None:
        raise Refused(
            f"{target.repository} has no image {reference!r}{_meant(world, target, reference)} "
            f"List what it has: aws ecr describe-images --repository-name {target.repository}"
        )
    if (why := undeployable(image)) is not None:
        raise Refused(f"{wanted} cannot be deployed: {why}")
    return image, tag or (image.tags[0] if image.tags else "")


def _meant(world: World, target: Target, reference: str) -> str:
    """Return the end of the sentence: which similar tags the repository has, if it has any."""
    if not is_tag(reference):
        return "."
    try:
        newest_first = reversed(world.images.tagged(target.repository))
    except DeployerError:
        return "."
    guess = did_you_mean(reference, (tag for image in newest_first for tag in image.tags))
    return f"; {guess}" if guess else "."


def _reference(here: Place, target: Target, wanted: str) -> tuple[str, str]:
    """Return (the digest or tag to ask ECR for, the tag) of what a person wants.

    A person names a tag, a digest or an image URI. Of a URI with both, ECR is asked for the digest.

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
