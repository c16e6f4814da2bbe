"""record -> timeline: what happened to a deployment, and when, as far as its record tells."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from chalicelib.explain.notice import CAUSES
from chalicelib.explain.text import brief
from chalicelib.model.base import Frozen, Moment
from chalicelib.model.deployments import Deployment, Status
from chalicelib.model.runs import Kind, TaskRun
from chalicelib.model.task_definitions import short_name

_LONGEST = 500  # characters of one line
_BY = {"ecs": "ECS itself", "slipway": "Slipway", "person": "a person"}
_HOW = {"breaker": "its circuit breaker, an alarm or a hook", "stop": "StopServiceDeployment"}


class Entry(Frozen):
    """One thing that happened, at a time (UTC)."""

    at: Moment
    what: str


def timeline(record: Deployment) -> tuple[Entry, ...]:
    """Return what happened to the deployment, oldest first.

    A record keeps some times only in the notices that were sent. So an earlier hold is missing when
    nobody could be told of it, or when more than twenty notices came after it.
    """
    found = (
        *_waited(record),
        *_ran("before", record.before),
        *_applied(record),
        *_ran("after", record.after),
        *_went_back(record),
        *_ended(record),
    )
    entries = (Entry(at=at, what=brief(what, _LONGEST)) for at, what in found)
    return tuple(sorted(entries, key=lambda entry: entry.at))  # stable: a cause before its effect


_Found = Iterator[tuple[datetime, str]]


def _waited(record: Deployment) -> _Found:
    by = f", by {record.by}" if record.by else ""
    why = f" ({record.why})" if record.why else ""
    yield record.created, f"recorded: {CAUSES[record.cause]}{by}{why}"
    held = record.held
    for told in record.told:
        if told.status == Status.HELD and not (held and told.at == held.since):
            yield told.at, "told that it is still held" if "(still)" in told.subject else "held"
        if told.status == Status.PENDING:  # it is no longer held, or a permission is missing
            yield told.at, told.subject.partition(": ")[2]
    if held is not None:
        yield held.since, f"held: {held.words}"
    if record.approval is not None:
        approval = record.approval
        yield approval.at, f"released by {approval.by} ({approval.why})"


def _ran(kind: Kind, run: TaskRun | None) -> _Found:
    if run is None or not run.request:
        return
    yield run.began, f"RunTask: its `{kind}` task was asked for"
    if run.started is not None:
        yield run.started, f"its `{kind}` task runs, in the container {run.container}"
    if run.stopping is not None:
        yield run.stopping, f"StopTask: {run.stopped_for}"
    if run.ended is not None and run.outcome is not None:
        code = "" if run.exit_code is None else f" with exit code {run.exit_code}"
        yield run.ended, f"its `{kind}` task ended{code}: {run.outcome}"


def _applied(record: Deployment) -> _Found:
    if record.applied_at is None:
        return
    to, before = short_name(record.revision), short_name(record.return_to)
    if record.cause == "foreign":
        yield record.applied_at, f"somebody else deployed {to}"
    elif record.changed_nothing:
        yield record.applied_at, f"the service ran {to} already; nothing was updated"
    else:
        source = f", from {before}" if before else ""
        yield record.applied_at, f"applied: UpdateService to {to}{source}"
    if record.succeeded is not None:
        yield record.succeeded, "ECS called it successful; Slipway watches it"
    for told in record.told:
        what = told.subject.partition(": ")[2]
        begins = what.endswith("is being deployed") or what.startswith("going back to")
        if told.status == Status.IN_PROGRESS and not begins:
            yield told.at, what
    if record.pause is not None and (answer := record.pause.answer) is not None:
        verb = "rolled back" if record.pause.back else "let go on"
        yield answer.at, f"{verb} by {answer.by} ({answer.why})"
    if record.began is not None and record.began > record.applied_at:
        yield record.began, f"adopted: another ECS deployment began that carries {to}"


def _went_back(record: Deployment) -> _Found:
    returning = record.returning
    if returning is None:
        return
    yield returning.began, "failed" if returning.by != "person" else "stopped by hand"
    to = short_name(record.return_to)
    how = _HOW.get(returning.how, f"UpdateService to {to}")
    back = f" to {to}" if to and returning.how != "update" else ""
    yield returning.began, f"the rollback{back} began, by {_BY[returning.by]}: {how}"


def _ended(record: Deployment) -> _Found:
    if record.open:
        return
    told = (told.at for told in record.told if told.status == record.status)
    because = f": {record.reason}" if record.reason else ""
    yield next(told, record.updated), f"ended {record.status}{because}"
