"""Scheduled tasks: as AWS keeps them, and as a deployment moves them to its revision."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, StringConstraints

from chalicelib.model.base import Frozen, Moment
from chalicelib.model.target_values import EcsName
from chalicelib.model.task_definitions import short_name

Kind = Literal["rule", "schedule"]
# What stands for the cluster in the name of a [[task]], `@task/FAMILY`: no cluster has this name.
TASKS: Final = "@task"
SHOWN = timedelta(minutes=1)  # until then, AWS may show what was there before a change
PATIENCE = timedelta(minutes=15)  # so long, an error that may pass is not told
GIVE_UP = timedelta(hours=24)
# API references of EventBridge (PutRule: Name) and of Scheduler (CreateSchedule: GroupName, Name).
# A `*` may stand at the end only: AWS lists by prefix.
RULE = r"^[.A-Za-z0-9_-]{0,63}(?:[.A-Za-z0-9_-]|\*)$"
SCHEDULE = r"^[.A-Za-z0-9_-]{1,64}/[.A-Za-z0-9_-]{0,63}(?:[.A-Za-z0-9_-]|\*)$"
RuleName = Annotated[str, StringConstraints(pattern=RULE)]
ScheduleName = Annotated[str, StringConstraints(pattern=SCHEDULE)]


class FollowSettings(BaseModel):
    """The scheduled tasks that get a service's new revision once that is live.

    `rules` are names of EventBridge rules on the default bus, and `schedules` are `GROUP/NAME` of
    EventBridge Scheduler. Each may end in `*`. `families` are the other families that they may run.
    """

    model_config = ConfigDict(defer_build=True, frozen=True, extra="forbid")

    rules: tuple[RuleName, ...] = ()
    schedules: tuple[ScheduleName, ...] = ()
    families: tuple[EcsName, ...] = ()

    @property
    def any(self) -> bool:
        return bool(self.rules or self.schedules)


class ScheduledTask(Frozen):
    """One ECS target of a rule, or one schedule, as AWS shows it.

    `target` is the id of the rule's target; a schedule has one target, without an id.
    `task_definition` is the ARN that it names; empty where it starts tasks in a way that Slipway
    does not change. `cluster` is the name of the cluster in which its tasks run. `body` is AWS' own
    JSON of the rule's target or of the schedule.
    """

    kind: Kind
    name: str
    target: str = ""
    task_definition: str = ""
    cluster: str = ""
    body: dict[str, Any]

    @property
    def label(self) -> str:
        """The name by which people know it."""
        return label_of(self.kind, self.name, self.target)


class ScheduledTasksFound(Frozen):
    """What the names of `follow` lead to; `missing` are the names that lead to no ECS target."""

    tasks: tuple[ScheduledTask, ...] = ()
    missing: tuple[str, ...] = ()


class ChangeState(StrEnum):
    """What became of one scheduled task. Only DUE is tried again."""

    DUE = "DUE"
    DONE = "DONE"  # it names the revision
    LEFT = "LEFT"  # Slipway does not change it
    LOST = "LOST"  # somebody else changed it at the same time; theirs stays
    GONE = "GONE"  # it does not exist any more
    GIVEN_UP = "GIVEN_UP"  # it could not be changed for a day


class ScheduledChange(Frozen):
    """What a deployment does to one scheduled task. Times are UTC.

    One without a name stands for all that `follow` names, while these could not be read.

    `cluster` is the name of the cluster in which its tasks run. `named` is the task definition that
    it named before, and `revision` the one that it gets: empty while that is not registered. `sent`
    is when the change was saved to be sent, `was` is the fingerprint of what AWS showed then, and
    `answered` says that AWS accepted it. `why` tells why it is not done. `tells` says that people
    have to know it now, and `told` that they do.
    """

    kind: Kind
    name: str
    target: str = ""
    cluster: str = ""
    named: str = ""
    revision: str = ""
    state: ChangeState = ChangeState.DUE
    sent: Moment | None = None
    was: str = ""
    answered: bool = False
    why: str = ""
    tells: bool = False
    told: bool = False

    @property
    def due(self) -> bool:
        return self.state is ChangeState.DUE

    @property
    def label(self) -> str:
        """The name by which people know it."""
        if not self.name:
            return "what `follow` names"
        return label_of(self.kind, self.name, self.target)

    @property
    def family(self) -> str:
        """The family of the task definition that it named."""
        return family_named(self.named)


def meeting(one: Iterable[str], other: Iterable[str]) -> str:
    """Return a name of `one` that may be one of `other`, each with `*` at its end or without."""
    others = tuple(other)
    return next((name for name in one if any(_meet(name, each) for each in others)), "")


def _meet(one: str, other: str) -> bool:
    mine, theirs = one.rstrip("*"), other.rstrip("*")
    return (
        (one.endswith("*") and theirs.startswith(mine))
        or (other.endswith("*") and mine.startswith(theirs))
        or one == other
    )


def family_named(task_definition: str) -> str:
    """Return the family in the ARN of a task definition, with a revision or without."""
    return short_name(task_definition).partition(":")[0]


def names_revision(task_definition: str) -> bool:
    """Whether an ARN names one revision. One that names the family only means its newest."""
    return ":" in short_name(task_definition)


def label_of(kind: Kind, name: str, target: str = "") -> str:
    """Return the name by which people know a rule's target or a schedule."""
    return f"{kind} {name}" + (f" (target {target})" if target else "")
