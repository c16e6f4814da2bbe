"""What is decided about a deployment: the facts it is judged by, and the judgement."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from chalicelib.model.base import Frozen, Moment
from chalicelib.model.deployments import Status
from chalicelib.model.services import Service, ServiceDeployment, Tasks


class Observation(Frozen):
    """The facts at one moment: the service (None: gone), and what else was read.

    `ours` is our service deployment, `tasks` those of our ECS deployment.
    """

    at: Moment
    service: Service | None
    ours: ServiceDeployment | None = None
    tasks: Tasks | None = None


class Remedy(StrEnum):
    """What Slipway does about a failure that ECS does not heal itself."""

    NONE = "none"
    STOP = "stop"  # StopServiceDeployment(stopType=ROLLBACK)
    UPDATE = "update"  # UpdateService(return_to)


class Verdict(Frozen):
    """A judgement: the status that follows, why, and what to do about it.

    `rule` is the name of the rule that matched. `explained`: the reason names the tasks' cause.
    `adopt` is the id of the ECS deployment that now carries our revision. `proven` says that the
    revision ran with at least one task; `by` is who wants the remedy.
    """

    rule: str
    status: Status
    reason: str = ""
    explained: bool = False
    adopt: str = ""
    proven: bool = False
    remedy: Remedy = Remedy.NONE
    by: Literal["slipway", "person"] = "slipway"
