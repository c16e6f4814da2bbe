"""HEAD + record + happening -> HEAD + record: the two items of the ledger change together."""

from __future__ import annotations

from datetime import datetime

from chalicelib.decide.after import after
from chalicelib.decide.head import applied, dropped, followed, recorded, released, scheduled
from chalicelib.decide.proven import proved
from chalicelib.decide.ready import overtaken
from chalicelib.explain.breakdown import lasted_of
from chalicelib.model.changes import changed_head
from chalicelib.model.deployments import Deployment, Status
from chalicelib.model.happenings import (
    Aside,
    Completed,
    Happening,
    OnceLive,
    Refused,
    Released,
    Started,
    Timed,
)
from chalicelib.model.heads import Head
from chalicelib.model.requests import Request

_LASTED_KEPT = 10


def happened(
    head: Head, before: Deployment, happening: Happening, now: datetime
) -> tuple[Head, Deployment]:
    """Return HEAD and the record after `happening` at `now` (UTC).

    Raises:
        ValueError: when the table of transitions does not allow the new status. This is a fault of
            Slipway's own.
    """
    record = after(before, happening, now)
    if before.unconfirmed and (not record.unconfirmed or not record.open):
        head = _no_longer_unconfirmed(head, record)
    if isinstance(happening, Timed):
        return _with_lasted(head, record), record
    if isinstance(happening, Aside | OnceLive):
        return head, record
    if isinstance(happening, Released):
        head = released(head, record)
    if isinstance(happening, Refused) and before.status is Status.HELD:
        head = dropped(head, record)
    if isinstance(happening, Started) and not overtaken(record, head):
        head = applied(head, record, happening.revision)
    if isinstance(happening, Completed) and happening.proven:
        head = proved(head, record, now)
    if isinstance(happening, Completed) and record.has_scheduled:
        head = scheduled(head, record)
    return followed(head, record), record


def _with_lasted(head: Head, record: Deployment) -> Head:
    """Return HEAD with how long a successful deployment took, which later ones are compared to."""
    lasted = lasted_of(record.times) if record.times is not None else None
    if lasted is None or record.status is not Status.SUCCESSFUL:
        return head
    return changed_head(head, lasted=(lasted, *head.lasted)[:_LASTED_KEPT])


def _no_longer_unconfirmed(head: Head, record: Deployment) -> Head:
    """Return HEAD after an unconfirmed push was confirmed or closed."""
    others = tuple(push for push in head.unconfirmed if push.deployment != record.id)
    head = changed_head(head, unconfirmed=others)
    return head if record.unconfirmed else recorded(head, record, request_of(record))


def request_of(record: Deployment) -> Request:
    """Return the request that a push's record was made of."""
    return Request(
        service=record.service,
        cause=record.cause,
        digest=record.digest,
        order=record.order,
        pushed_at=record.pushed_at,
        tag=record.tag,
        observes=record.mode == "observe",
    )
