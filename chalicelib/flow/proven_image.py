"""proven revision -> the image that it runs, as far as that is known."""

from __future__ import annotations

from chalicelib.decide.follow import undeployable
from chalicelib.definition.render import image_in
from chalicelib.errors import Refused
from chalicelib.flow.ports import World
from chalicelib.model.heads import Proven
from chalicelib.model.images import Image
from chalicelib.model.registries import Repository, digest_of, ecr_repository, tag_of
from chalicelib.model.targets import Target
from chalicelib.model.task_definitions import short_name


def image_of(world: World, target: Target, proven: Proven) -> tuple[Image, str]:
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
