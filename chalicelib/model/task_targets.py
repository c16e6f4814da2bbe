"""[[task]] of targets.toml -> the target that stands for it: scheduled tasks without a service."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo

from chalicelib.model.freezes import Freezes
from chalicelib.model.scheduled import TASKS, FollowSettings, RuleName, ScheduleName
from chalicelib.model.tag_patterns import checked
from chalicelib.model.target_values import Days, EcsName, RepositoryName, RevisionCount, Seconds
from chalicelib.model.targets import Gate, Target


class TaskTarget(Target):
    """A [[task]] as a target: its `name` is `@task/FAMILY`, and `follow` has its own names.

    `runs_in` is the cluster in which its runs are looked for; None means those of its rules and
    schedules.
    """

    cluster: Literal["@task"] = TASKS
    runs_in: EcsName | None = None


def _some_of(schedules: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
    """Return the schedules of a [[task]], which has a rule or a schedule at least."""
    if not schedules and not info.data.get("rules"):
        raise ValueError("expected at least one of `rules` and `schedules`")
    return schedules


class TaskTable(BaseModel):
    """One `[[task]]` of one stage, with the keys that it takes."""

    model_config = ConfigDict(defer_build=True, frozen=True, extra="forbid")

    repository: RepositoryName
    family: EcsName
    rules: tuple[RuleName, ...] = ()
    schedules: Annotated[tuple[ScheduleName, ...], AfterValidator(_some_of)] = Field(
        default=(), validate_default=True
    )
    cluster: EcsName | None = None
    environments: tuple[str, ...] = ()
    containers: tuple[EcsName, ...] = ()
    tags: Annotated[str, AfterValidator(checked)] | None = None
    mode: Literal["deploy", "observe"] = "deploy"
    deadline: Seconds = 1800
    base_changes: Literal["tell", "refuse"] = "tell"
    pass_roles: tuple[str, ...] = ()
    gate: Gate = Gate()
    hold_after_rollback: bool = True
    keep_revisions: RevisionCount = 0
    approval: Days | None = None
    freeze: Freezes = ()

    @property
    def target(self) -> TaskTarget:
        """The target that stands for it in all that does not ask for a service."""
        special = {"rules", "schedules", "cluster", "keep_revisions"}
        own = {name: getattr(self, name) for name in type(self).model_fields if name not in special}
        return TaskTarget(
            service=self.family,
            follow=FollowSettings(rules=self.rules, schedules=self.schedules),
            runs_in=self.cluster,
            keep_revisions=self.keep_revisions or False,
            **own,
        )
