"""The happenings: each is one frozen value that tells what happened to a deployment's record.

A decision returns one of them, and only `decide/after.py` says what the record becomes. Times are
UTC.
"""

from __future__ import annotations

from typing import Literal

from chalicelib.model.base import Frozen, Moment
from chalicelib.model.deployments import Notice, Return, SlackMessage, Status
from chalicelib.model.holds import Approval
from chalicelib.model.holds import Held as HeldFor
from chalicelib.model.images import Image
from chalicelib.model.runs import Kind, TaskRun
from chalicelib.model.scheduled import ScheduledChange
from chalicelib.model.stages import Pause
from chalicelib.model.times import Times

# Before the deployment is applied


class Waits(Frozen):
    """The deployment may not be applied yet.

    `waiting` is when it began to wait for somebody else's rollout. `gated` says that it waits for
    the scan of its image, and `found_nothing` is when that scan was first seen to have ended
    without a finding. `denial` tells which permission was missing to read the scan: it is empty
    when none was, and None when no scan was read (the record then keeps the denial that it has).
    """

    reason: str
    waiting: Moment | None = None
    gated: bool = False
    found_nothing: Moment | None = None
    denial: str | None = None


class Held(Frozen):
    """The deployment may not begin: a hold, a freeze or a missing approval keeps it.

    `base_changes` are the fields besides the image that would change, where somebody has to approve
    them.
    """

    reason: str
    held: HeldFor
    base_changes: tuple[str, ...] = ()


class HoldEnded(Frozen):
    """All that held the deployment ended by itself, so it goes on."""

    reason: str


class Released(Frozen):
    """A person released the deployment, which counts as asked for from now on."""

    approval: Approval


class LooksAgain(Frozen):
    """AWS' answer may be out of date, so nothing was decided. The next step looks again."""

    reason: str


class LacksPermission(Frozen):
    """AWS denied a permission that the step needs."""

    denial: str


class Confirmed(Frozen):
    """ECR confirmed that the image of an unconfirmed push can be deployed."""

    image: Image


class Refused(Frozen):
    """The deployment will never be applied, for this reason."""

    reason: str


class Observed(Frozen):
    """The target only observes. The reason tells what Slipway would have done with `base`.

    `base_changes` are the fields besides the image that would have changed.
    """

    base: str
    reason: str
    base_changes: tuple[str, ...] = ()


class Abandoned(Frozen):
    """The targets file no longer names the deployment's service."""

    reason: str


# Applying


class AttemptBegan(Frozen):
    """An attempt to apply the deployment began.

    `base` and `return_to` are ARNs of task definitions. `base_changes` are the fields besides the
    image that differ from what runs. `unscanned` says why the deployment goes on without a scan
    although a gate wants one. `scheduled` are the scheduled tasks that will follow.
    """

    base: str
    return_to: str
    base_changes: tuple[str, ...] = ()
    unscanned: str = ""
    scheduled: tuple[ScheduledChange, ...] = ()


class RevisionFound(Frozen):
    """An earlier attempt, which died half way, had registered or chosen this revision."""

    revision: str


class NotApplied(Frozen):
    """The attempt failed. Unless AWS `answered` that nothing was done, it may have been done."""

    revision: str
    reason: str
    answered: bool
    denial: str = ""


class Started(Frozen):
    """The deployment was applied: since `applied_at`, the service works towards our revision.

    `began` is when the rollout began, where our UpdateService did not begin it. `ecs_deployment`
    and `service_deployment` are empty until ECS shows those that are ours. `watch_after` is for how
    many seconds it is watched after its success, and `has_after` says that its target runs a task
    then. `has_scheduled` says that scheduled tasks follow the service.
    """

    revision: str
    applied_at: Moment
    deadline: Moment
    began: Moment | None = None
    ecs_deployment: str = ""
    service_deployment: str = ""
    desired: int = 0
    running: int = 0
    watch_after: int = 0
    has_after: bool = False
    has_scheduled: bool = False


# Tasks before and after the rollout


class Prepares(Frozen):
    """The revision is registered, and the request for its `before` task is saved."""

    revision: str
    run: TaskRun


class RunNoted(Frozen):
    """What is known of a `before` or `after` changed, or its next attempt is saved."""

    kind: Kind
    run: TaskRun
    denial: str = ""


class RunEnded(Frozen):
    """A `before` or `after` ended, as the run tells. A `before` that ended badly ends all."""

    kind: Kind
    run: TaskRun


# While the revision rolls out, or back


class Noted(Frozen):
    """The facts that the record keeps from one look at ECS, whatever the verdict is.

    A field is None when the look showed nothing new. `looked` is when the tasks were read, and
    `ended` is how many of them had ended by then. `stage` is ECS' lifecycle stage, and `traffic` is
    the percentage of the production traffic that went to the new revision. `pause` is the last time
    that ECS waited for a person. `ecs_ended` is when ECS says that the service deployment ended.
    """

    desired: int | None = None
    running: int | None = None
    looked: Moment | None = None
    ended: int | None = None
    ecs_deployment: str | None = None
    service_deployment: str | None = None
    stage: str | None = None
    traffic: float | None = None
    pause: Pause | None = None
    ecs_ended: Moment | None = None


class LookBegan(Frozen):
    """A task ended, so Slipway reads all tasks. Others that end now cause no further look."""


class GoesOn(Frozen):
    """The rollout, or its rollback, has not ended yet."""

    noted: Noted
    reason: str = ""


class Adopted(Frozen):
    """Another ECS deployment now carries our revision. It began at `began`, with a new deadline."""

    noted: Noted
    ecs_deployment: str
    began: Moment
    deadline: Moment | None
    reason: str = ""


class Answered(Frozen):
    """A person answers for the rollout that ECS has paused: `pause` has the answer."""

    pause: Pause


class Succeeded(Frozen):
    """ECS calls the deployment successful, and Slipway watches it for a while."""

    noted: Noted


class Completed(Frozen):
    """ECS calls the deployment successful; `proven` says that it ran at least one task."""

    noted: Noted
    reason: str = ""
    proven: bool = False


# Once it is live


class ScheduledNoted(Frozen):
    """What is known of the scheduled tasks changed; `ended` says that nothing is tried again."""

    changes: tuple[ScheduledChange, ...]
    ended: bool = False


class Superseded(Frozen):
    """Another deployment took its place: a newer one of Slipway's, or somebody else's."""

    reason: str = ""
    noted: Noted = Noted()


class RollsBack(Frozen):
    """The deployment failed, and the service goes back; None keeps the deadline that it had."""

    noted: Noted
    returning: Return
    deadline: Moment | None
    reason: str = ""


class Failed(Frozen):
    """The deployment ended badly: FAILED without a rollback, else the end of its rollback."""

    noted: Noted
    status: Literal[Status.FAILED, Status.ROLLBACK_SUCCESSFUL, Status.ROLLBACK_FAILED]
    reason: str = ""


class RollbackAsked(Frozen):
    """ECS accepted the request to roll back."""

    how: Literal["stop", "update"]


class CannotBeStopped(Frozen):
    """ECS can no longer stop the service deployment; the next step updates the service instead."""


class RollbackRefused(Frozen):
    """ECS refused to roll the service back."""

    reason: str


class RollbackUnanswered(Frozen):
    """ECS denied the request to roll back, or did not answer it. The next step asks again."""

    denial: str = ""


class Explained(Frozen):
    """The case of the failure is written, or was given up. Its notice goes out now."""

    case: str
    reason: str
    log: str = ""
    log_private: bool = False


# Beside the deployment's course


class Told(Frozen):
    """Notices were sent; those in `unsent` still have to be. `slack` is the message in Slack."""

    unsent: tuple[Notice, ...]
    slack: SlackMessage | None = None


class ImageMissing(Frozen):
    """ECS can no longer pull an image that a rollback would need; `notice` tells people."""

    notice: Notice


class CalledAlso(Frozen):
    """An event named one more tag of the image."""

    tag: str


class PushedAgain(Frozen):
    """The same digest was pushed again, at `order`, while the first push was unconfirmed."""

    tag: str
    order: Moment


class Reminded(Frozen):
    """People are told again, at this moment, that the deployment waits for a person."""

    at: Moment


class WatcherStarted(Frozen):
    """The next execution of the state machine was started for it, with this number."""

    number: int


class RunSeen(Frozen):
    """A run of a [[task]] ended since its deployment; what it tells is the record's `after`."""

    run: TaskRun


class Timed(Frozen):
    """Where the time of a closed deployment went is known now, as far as it ever will be."""

    times: Times


# The families of happenings, in the order of a deployment's life. Those in `Aside` may come at any
# time. Neither they nor those in `OnceLive` change the status.
Waiting = Waits | LooksAgain | LacksPermission | Refused | Superseded | Observed | Abandoned
Holding = Held | HoldEnded | Released
Applying = AttemptBegan | NotApplied | Started
Runs = Prepares | RunNoted | RunEnded
RollingOut = LookBegan | GoesOn | Adopted | Answered | Succeeded | Completed | Failed | Explained
RollingBack = RollsBack | RollbackAsked | CannotBeStopped | RollbackRefused | RollbackUnanswered
Aside = (
    Confirmed
    | RevisionFound
    | Told
    | ImageMissing
    | CalledAlso
    | PushedAgain
    | Reminded
    | WatcherStarted
)
OnceLive = ScheduledNoted | RunSeen | Timed

Happening = Waiting | Holding | Applying | Runs | RollingOut | RollingBack | Aside | OnceLive
