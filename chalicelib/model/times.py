"""How long a deployment was in each of its phases, and what ECS told of its tasks' times.

All times are UTC. Lengths are whole milliseconds, as a record keeps its times.
"""

from __future__ import annotations

from chalicelib.model.base import Frozen, Moment, Percent
from chalicelib.model.services import ServiceEvent

# The order counts: a second that could be of two phases is of the first one.
PHASES = (
    "waiting",
    "before",
    "capacity",
    "pulling",
    "starting",
    "healthy",
    "traffic",
    "draining",
    "paused",
    "after",
    "watching",
    "returning",
    "slipway",
    "unknown",
)


class Step(Frozen):
    """The stage and the traffic of a rollout from `at` on, as Slipway saw them.

    `traffic` is a percentage. `waits` says that ECS waits for a person.
    """

    at: Moment
    stage: str
    traffic: Percent | None = None
    waits: bool = False


class TaskTimes(Frozen):
    """The times of one task of a service (API reference, Task).

    `revision` is `family:revision`, and `started_by` is the ECS deployment that started it. `new`
    says that it is a task of the deployment, and `healthy` is when it counted as healthy, as far as
    the events of the service tell.
    """

    id: str
    revision: str = ""
    started_by: str = ""
    new: bool = False
    created: Moment | None = None
    pull_started: Moment | None = None
    pull_stopped: Moment | None = None
    started: Moment | None = None
    healthy: Moment | None = None
    stopping: Moment | None = None
    stopped: Moment | None = None


class RolloutTimes(Frozen):
    """What ECS told of a rollout once it was over: the service's events, and the tasks' times.

    `bakes` says that ECS watches new tasks for a while once the old ones have left
    (`bakeTimeInMinutes`).
    """

    bakes: bool = False
    events: tuple[ServiceEvent, ...] = ()
    tasks: tuple[TaskTimes, ...] = ()


class PhaseTime(Frozen):
    """How long a deployment was in a phase, and how long this service usually is.

    `usual` is None where too few deployments are known.
    """

    phase: str
    milliseconds: int
    usual: int | None = None


class Times(Frozen):
    """Where the time of a closed deployment went.

    `note` says why something of it is not known. The lists of tasks and events are cut.
    """

    phases: tuple[PhaseTime, ...] = ()
    tasks: tuple[TaskTimes, ...] = ()
    events: tuple[ServiceEvent, ...] = ()
    note: str = ""

    def milliseconds(self, phase: str) -> int:
        """How long the deployment was in this phase."""
        return sum(one.milliseconds for one in self.phases if one.phase == phase)


class Lasted(Frozen):
    """How long a successful deployment of a service was in the phases that ECS decides."""

    capacity: int = 0
    pulling: int = 0
    starting: int = 0
    healthy: int = 0
    draining: int = 0


COMPARED = tuple(Lasted.model_fields)
