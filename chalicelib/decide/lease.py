"""HEAD + holder -> HEAD: who alone may act on a service, and until when."""

from __future__ import annotations

from datetime import datetime

from chalicelib.model.changes import changed_head
from chalicelib.model.heads import Head, Lease


def leased(head: Head, holder: str, until: datetime) -> Head:
    """HEAD while `holder` alone may act on the service, until this moment (UTC)."""
    return changed_head(head, lease=Lease(holder=holder, until=until))


def released(head: Head) -> Head:
    """HEAD once its holder is done: whoever comes next may act."""
    return changed_head(head, lease=None)


def busy(head: Head, holder: str, now: datetime) -> bool:
    """Whether somebody else holds the right to act on this service at this moment."""
    return head.lease is not None and head.lease.holder != holder and head.lease.until > now
