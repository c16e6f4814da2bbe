"""record with unsent notices -> notices sent: at least once, and never in a deployment's way."""

from __future__ import annotations

from chalicelib.errors import Conflict, Unavailable
from chalicelib.flow.ports import World
from chalicelib.model.deployments import Deployment, Head


def tell(world: World, head: Head, record: Deployment) -> Deployment:
    """Publish the notices of the record's outbox, oldest first, and remove what was sent.

    One that cannot be sent stays, with those after it, for the next step or the sweep. One that
    was sent but could not be removed is sent again: its id tells that it is the same.
    """
    left = list(record.notices)
    while left:
        try:
            world.topic.publish(left[0], record.id, record.service)
        except Unavailable:
            break
        del left[0]
    if len(left) == len(record.notices):
        return record
    told = record.model_copy(update={"notices": tuple(left)})
    try:
        world.ledger.save(head, told)
    except Conflict:
        return record
    return told
