"""images of a repository + HEAD -> the newest image whose push event was lost."""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.decide.admit import newer
from chalicelib.decide.follow import tag_deploys, undeployable
from chalicelib.model.heads import Head
from chalicelib.model.images import Image
from chalicelib.model.targets import Target


def lost_push(images: Sequence[Image], target: Target, head: Head) -> Image | None:
    """Return the newest image whose push event was lost; None when no event was lost.

    `images` are the repository's tagged images, oldest push first. An image is lost when its push
    is newer than HEAD's order and than the meeting, when its digest is not the last one asked for,
    when the target's rule deploys one of its tags, and when ECS can run it. Here `imagePushedAt`
    alone orders the pushes. It is never later than the event, so a push that was refused as too old
    is not found again.
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
