"""item of the ledger, or observation, + fields -> a copy that has these fields.

Pydantic's `model_copy` takes any name and any value in silence. These functions name each field and
its type, so mypy checks every change of state.
"""

from __future__ import annotations

from datetime import datetime
from typing import TypedDict, Unpack

from chalicelib.model.base import Percent
from chalicelib.model.deployments import (
    Deployment,
    Notice,
    Return,
    SlackMessage,
    Status,
    ToldNotice,
)
from chalicelib.model.heads import (
    Attempt,
    Before,
    Head,
    Lease,
    Proven,
    Recent,
    Tidied,
    Unconfirmed,
)
from chalicelib.model.holds import Approval, Held, HeldDeployment, Hold, Release
from chalicelib.model.runs import RunOutcome, TaskRun
from chalicelib.model.scheduled import ChangeState, ScheduledChange
from chalicelib.model.services import ServiceDeployment, Tasks
from chalicelib.model.stages import Pause
from chalicelib.model.times import Lasted, Step, TaskTimes, Times
from chalicelib.model.verdicts import Observation


class DeploymentFields(TypedDict, total=False):
    """The fields of a record that may change after the record was made."""

    status: Status
    reason: str
    unconfirmed: bool
    tags: tuple[str, ...]
    commit: str
    image: str
    order: datetime
    pushed_at: datetime | None
    updated: datetime
    denial: str
    held: Held | None
    approval: Approval | None
    waiting: datetime | None
    blocked: datetime | None
    gated: bool
    found_nothing: datetime | None
    unscanned: str
    acting: bool
    attempted: datetime | None
    watcher: int
    base: str
    base_changes: tuple[str, ...]
    revision: str
    return_to: str
    before: TaskRun | None
    applied_at: datetime | None
    began: datetime | None
    deadline: datetime | None
    ecs_deployment: str
    service_deployment: str
    stage: str
    traffic: Percent | None
    pause: Pause | None
    steps: tuple[Step, ...]
    ecs_ended: datetime | None
    watch_after: int
    succeeded: datetime | None
    has_after: bool
    after: TaskRun | None
    has_scheduled: bool
    scheduled: tuple[ScheduledChange, ...]
    scheduled_due: datetime | None
    returning: Return | None
    desired: int
    running: int
    looked: datetime | None
    ended: int
    unexplained: datetime | None
    case: str
    log: str
    log_private: bool
    notices: tuple[Notice, ...]
    slack: SlackMessage | None
    told: tuple[ToldNotice, ...]
    closed_at: datetime | None
    times_due: datetime | None
    times: Times | None


class HeadFields(TypedDict, total=False):
    """The fields of a HEAD that may change."""

    version: int
    order: datetime
    pushed_at: datetime | None
    digest: str
    open_deployments: tuple[str, ...]
    unconfirmed: tuple[Unconfirmed, ...]
    applied_deployment: str
    applied_revision: str
    applied_order: datetime | None
    applied_pushed_at: datetime | None
    applied_back: bool
    holds: tuple[Hold, ...]
    held: HeldDeployment | None
    release: Release | None
    lease: Lease | None
    attempt: Attempt | None
    barred: tuple[str, ...]
    proven: tuple[Proven, ...]
    befores: tuple[Before, ...]
    scheduled: str
    scheduled_order: datetime | None
    recent: tuple[Recent, ...]
    lasted: tuple[Lasted, ...]
    tidied: Tidied | None


class HoldFields(TypedDict, total=False):
    """The fields of a hold, or of what it holds, that may change."""

    reminded: datetime | None


class ProvenFields(TypedDict, total=False):
    """The fields of a proven revision that may change."""

    tags: tuple[str, ...]
    rolled_away: bool
    missing: str


class TidiedFields(TypedDict, total=False):
    """The fields of what was deregistered on a day that may change."""

    count: int
    first: str
    last: str
    told: bool
    why: str
    why_on: str


class PauseFields(TypedDict, total=False):
    """The fields of a pause that may change."""

    hooks: tuple[str, ...]
    since: datetime
    ended: datetime | None
    answer: Approval | None
    back: bool


class RunFields(TypedDict, total=False):
    """The fields of a run that may change."""

    attempt: int
    request: str
    asked: datetime
    failed: datetime | None
    task: str
    started: datetime | None
    missing: datetime | None
    stopping: datetime | None
    stopped_for: str
    withdrawn: bool
    ended: datetime | None
    outcome: RunOutcome | None
    exit_code: int | None
    reason: str


class ScheduledFields(TypedDict, total=False):
    """The fields of a change to a scheduled task that may change."""

    revision: str
    state: ChangeState
    sent: datetime | None
    was: str
    answered: bool
    why: str
    tells: bool
    told: bool


class BeforeFields(TypedDict, total=False):
    """The fields of a `before` in HEAD that may change."""

    outcome: RunOutcome | None


class TaskTimesFields(TypedDict, total=False):
    """The fields of a task's times that its deployment tells."""

    new: bool
    healthy: datetime | None


class ObservationFields(TypedDict, total=False):
    """The fields of an observation that are read after the service."""

    ours: ServiceDeployment | None
    tasks: Tasks | None
    alarms: tuple[str, ...]
    unread: str


class NoticeFields(TypedDict, total=False):
    """The fields of a notice that may change."""

    unsent: tuple[str, ...] | None
    text: str


class MessageFields(TypedDict, total=False):
    """The fields of a message in Slack that may change."""

    shown: datetime
    mentioned: tuple[str, ...]


def changed(record: Deployment, **fields: Unpack[DeploymentFields]) -> Deployment:
    """Return a copy of the record that has these fields."""
    return record.model_copy(update=dict(fields))


def changed_head(head: Head, **fields: Unpack[HeadFields]) -> Head:
    """Return a copy of the HEAD that has these fields."""
    return head.model_copy(update=dict(fields))


def changed_hold(hold: Hold, **fields: Unpack[HoldFields]) -> Hold:
    """Return a copy of the hold that has these fields."""
    return hold.model_copy(update=dict(fields))


def changed_held(held: Held, **fields: Unpack[HoldFields]) -> Held:
    """Return a copy of what is known of a HELD deployment that has these fields."""
    return held.model_copy(update=dict(fields))


def changed_proven(proven: Proven, **fields: Unpack[ProvenFields]) -> Proven:
    """Return a copy of the proven revision that has these fields."""
    return proven.model_copy(update=dict(fields))


def changed_tidied(tidied: Tidied, **fields: Unpack[TidiedFields]) -> Tidied:
    """Return a copy of what was deregistered on a day that has these fields."""
    return tidied.model_copy(update=dict(fields))


def changed_pause(pause: Pause, **fields: Unpack[PauseFields]) -> Pause:
    """Return a copy of the pause that has these fields."""
    return pause.model_copy(update=dict(fields))


def changed_run(run: TaskRun, **fields: Unpack[RunFields]) -> TaskRun:
    """Return a copy of the run that has these fields."""
    return run.model_copy(update=dict(fields))


def changed_scheduled(
    change: ScheduledChange, **fields: Unpack[ScheduledFields]
) -> ScheduledChange:
    """Return a copy of the change to a scheduled task that has these fields."""
    return change.model_copy(update=dict(fields))


def changed_before(before: Before, **fields: Unpack[BeforeFields]) -> Before:
    """Return a copy of the `before` in HEAD that has these fields."""
    return before.model_copy(update=dict(fields))


def changed_task(task: TaskTimes, **fields: Unpack[TaskTimesFields]) -> TaskTimes:
    """Return a copy of the task's times that has these fields."""
    return task.model_copy(update=dict(fields))


def changed_observation(
    observation: Observation, **fields: Unpack[ObservationFields]
) -> Observation:
    """Return a copy of the observation that has these fields."""
    return observation.model_copy(update=dict(fields))


def changed_notice(notice: Notice, **fields: Unpack[NoticeFields]) -> Notice:
    """Return a copy of the notice that has these fields."""
    return notice.model_copy(update=dict(fields))


def changed_message(message: SlackMessage, **fields: Unpack[MessageFields]) -> SlackMessage:
    """Return a copy of the message in Slack that has these fields."""
    return message.model_copy(update=dict(fields))
