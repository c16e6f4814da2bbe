"""a repository's images + HEAD -> the push whose event was lost."""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.decide.admit import newer
from chalicelib.decide.follow import tag_deploys, undeployable
from chalicelib.model.heads import Head
from chalicelib.model.images import Image
from chalicelib.model.targets import Target


def lost_push(images: Sequence[Image], target: Target, head: Head) -> Image | None:
    """The newest image that deploys by itself and that nothing asked for since is newer than.

    `images` are a repository's tagged ones, oldest push first. What was pushed before the meeting
    is not lost: meeting a service deploys nothing. Ordered by `imagePushedAt` alone, a push is no
    newer here than its event was: what was refused as too old is not found.
    """
    found = [image for image in images if _lost(image, target, head)]
    return found[-1] if found else None


def _lost(image: Image, target: Target, head: Head) -> bool:
    pushed = (image.pushed_at, image.pushed_at)
    return (
        newer(pushed, (head.order, head.pushed_at))
        and not (head.met is not None and image.pushed_at <= head.met)
        and image.digest != head.digest
        and undeployable(image) is None
        and any(tag_deploys(tag, target) for tag in image.tags)
    )
