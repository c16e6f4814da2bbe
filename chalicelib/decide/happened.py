"""HEAD + record + what happened -> both, after it: how the ledger's two items change together."""

from __future__ import annotations

from datetime import datetime

from chalicelib.decide.after import after
from chalicelib.decide.head import applied, followed, recorded
from chalicelib.decide.proven import proved
from chalicelib.decide.ready import overtaken
from chalicelib.model.changes import changed_head
from chalicelib.model.deployments import Deployment
from chalicelib.model.happenings import Aside, Completed, Happening, Started
from chalicelib.model.heads import Head
from chalicelib.model.requests import Request


def happened(
    head: Head, before: Deployment, happening: Happening, now: datetime
) -> tuple[Head, Deployment]:
    """Both items after `happening` to the record at `now` (UTC).

    Raises:
        ValueError: when the table of transitions does not allow it (a fault of ours).
    """
    record = after(before, happening, now)
    if before.unconfirmed and (not record.unconfirmed or not record.open):
        head = _asked_of_ecr(head, record)
    if isinstance(happening, Aside):
        return head, record
    if isinstance(happening, Started) and not overtaken(record, head):
        head = applied(head, record, happening.revision)
    if isinstance(happening, Completed) and happening.proven:
        head = proved(head, record, now)
    return followed(head, record), record


def _asked_of_ecr(head: Head, record: Deployment) -> Head:
    """HEAD once ECR has answered for a push that was recorded without it."""
    others = tuple(push for push in head.unconfirmed if push.deployment != record.id)
    head = changed_head(head, unconfirmed=others)
    return head if record.unconfirmed else recorded(head, record, request_of(record))


def request_of(record: Deployment) -> Request:
    """What a push's record asks for."""
    return Request(
        service=record.service,
        cause=record.cause,
        digest=record.digest,
        order=record.order,
        pushed_at=record.pushed_at,
        tag=record.tag,
        observes=record.mode == "observe",
    )
