"""proven revisions + ECR -> outcomes: tell people once when a rollback's image is gone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from chalicelib.decide.after import after
from chalicelib.decide.follow import undeployable
from chalicelib.decide.proven import without_image
from chalicelib.decide.rollback_target import needed
from chalicelib.explain.notice import image_missing
from chalicelib.flow.outcome import Outcome
from chalicelib.flow.ports import World
from chalicelib.flow.tell import tell
from chalicelib.model.happenings import ImageMissing
from chalicelib.model.heads import Head, Proven
from chalicelib.model.images import Image
from chalicelib.model.targets import Target
from chalicelib.model.task_definitions import short_name


def keep(world: World, target: Target, head: Head, tagged: Sequence[Image]) -> list[Outcome]:
    """Look for the images of the two revisions that must stay deployable; return the changes.

    An image that is not among the repository's `tagged` ones is asked for, so ECR is read twice at
    most. Nothing is read while a deployment is open. When an image is gone (a lifecycle policy) or
    archived, people are told once, and once more if it comes back and is lost again.

    Raises:
        Unavailable: when AWS does not answer; the next sweep looks again.
    """
    if head.open_deployments:
        return []
    known = {image.digest: image for image in tagged}
    found = [(proven, _why_missing(world, target, proven, known)) for proven in needed(head)]
    return [_changed(world, target, proven, why) for proven, why in found if why != proven.missing]


def _why_missing(world: World, target: Target, proven: Proven, known: Mapping[str, Image]) -> str:
    """Return why ECS cannot pull a revision's image; empty when it can, or none is known."""
    if not proven.digest:
        return ""
    image = known.get(proven.digest) or world.images.image(target.repository, proven.digest)
    if image is None:
        return f"{target.repository} no longer has {proven.digest} (a lifecycle policy?)"
    return undeployable(image) or ""


def _changed(world: World, target: Target, proven: Proven, why: str) -> Outcome:
    head: Head | None = world.ledger.head(target.name)
    record = world.ledger.deployment(target.name, proven.deployment) if proven.deployment else None
    if head is not None and (record is None or not why):
        world.ledger.save(without_image(head, proven, why))
    elif head is not None and record is not None:
        missing = ImageMissing(notice=image_missing(record, why, world.now))
        record = after(record, missing, world.now)
        tell(world, world.ledger.save(without_image(head, proven, why), record), record)
    return Outcome(
        outcome="image missing" if why else "image back",
        service=target.name,
        deployment=proven.deployment,
        reason=f"{short_name(proven.revision)}: {why}" if why else short_name(proven.revision),
    )
