"""target -> the service as AWS shows it now; of a [[task]], what its rules and schedules name."""

from __future__ import annotations

from chalicelib.decide.scheduled import as_service
from chalicelib.flow.ports import World
from chalicelib.model.scheduled import TASKS
from chalicelib.model.services import Service


def service_of(world: World, cluster: str, service: str, *, running: int = 0) -> Service | None:
    """Return the service of `CLUSTER/SERVICE`; None when AWS does not have it.

    A [[task]] has none. What its rules and schedules name is returned in its form, with no desired
    tasks and with `running` ones.

    Raises:
        Unavailable: when AWS does not answer.
    """
    if cluster != TASKS:
        return world.services.service(cluster, service)
    target = world.targets.named(f"{cluster}/{service}")
    if target is None:
        return None
    return as_service(service, world.scheduled.found(target.follow).tasks, running=running)
