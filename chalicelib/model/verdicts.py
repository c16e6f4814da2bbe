"""A verdict on a deployment, and the observation that it is based on."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from chalicelib.model.base import Frozen, Moment
from chalicelib.model.deployments import Status
from chalicelib.model.services import Service, ServiceDeployment, Tasks


class Observation(Frozen):
    """The facts that ECS showed at one moment. `service` is None when ECS has no such service.

    `ours` is our service deployment, and `tasks` are those of our ECS deployment; each is None when
    it was not read or not found. `alarms` are the service's CloudWatch alarms that are in ALARM;
    `unread` says why they could not be read.
    """

    at: Moment
    service: Service | None
    ours: ServiceDeployment | None = None
    tasks: Tasks | None = None
    alarms: tuple[str, ...] = ()
    unread: str = ""


class Remedy(StrEnum):
    """What Slipway does about a failure that ECS does not repair itself."""

    NONE = "none"
    STOP = "stop"  # StopServiceDeployment(stopType=ROLLBACK)
    UPDATE = "update"  # UpdateService(return_to)


class Verdict(Frozen):
    """The judgement on a deployment: the status that follows, the reason, and the remedy.

    `rule` is the name of the rule that matched. `explained` says that the reason already names why
    the tasks failed. `adopt` is the id of the ECS deployment that now carries our revision.
    `proven` says that the revision ran at least one task. `watch` says that ECS calls it
    successful, and that it is watched from now on. `by` is who wants the remedy.
    """

    rule: str
    status: Status
    reason: str = ""
    explained: bool = False
    adopt: str = ""
    proven: bool = False
    watch: bool = False
    remedy: Remedy = Remedy.NONE
    by: Literal["slipway", "person"] = "slipway"
