"""unconfirmed record -> confirmed or refused: ask ECR again about the image of a push."""

from __future__ import annotations

from chalicelib.decide.admit import Admission, admit
from chalicelib.decide.after import after
from chalicelib.decide.follow import undeployable
from chalicelib.decide.happened import request_of
from chalicelib.errors import Refused
from chalicelib.flow.ports import World
from chalicelib.flow.write import Items, write
from chalicelib.model import happenings as happened
from chalicelib.model.deployments import Deployment
from chalicelib.model.happenings import Confirmed
from chalicelib.model.heads import Head
from chalicelib.model.images import Image


def confirm(world: World, head: Head, record: Deployment) -> Items:
    """Return HEAD and the record after ECR has answered; the push takes its order only now.

    The record ends REFUSED when ECR holds no image that can be deployed, or when a newer image was
    asked for meanwhile. The push counts as old as it was when its event came.

    Raises:
        Unavailable: when ECR still does not answer.
    """
    return write(world, head, record, _answer_of_ecr(world, head, record))


def _answer_of_ecr(world: World, head: Head, record: Deployment) -> Confirmed | happened.Refused:
    try:
        image = world.images.image(record.repository, record.digest)
    except Refused as refused:  # the repository does not exist any more
        return happened.Refused(reason=str(refused))
    if image is None:
        gone = f"{record.repository} no longer holds {record.digest}"
        return happened.Refused(reason=gone)
    if (why := undeployable(image)) is not None:
        return happened.Refused(reason=f"{record.tag}: {why}")
    return _ordered(world, head, record, image)


def _ordered(
    world: World, head: Head, record: Deployment, image: Image
) -> Confirmed | happened.Refused:
    confirmed = Confirmed(image=image)
    asked = request_of(after(record, confirmed, world.now))
    admitted = admit(asked, head, record.created)
    if admitted.admission is Admission.NEW:
        return confirmed
    return happened.Refused(reason=admitted.reason)
