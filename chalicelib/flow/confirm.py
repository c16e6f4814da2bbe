"""unconfirmed record -> record: what ECR could not be asked when the push came is asked now."""

from __future__ import annotations

from chalicelib.decide.admit import Admission, admit
from chalicelib.decide.follow import undeployable
from chalicelib.decide.record import confirmed, moved, names, recorded
from chalicelib.errors import Refused
from chalicelib.flow.ports import World
from chalicelib.model.deployments import Deployment, Head, Status
from chalicelib.model.images import Image, commit_named
from chalicelib.model.requests import Request


def confirm(world: World, head: Head, record: Deployment) -> tuple[Head, Deployment]:
    """Both once ECR has answered: the push is ordered now, as if it had come just then.

    It ends REFUSED when ECR holds no image that can be deployed, or when something newer was asked
    for. Its age is what it was when the event came, however long ECR took.

    Raises:
        Unavailable: when ECR still does not answer.
    """
    try:
        image = world.images.image(record.repository, record.digest)
    except Refused as refused:  # the repository itself is gone
        return _refused(world, head, record, str(refused))
    if image is None:
        return _refused(world, head, record, f"{record.repository} no longer holds {record.digest}")
    if (why := undeployable(image)) is not None:
        return _refused(world, head, record, f"{record.tag}: {why}")
    asked = _asked(record, image)
    admitted = admit(asked, confirmed(head, record), record.created)
    if admitted.what is not Admission.NEW:
        return _refused(world, head, record, admitted.reason)
    record = record.model_copy(
        update={
            "unconfirmed": False,
            "image": image.uri,
            "pushed_at": image.pushed_at,
            "tags": names(record.tag, (*record.tags, *image.tags)),
            "commit": commit_named((record.tag, *image.tags)),
            "denial": "",
            "reason": "",
        }
    )
    head = recorded(confirmed(head, record), record, asked)
    return world.ledger.save(head, record), record


def _refused(world: World, head: Head, record: Deployment, why: str) -> tuple[Head, Deployment]:
    head, record = moved(
        confirmed(head, record), record, world.now, status=Status.REFUSED, reason=why
    )
    return world.ledger.save(head, record), record


def _asked(record: Deployment, image: Image) -> Request:
    return Request(
        service=record.service,
        cause=record.cause,
        digest=record.digest,
        order=record.order,
        pushed_at=image.pushed_at,
        tag=record.tag,
        observes=record.mode == "observe",
    )
