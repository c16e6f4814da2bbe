"""scheduled tasks + revision -> changes: which get it, and what each look at one of them means."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from chalicelib.errors import Denied, DeployerError, Unavailable
from chalicelib.explain.text import brief
from chalicelib.model.changes import changed_scheduled
from chalicelib.model.scheduled import (
    GIVE_UP,
    PATIENCE,
    SHOWN,
    ChangeState,
    ScheduledChange,
    ScheduledTask,
    family_named,
    names_revision,
)
from chalicelib.model.services import EcsDeployment, Service
from chalicelib.model.task_definitions import short_name

MOST = 50  # scheduled tasks of one target
_LONGEST_WHY = 500  # characters


def change_of(
    task: ScheduledTask, family: str, families: Collection[str], revision: str = ""
) -> ScheduledChange:
    """Return what a deployment of this family does to a scheduled task.

    One that runs the service's own family gets `revision`. One that runs another of `families` gets
    a revision of that family, which is not known here. Every other one is left as it is.
    """
    own = family_named(task.task_definition)
    why = _left(task, own, {family, *families})
    return ScheduledChange(
        kind=task.kind,
        name=task.name,
        target=task.target,
        named=task.task_definition,
        cluster=task.cluster,
        revision=revision if own == family and not why else "",
        state=ChangeState.LEFT if why else ChangeState.DUE,
        why=why,
    )


def _left(task: ScheduledTask, own: str, families: Collection[str]) -> str:
    """Return why Slipway does not change it; empty when it does."""
    if not task.task_definition:
        return "it starts its tasks by a universal target, which Slipway does not change"
    if not names_revision(task.task_definition):
        return f"it names no revision, so it runs the newest one of {own}, a failed one too"
    if own not in families:
        return f"it runs the family {own}, which `follow.families` does not name"
    return ""


def shown(change: ScheduledChange, task: ScheduledTask | None, now: datetime) -> ScheduledChange:
    """Return the change after a look at the scheduled task; None means that AWS has it no more.

    A DUE change that is not `sent` is to be sent. Of one that was sent, three things may show: the
    revision, what was there before, or something else. EventBridge documents no moment from which
    a read shows a write, so what was there before means nothing for a minute.

    PutTargets and UpdateSchedule replace what they find, without a condition. So what somebody else
    wrote since stays, and is told.
    """
    if not change.due:
        return change
    if task is None:
        return _ended(change, ChangeState.GONE, "it does not exist any more")
    if task.task_definition == change.revision:
        return _ended(change, ChangeState.DONE, "")
    if change.sent is None:
        return change
    if fingerprint(task.body) != change.was:
        why = f"somebody else changed it at the same time; {_runs(task)}"
        return _ended(change, ChangeState.LOST, why)
    if now - change.sent < SHOWN:
        return change
    if change.answered:
        why = f"somebody else has set it back; {_runs(task)}"
        return _ended(change, ChangeState.LOST, why)
    return not_sent(change, "AWS did not answer", tells=False)


def _runs(task: ScheduledTask) -> str:
    return f"it runs {short_name(task.task_definition) or 'something else'}"


def _ended(change: ScheduledChange, state: ChangeState, why: str) -> ScheduledChange:
    """Return the change that is over; of a DONE one stays whether people were told of trouble."""
    if state is ChangeState.DONE:
        return changed_scheduled(change, state=state, why="", tells=False)
    return changed_scheduled(change, state=state, why=why, tells=True, told=False)


def not_sent(change: ScheduledChange, why: str, *, tells: bool) -> ScheduledChange:
    """Return the change that AWS has not carried out, and that is tried again."""
    why = brief(why, _LONGEST_WHY)
    told = change.told and change.why == why
    return changed_scheduled(
        change, sent=None, was="", answered=False, why=why, tells=tells, told=told
    )


def failed(change: ScheduledChange, error: DeployerError) -> ScheduledChange:
    """Return the change that was not carried out. What may pass is told only when it lasts."""
    lasts = isinstance(error, Denied) or not isinstance(error, Unavailable)
    return not_sent(change, str(error), tells=lasts)


def lacks_revision(change: ScheduledChange) -> bool:
    """Whether it gets a revision that is not known yet."""
    return change.due and bool(change.name) and not change.revision


def late(
    changes: Iterable[ScheduledChange], due: datetime, now: datetime
) -> tuple[ScheduledChange, ...]:
    """Return the changes; those that have been DUE for long are told, and after a day given up."""
    return tuple(_late(change, due, now) for change in changes)


def _late(change: ScheduledChange, due: datetime, now: datetime) -> ScheduledChange:
    if not change.due or now - due < PATIENCE:
        return change
    if now - due >= GIVE_UP:
        return _ended(change, ChangeState.GIVEN_UP, change.why)
    return changed_scheduled(change, tells=bool(change.why))


def fingerprint(body: Mapping[str, Any]) -> str:
    """Return a short digest of AWS' JSON of a scheduled task; the order of keys does not count."""
    text = json.dumps(body, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def sent_lately(change: ScheduledChange, now: datetime) -> bool:
    """Whether AWS may still show what was there before this change, which was sent."""
    lost = change.state is ChangeState.LOST
    return change.sent is not None and now - change.sent < SHOWN and not lost


def named_now(
    tasks: Iterable[ScheduledTask], changes: Iterable[ScheduledChange], now: datetime
) -> list[str]:
    """Return the ARNs that the scheduled tasks name: of those sent a moment ago, what was sent."""
    sent = {one.label: one.revision for one in changes if sent_lately(one, now)}
    return [sent.get(task.label, task.task_definition) for task in tasks]


def as_service(family: str, names: Iterable[str], *, running: int = 0) -> Service | None:
    """Return what the scheduled tasks of a [[task]] run, in the form of a service.

    `names` are the ARNs that they name. It has no tasks that stay. It runs the revision of the
    family that most of them name; of several such revisions, the newest. It is None when none of
    them names a revision of the family.
    """
    named = Counter(name for name in names if family_named(name) == family and names_revision(name))
    if not named:
        return None
    revision = max(named, key=lambda arn: (named[arn], int(arn.rpartition(":")[2])))
    primary = EcsDeployment(
        id="scheduled",
        status="PRIMARY",
        task_definition=revision,
        rollout_state="COMPLETED",
        running=running,
    )
    return Service(
        name=family,
        arn="",
        status="ACTIVE",
        task_definition=revision,
        desired=0,
        running=running,
        pending=0,
        deployments=(primary,),
    )


def ended_badly(changes: Collection[ScheduledChange]) -> str:
    """Return why the rules and schedules of a [[task]] do not all run its revision; else empty.

    Those that Slipway leaves alone do not count, but one at least must run it.
    """
    wrong = [one for one in changes if one.state not in {ChangeState.DONE, ChangeState.LEFT}]
    done = [one for one in changes if one.state is ChangeState.DONE]
    if wrong:
        words = "; ".join(f"{one.label}: {one.why}" for one in wrong)
        return f"{len(done)} of {len(done) + len(wrong)} run the new revision. {words}"
    if done:
        return ""
    words = "; ".join(f"{one.label}: {one.why}" for one in changes)
    return f"no rule or schedule could get the new revision. {words}".rstrip()


def given_up(changes: Iterable[ScheduledChange], why: str = "") -> tuple[ScheduledChange, ...]:
    """Return the changes after their time, or after somebody stopped them: DUE ones stay undone."""
    return tuple(
        _ended(one, ChangeState.GIVEN_UP, why or one.why or "AWS never showed the change")
        if one.due
        else one
        for one in changes
    )
