"""target -> the service as AWS shows it now; of a [[task]], what its rules and schedules name."""

from __future__ import annotations

from chalicelib.decide.scheduled import as_service, named_now
from chalicelib.flow.ports import World
from chalicelib.model.scheduled import TASKS, ScheduledChange
from chalicelib.model.services import Service


def service_of(world: World, cluster: str, service: str, *, running: int = 0) -> Service | None:
    """Return the service of `CLUSTER/SERVICE`; None when AWS does not have it.

    A [[task]] has none. What its rules and schedules name is returned in its form, with no desired
    tasks and with `running` ones. What Slipway wrote a moment ago counts, whatever AWS still shows.

    Raises:
        Unavailable: when AWS does not answer.
    """
    if cluster != TASKS:
        return world.services.service(cluster, service)
    target = world.targets.named(f"{cluster}/{service}")
    if target is None:
        return None
    tasks = world.scheduled.found(target.follow).tasks
    names = named_now(tasks, _changed_last(world, target.name), world.now)
    return as_service(service, names, running=running)


def _changed_last(world: World, name: str) -> tuple[ScheduledChange, ...]:
    """Return what the deployment that was applied last did to the rules and schedules."""
    head = world.ledger.head(name)
    if head is None or not head.applied_deployment:
        return ()
    last = world.ledger.deployment(name, head.applied_deployment)
    return last.scheduled if last else ()
