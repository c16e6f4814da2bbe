"""The ledger's two items that a step reads and writes: HEAD and record."""

from __future__ import annotations

from datetime import timedelta

from chalicelib.decide.happened import happened
from chalicelib.decide.lease import leased, released
from chalicelib.errors import Refused
from chalicelib.flow.ports import World
from chalicelib.model.changes import changed
from chalicelib.model.deployments import Deployment
from chalicelib.model.happenings import Happening
from chalicelib.model.heads import Head

Items = tuple[Head, Deployment]


def read(world: World, service: str, deployment: str) -> Items:
    """HEAD and record as they are now.

    Raises:
        Refused: when the ledger has no such deployment.
    """
    head = world.ledger.head(service)
    record = world.ledger.deployment(service, deployment)
    if head is None or record is None:
        raise Refused(f"the ledger has no deployment {deployment} of {service}")
    return head, record


def write(world: World, head: Head, record: Deployment, happening: Happening) -> Items:
    """Both items after this happened to the record, written in one transaction.

    Raises:
        Conflict: when somebody else has written since they were read.
    """
    head, record = happened(head, record, happening, world.now)
    return world.ledger.save(head, record), record


def write_news(world: World, head: Head, record: Deployment, happening: Happening) -> Items:
    """As `write`, but what brings no news (most polls) costs no write; a lease is given back."""
    mine = head.lease is not None and head.lease.holder == world.holder
    _, new = happened(head, record, happening, world.now)
    if changed(new, updated=record.updated) == record and not mine:
        return head, record
    return write(world, released(head) if mine else head, record, happening)


def with_lease(world: World, head: Head) -> Head:
    """HEAD while this invocation alone may act on the service; it outlasts the invocation."""
    return leased(head, world.holder, world.now + timedelta(seconds=world.lease_seconds))
