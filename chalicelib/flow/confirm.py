"""unconfirmed record -> record: what ECR could not be asked when the push came is asked now."""

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
    """Both once ECR has answered: the push is ordered now, as if it had come just then.

    It ends REFUSED when ECR holds no image that can be deployed, or when something newer was asked
    for. Its age is what it was when the event came, however long ECR took.

    Raises:
        Unavailable: when ECR still does not answer.
    """
    return write(world, head, record, _answered(world, head, record))


def _answered(world: World, head: Head, record: Deployment) -> Confirmed | happened.Refused:
    try:
        image = world.images.image(record.repository, record.digest)
    except Refused as refused:  # the repository itself is gone
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
    if admitted.what is Admission.NEW:
        return confirmed
    return happened.Refused(reason=admitted.reason)
