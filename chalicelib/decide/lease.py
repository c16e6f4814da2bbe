"""HEAD + holder -> HEAD: give one holder the right to act on a service, or take it back."""

from __future__ import annotations

from datetime import datetime

from chalicelib.model.changes import changed_head
from chalicelib.model.heads import Head, Lease


def leased(head: Head, holder: str, until: datetime) -> Head:
    """Return HEAD with a lease: only `holder` may act on the service, until `until` (UTC)."""
    return changed_head(head, lease=Lease(holder=holder, until=until))


def released(head: Head) -> Head:
    """Return HEAD without a lease, so that the next one who comes may act."""
    return changed_head(head, lease=None)


def busy(head: Head, holder: str, now: datetime) -> bool:
    """Whether another holder may act on this service at `now` (UTC)."""
    return head.lease is not None and head.lease.holder != holder and head.lease.until > now
