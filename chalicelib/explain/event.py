"""notice + record -> the event for EventBridge: what people are told, as typed values."""

from __future__ import annotations

from chalicelib.explain.text import brief, one_line
from chalicelib.model.deployment_event import DeploymentEvent
from chalicelib.model.deployments import Deployment, Notice
from chalicelib.model.task_definitions import short_name

_NAME, _REASON, _TEXT = 1_000, 2_000, 10_000


def event_of(notice: Notice, environment: str, service: str, deployment: str) -> DeploymentEvent:
    """Return the event of a notice that no record belongs to, or none that is known."""
    return DeploymentEvent(
        notice=notice.id,
        at=notice.at,
        environment=environment,
        deployment=deployment,
        service=service,
        status=notice.status,
        subject=notice.subject,
        text=_lines(notice.text),
    )


def with_record(event: DeploymentEvent, record: Deployment) -> DeploymentEvent:
    """Return the event with the facts of its deployment as they are now.

    Log lines are in it only if they may go into notices. Every text is cut, so that the event stays
    far below the 256 KB of PutEvents.
    """
    closed, times = record.closed, record.times
    facts = {
        "repository": brief(record.repository, _NAME),
        "image": brief(record.image, _NAME),
        "digest": record.digest,
        "tag": brief(record.tag, _NAME),
        "commit": record.commit,
        "revision": short_name(record.revision),
        "before": short_name(record.return_to),
        "cause": record.cause,
        "by": brief(record.by, _NAME),
        "why": brief(record.why, _REASON),
        "reason": brief(record.reason, _REASON),
        "case": _lines(record.case),
        "log": "" if record.log_private else _lines(record.log),
        "created": record.created,
        "closed": closed,
        "seconds": (closed - record.created).total_seconds() if closed else None,
        "phases": {one.phase: one.milliseconds / 1000 for one in times.phases} if times else {},
    }
    return event.model_copy(update=facts)


def _lines(text: str) -> str:
    """Return a text of several lines, without anything in them that cannot be printed."""
    return "\n".join(map(one_line, text[:_TEXT].splitlines()))
