"""happening -> ledger: read and write the two items of a step, HEAD and the record."""

from __future__ import annotations

from datetime import timedelta

from chalicelib.decide.happened import happened
from chalicelib.decide.lease import leased, released
from chalicelib.errors import Refused
from chalicelib.flow.measure import measure
from chalicelib.flow.ports import World
from chalicelib.model.changes import changed
from chalicelib.model.deployments import Deployment
from chalicelib.model.happenings import Happening
from chalicelib.model.heads import Head

Items = tuple[Head, Deployment]


def read(world: World, service: str, deployment: str) -> Items:
    """Return HEAD and the record as the ledger holds them now.

    Raises:
        Refused: when the ledger has no such deployment.
    """
    head = world.ledger.head(service)
    record = world.ledger.deployment(service, deployment)
    if head is None or record is None:
        raise Refused(f"the ledger has no deployment {deployment} of {service}")
    return head, record


def write(world: World, head: Head, record: Deployment, happening: Happening) -> Items:
    """Write HEAD and the record after this happening, in one transaction, and return both.

    Raises:
        Conflict: when another writer changed the ledger since they were read.
    """
    new_head, new = happened(head, record, happening, world.now)
    saved = world.ledger.save(new_head, new)
    measure(world, head, record, new)
    return saved, new


def write_news(world: World, head: Head, record: Deployment, happening: Happening) -> Items:
    """Do as `write`, but write nothing when nothing changed, and give back a lease of this holder.

    Most polls change nothing.
    """
    mine = head.lease is not None and head.lease.holder == world.holder
    new_head, new = happened(released(head) if mine else head, record, happening, world.now)
    if changed(new, updated=record.updated) == record and not mine:
        return head, record
    saved = world.ledger.save(new_head, new)
    measure(world, head, record, new)
    return saved, new


def with_lease(world: World, head: Head) -> Head:
    """Return HEAD with a lease for this invocation; the lease lasts longer than the invocation."""
    return leased(head, world.holder, world.now + timedelta(seconds=world.lease_seconds))
