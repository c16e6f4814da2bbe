"""A deployment's record in the ledger, and the notices that it still has to send."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import Literal

from pydantic import Field

from chalicelib.model.base import Frozen, Moment, Percent
from chalicelib.model.holds import Approval, Held
from chalicelib.model.runs import TaskRun
from chalicelib.model.scheduled import TASKS, ScheduledChange
from chalicelib.model.stages import Pause
from chalicelib.model.times import Step, Times


class Status(StrEnum):
    """Where a deployment stands; the transitions are in `decide/transitions.py`."""

    PENDING = "PENDING"
    HELD = "HELD"
    PREPARING = "PREPARING"
    IN_PROGRESS = "IN_PROGRESS"
    ROLLBACK_IN_PROGRESS = "ROLLBACK_IN_PROGRESS"
    SUCCESSFUL = "SUCCESSFUL"
    FAILED = "FAILED"
    ROLLBACK_SUCCESSFUL = "ROLLBACK_SUCCESSFUL"
    ROLLBACK_FAILED = "ROLLBACK_FAILED"
    SUPERSEDED = "SUPERSEDED"
    REFUSED = "REFUSED"
    OBSERVED = "OBSERVED"


OPEN = frozenset(
    {
        Status.PENDING,
        Status.HELD,
        Status.PREPARING,
        Status.IN_PROGRESS,
        Status.ROLLBACK_IN_PROGRESS,
    }
)
GOES_BACK = frozenset({Status.ROLLBACK_IN_PROGRESS, Status.ROLLBACK_SUCCESSFUL})
FAILURES = frozenset({Status.FAILED, Status.ROLLBACK_SUCCESSFUL, Status.ROLLBACK_FAILED})


class Cause(StrEnum):
    """Why a deployment exists."""

    PUSH = "push"
    MANUAL = "manual"
    ROLLBACK = "rollback"
    SWEEP = "sweep"
    FOREIGN = "foreign"


class Notice(Frozen):
    """One message to people. A reader who gets it twice recognises it by its `id`.

    `text` tells the story in plain text, and `facts` are (name, value) pairs below it. `unsent`
    names the channels that the notice has not reached yet; it is None before the first attempt.
    """

    id: str
    status: Status
    subject: str
    text: str
    facts: tuple[tuple[str, str], ...] = ()
    at: Moment
    unsent: tuple[str, ...] | None = Field(default=None, alias="left")

    @property
    def body(self) -> str:
        """The whole notice as plain text: the story, and then one fact on each line."""
        width = max((len(name) for name, _ in self.facts), default=0) + 2
        lines = (f"{name + ':':<{width}}{value}" for name, value in self.facts)
        return "\n".join([self.text, "", *lines])


class SlackMessage(Frozen):
    """A deployment's message in Slack: where it is, and the time of the newest notice it shows.

    Slack knows a message by the id of its channel and by `ts`, which is no time. `mentioned` has
    the rules whose mention people got already.
    """

    channel: str
    ts: str
    shown: Moment
    mentioned: tuple[str, ...] = ()


class Delivery(Frozen):
    """How a notice went out: the channels that it did not reach, and the message in Slack, if any.

    `slack` is None where nothing was sent to Slack, and where no record keeps the message.
    """

    missed: tuple[str, ...] = ()
    slack: SlackMessage | None = None


class ToldNotice(Frozen):
    """A notice that people were told: what a record keeps of it.

    `status` is a text, so that an older release reads a status that it does not know.
    """

    at: Moment
    status: str
    subject: str


class Return(Frozen):
    """The rollback of a failed deployment: who wanted it, how it is done, and when it began.

    `how` is "stop" for StopServiceDeployment and "update" for UpdateService to `return_to`. When
    ECS' own circuit breaker or alarms roll back, `by` is "ecs" and Slipway calls nothing. `done` is
    true once ECS has taken the request.
    """

    by: Literal["ecs", "slipway", "person"]
    how: Literal["breaker", "stop", "update"]
    began: Moment
    done: bool = False


class Deployment(Frozen):
    """One record of the ledger: bring one service to one image. Its times are UTC."""

    id: str
    service: str
    status: Status
    reason: str = ""
    cause: Cause
    by: str = ""
    why: str = ""
    key: str = ""
    override: bool = False
    mode: Literal["deploy", "observe"] = "deploy"

    repository: str
    digest: str
    unconfirmed: bool = False  # ECR has not said yet whether the image can be deployed
    tag: str = ""
    tags: tuple[str, ...] = ()  # the other tags of its image, newest first
    request: str = ""  # the id of the invocation that recorded it
    commit: str = ""  # the Git commit, where a tag of the image names one
    image: str
    order: Moment
    pushed_at: Moment | None = None
    created: Moment
    updated: Moment

    denial: str = ""  # the sentence that tells which permission the next step lacks
    held: Held | None = None  # while it is HELD: since when, and for how long
    approval: Approval | None = None  # of the person who released it: it needs no other one
    waiting: Moment | None = None  # when it began to wait for somebody else's rollout
    gated: bool = False  # it waits for the scan of its image
    blocked: Moment | None = None  # when it first had to wait for whatever it was
    found_nothing: Moment | None = None  # when that scan was first seen to end without a finding
    unscanned: str = ""  # why it was applied without a scan although a gate wants one
    acting: bool = False  # an attempt to apply it began, and nobody knows how it ended
    attempted: Moment | None = None  # when that attempt began
    watcher: int = 1
    base: str = ""
    # The fields besides the image in which the new revision differs from what ran before it.
    base_changes: tuple[str, ...] = ()
    revision: str = ""
    goes_to: str = ""  # for a rollback: the existing revision to deploy; no revision is rendered
    return_to: str = ""
    before: TaskRun | None = None  # the task that had to end well before UpdateService
    applied_at: Moment | None = Field(default=None, alias="applied")
    # When the rollout that carries our revision began, where our UpdateService did not begin it:
    # the service ran the revision already, or somebody changed another setting.
    began: Moment | None = None
    deadline: Moment | None = None
    ecs_deployment: str = ""
    service_deployment: str = ""
    stage: str = ""  # ECS' lifecycle stage in which the rollout was last seen
    traffic: Percent | None = None  # percent of the production traffic that went to it then
    pause: Pause | None = None  # the last time that ECS waited for a person
    steps: tuple[Step, ...] = ()  # each change of stage, traffic or pause that Slipway saw
    ecs_ended: Moment | None = None  # when ECS says that our service deployment ended
    watch_after: int = 0  # for how many seconds it is watched once ECS calls it successful
    succeeded: Moment | None = None  # when ECS was first seen to call it so, where it is watched
    has_after: bool = False  # its target runs an `after` task once ECS calls it successful
    after: TaskRun | None = None
    has_scheduled: bool = False  # scheduled tasks follow its service
    # Those that will follow; and once it is live, what became of each.
    scheduled: tuple[ScheduledChange, ...] = ()
    scheduled_due: Moment | None = None  # since when they are to name the revision, and do not all
    returning: Return | None = None

    desired: int = 0
    running: int = 0
    looked: Moment | None = None  # when its tasks were last read
    ended: int = 0  # how many of its tasks had ended by then
    unexplained: Moment | None = None  # when it failed; None once its case is written
    case: str = ""
    log: str = ""  # the last log lines of the failed container
    log_private: bool = False  # they go into no notice
    notices: tuple[Notice, ...] = ()
    slack: SlackMessage | None = None  # its message, once a bot has posted one
    told: tuple[ToldNotice, ...] = ()  # the last notices that were sent, oldest first
    closed_at: Moment | None = None
    times_due: Moment | None = None  # since when ECS is to be asked where the time went
    times: Times | None = None  # where the time went, once it is closed

    @property
    def open(self) -> bool:
        return self.status in OPEN

    @property
    def since(self) -> Moment | None:
        """When the rollout that carries our revision began (UTC); None before it was applied."""
        return self.began or self.applied_at

    @property
    def given(self) -> timedelta | None:
        """How long the rollout may take: from UpdateService, or from its adoption if later."""
        if self.applied_at is None or self.deadline is None:
            return None
        return self.deadline - max(self.applied_at, self.began or self.applied_at)

    @property
    def changed_nothing(self) -> bool:
        """Whether the service ran our revision already, so that nothing had to be updated."""
        return (
            self.began is not None and self.applied_at is not None and self.began < self.applied_at
        )

    @property
    def rolled_out(self) -> bool:
        """Whether ECS began a rollout for it."""
        return self.applied_at is not None and not self.is_task and not self.changed_nothing

    @property
    def finished(self) -> bool:
        """Whether nothing is left to do.

        It is closed and explained, everybody was told, its scheduled tasks follow, and where the
        time went is known.
        """
        return (
            not self.open
            and not self.notices
            and self.unexplained is None
            and self.scheduled_due is None
            and self.times_due is None
        )

    @property
    def closed(self) -> Moment | None:
        """When it was closed; of a record of an earlier release, when it last changed."""
        return None if self.open else self.closed_at or self.updated

    @property
    def denied(self) -> bool:
        return bool(self.denial)

    @property
    def paused(self) -> Pause | None:
        """The pause in which ECS waits for a person now; None when it waits for nobody."""
        rolls_out = self.status is Status.IN_PROGRESS
        return self.pause if rolls_out and self.pause and self.pause.ended is None else None

    @property
    def runs_before(self) -> bool:
        """Whether its `before` began and has not ended, as far as Slipway knows."""
        return self.before is not None and self.before.outcome is None

    @property
    def only_prepared(self) -> bool:
        """Whether its `before` began, and the service was never updated."""
        return self.before is not None and self.applied_at is None

    @property
    def awaits_after(self) -> bool:
        """Whether ECS calls it successful, and its `after` has not begun or has not ended."""
        due = self.has_after and self.succeeded is not None and self.status is Status.IN_PROGRESS
        return due and (self.after is None or self.after.outcome is None)

    @property
    def missing_permission(self) -> str:
        """The part of the denial after `may not`; it is the same for every function that fails."""
        return self.denial.partition(" may not ")[2] or self.denial

    @property
    def is_task(self) -> bool:
        """Whether it brings a [[task]] to an image: its rules and schedules, and no service."""
        return self.cluster == TASKS

    @property
    def cluster(self) -> str:
        return self.service.split("/", 1)[0]

    @property
    def service_name(self) -> str:
        return self.service.split("/", 1)[1]

    @property
    def all_tags(self) -> tuple[str, ...]:
        """Every known tag of its image; the tag that was asked for comes first."""
        return tuple(filter(None, (self.tag, *self.tags)))

    @property
    def version(self) -> str:
        """The name that people use: the image's tag, else its short digest, else the revision."""
        return self.tag or self.digest[:19] or self.goes_to.rsplit("/", 1)[-1]
