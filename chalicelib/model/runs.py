"""The run of a `before` or `after` task: as a deployment's record keeps it, and as ECS shows it."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import Literal

from chalicelib.model.base import Frozen, Moment
from chalicelib.model.services import StoppedTask

Kind = Literal["before", "after"]


class RunOutcome(StrEnum):
    """How a run ended. Only SUCCEEDED means that its container exited with code 0."""

    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"  # another exit code, or it was stopped
    NOT_STARTED = "NOT_STARTED"  # the container never ran
    UNKNOWN = "UNKNOWN"  # nobody can know whether it ran, or how it ended


class TaskRun(Frozen):
    """One `before` or `after` of a deployment. Times are UTC.

    The exit code of `container` decides. It may take `timeout` seconds to start, and as long to
    run. An attempt is one RunTask request under one client token: `request` is its exact JSON text,
    `asked` is when it was saved, and `task` is the ARN of the task that ECS started for it.

    An attempt that is known to have started nothing ends at `failed`, and the next one follows
    later. `missing` is since when ECS has not shown the task. `stopping` is when Slipway decided to
    stop it, for the reason `stopped_for`. `withdrawn` says that the deployment ends with it,
    whatever its exit code is.
    """

    container: str
    timeout: int
    began: Moment
    attempt: int = 1
    request: str
    asked: Moment
    failed: Moment | None = None
    task: str = ""
    started: Moment | None = None
    missing: Moment | None = None
    stopping: Moment | None = None
    stopped_for: str = ""
    withdrawn: bool = False
    ended: Moment | None = None
    outcome: RunOutcome | None = None
    exit_code: int | None = None
    reason: str = ""

    @property
    def start_by(self) -> Moment:
        """Until when its container may start (UTC)."""
        return self.began + timedelta(seconds=self.timeout)

    @property
    def end_by(self) -> Moment:
        """Until when it may run, or until when it may start while it does not run (UTC)."""
        return (self.started or self.began) + timedelta(seconds=self.timeout)

    @property
    def succeeded(self) -> bool:
        return self.outcome is RunOutcome.SUCCEEDED


class StandaloneTask(Frozen):
    """A task that RunTask started, as DescribeTasks shows it; a rule or schedule calls RunTask too.

    `status` is ECS' `lastStatus`, and `ending` says that ECS stops it, or has. `end` tells what is
    known of its end so far: while the task runs, that are the exit codes of containers that have
    exited already.
    """

    arn: str
    status: str
    task_definition: str = ""
    end: StoppedTask
    ending: bool = False

    @property
    def stopped(self) -> bool:
        return self.status == "STOPPED"

    def exit_code(self, container: str) -> int | None:
        """Return the exit code of a container; None when it has not exited, or never ran."""
        codes = (one.exit_code for one in self.end.containers if one.name == container)
        return next(codes, None)
