"""What a private ECR answers when ECS pulls an image."""

from __future__ import annotations

import re

from moto.ecr.models import Image, ecr_backends

from embedded.services.ecr.images import find
from embedded.services.ecr.registry import PRIVATE_IMAGE
from embedded.services.ecs.names import Place


def pull_problem(_place: Place, image: str) -> str | None:
    """Why ECS cannot pull `image`, in its words; None for images outside of private ECR."""
    match = PRIVATE_IMAGE.fullmatch(image)
    if match is None or _lookup(match) is not None:
        return None
    return (
        "CannotPullContainerError: pull image manifest has been retried 1 time(s): "
        f"failed to resolve ref {image}: {image}: not found"
    )


def image_digest(_place: Place, image: str) -> str | None:
    """The digest that the tag of `image` stands for; None outside of private ECR."""
    match = PRIVATE_IMAGE.fullmatch(image)
    found = _lookup(match) if match is not None else None
    return None if found is None else str(found.image_digest)


def _lookup(match: re.Match[str]) -> Image | None:
    repositories = ecr_backends[match["account"]][match["region"] or match["dual"]].repositories
    repository = repositories.get(match["repository"])
    if repository is None:
        return None
    if match["digest"]:
        return find(repository, {"imageDigest": match["digest"]})
    return find(repository, {"imageTag": match["tag"] or "latest"})
