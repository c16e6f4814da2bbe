"""What may happen to a deployment's record: one frozen value each, in the past tense.

A decision yields one of these; `decide/after.py` alone says what the record becomes. Times are UTC.
"""

from __future__ import annotations

from typing import Literal

from chalicelib.model.base import Frozen, Moment
from chalicelib.model.deployments import Notice, Return, Status
from chalicelib.model.images import Image

# Before anything was applied


class Waits(Frozen):
    """It may not be applied yet.

    `waiting` is since when somebody else's rollout is waited for; `gated`: the scan of its image is
    waited for; `found_nothing`: since when that scan is known to have ended without a finding;
    `denial`: what AWS denies the reading of that scan. None: no scan was read, a denial stays.
    """

    reason: str
    waiting: Moment | None = None
    gated: bool = False
    found_nothing: Moment | None = None
    denial: str | None = None


class LooksAgain(Frozen):
    """What AWS shows cannot be believed yet; the next step looks again."""

    reason: str


class LacksPermission(Frozen):
    """AWS denied what the step needs."""

    denial: str


class Confirmed(Frozen):
    """ECR answered for a push that was recorded without it: it is an image that can be deployed."""

    image: Image


class Refused(Frozen):
    """It will never be applied."""

    reason: str


class Observed(Frozen):
    """The target only observes: this is what would have been done, on this base (an ARN)."""

    base: str
    reason: str


class Abandoned(Frozen):
    """Its service is no target any more."""

    reason: str


# Applying


class AttemptBegan(Frozen):
    """An attempt to apply it begins. `base` and `return_to` are ARNs of task definitions.

    `unscanned` is why it goes without a scan, where a gate wants one.
    """

    base: str
    return_to: str
    unscanned: str = ""


class RevisionFound(Frozen):
    """An attempt that died half way had registered, or chosen, this revision."""

    revision: str


class NotApplied(Frozen):
    """The attempt failed. `answered`: AWS said that it was not done; else it may have been."""

    revision: str
    reason: str
    answered: bool
    denial: str = ""


class Started(Frozen):
    """The service works towards our revision since `applied_at`.

    `began` is when its rollout began, where UpdateService did not begin it; `ecs_deployment` and
    `service_deployment` are empty while ECS does not show ours.
    """

    revision: str
    applied_at: Moment
    deadline: Moment
    began: Moment | None = None
    ecs_deployment: str = ""
    service_deployment: str = ""
    desired: int = 0
    running: int = 0


# Rolling out, and back


class Noted(Frozen):
    """What is worth remembering of one look at ECS, whatever the verdict; None: nothing new.

    `looked` is when the tasks were looked at, `ended` how many of them had ended by then.
    """

    desired: int | None = None
    running: int | None = None
    looked: Moment | None = None
    ended: int | None = None
    ecs_deployment: str | None = None
    service_deployment: str | None = None


class LookBegan(Frozen):
    """A task ended, so all are looked at: of several that end at once, one look serves all."""


class GoesOn(Frozen):
    """No end yet: of the rollout, or of its rollback."""

    noted: Noted
    reason: str = ""


class Adopted(Frozen):
    """Our revision goes on under another ECS deployment, which began then, until a new deadline."""

    noted: Noted
    ecs_deployment: str
    began: Moment
    deadline: Moment | None
    reason: str = ""


class Completed(Frozen):
    """ECS calls it successful. `proven`: it ran with at least one task."""

    noted: Noted
    reason: str = ""
    proven: bool = False


class Superseded(Frozen):
    """Another deployment took its place: a newer one of ours, or somebody else's."""

    reason: str = ""
    noted: Noted = Noted()


class RollsBack(Frozen):
    """It failed, and the service goes back, until this deadline (None: as before)."""

    noted: Noted
    returning: Return
    deadline: Moment | None
    reason: str = ""


class Failed(Frozen):
    """It ended badly: FAILED where nothing was rolled back, else how its rollback ended."""

    noted: Noted
    status: Literal[Status.FAILED, Status.ROLLBACK_SUCCESSFUL, Status.ROLLBACK_FAILED]
    reason: str = ""


class RollbackAsked(Frozen):
    """ECS took the request to roll back."""

    how: Literal["stop", "update"]


class CannotBeStopped(Frozen):
    """ECS does not stop its service deployment (any more): the next step updates the service."""


class RollbackRefused(Frozen):
    """ECS refuses to go back."""

    reason: str


class RollbackUnanswered(Frozen):
    """ECS did not answer the request to roll back, or denied it; the next step asks again."""

    denial: str = ""


class Explained(Frozen):
    """Why it failed is known, or given up: its notice goes out now."""

    case: str
    reason: str


# About the record itself


class Told(Frozen):
    """These notices are still to be sent; the others were."""

    unsent: tuple[Notice, ...]


class ImageMissing(Frozen):
    """The image that a rollback would need cannot be pulled any more; people are told."""

    notice: Notice


class CalledAlso(Frozen):
    """Its image is known by one more tag."""

    tag: str


class PushedAgain(Frozen):
    """The same digest was pushed again, at `order`, while ECR's answer is waited for."""

    tag: str
    order: Moment


class WatcherStarted(Frozen):
    """Its next execution of the state machine was started: this is its number."""

    number: int


# What becomes of it before it is applied, or without that; what applying it comes to; how it rolls
# out, and back; and what is learned aside, which changes nothing about where it stands.
Waiting = Waits | LooksAgain | LacksPermission | Refused | Superseded | Observed | Abandoned
Applying = AttemptBegan | NotApplied | Started
RollingOut = LookBegan | GoesOn | Adopted | Completed | Failed | Explained
RollingBack = RollsBack | RollbackAsked | CannotBeStopped | RollbackRefused | RollbackUnanswered
Aside = Confirmed | RevisionFound | Told | ImageMissing | CalledAlso | PushedAgain | WatcherStarted

Happening = Waiting | Applying | RollingOut | RollingBack | Aside
