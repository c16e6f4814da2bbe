"""record -> observation: what must be read of ECS to judge a deployment, and no more."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from chalicelib.decide.heal import crashed_at_once, many_ended
from chalicelib.decide.judge import needs_service_deployment, needs_tasks
from chalicelib.flow.ended import ended_tasks
from chalicelib.flow.output import last_lines
from chalicelib.flow.ports import World
from chalicelib.model.deployments import Deployment
from chalicelib.model.services import RunningTask, Service, ServiceDeployment, StoppedTask, Tasks
from chalicelib.model.verdicts import Observation


def observe(world: World, record: Deployment, *, look: bool) -> Observation:
    """The facts at `world.now`; with `look`, a task is known to have ended, so tasks are read."""
    service = world.services.service(record.cluster, record.service_name)
    seen = Observation(at=world.now, service=service)
    if service is not None and (look or needs_tasks(record, seen)):
        seen = seen.model_copy(update={"tasks": _tasks(world, record, service)})
    if service is None or not needs_service_deployment(record, seen):
        return seen
    ours = our_service_deployment(world, record, service)
    return seen.model_copy(update={"ours": ours})


def our_service_deployment(
    world: World, record: Deployment, service: Service
) -> ServiceDeployment | None:
    """The service deployment of this record: by its ARN, else the newest with our revision."""
    if record.service_deployment:
        return world.services.service_deployment(record.service_deployment)
    newest = world.services.newest_service_deployment(record.cluster, service.name)
    if newest is None:
        return None
    revision = world.services.revision_task_definition(newest.target_revision)
    return newest if revision == record.revision else None


def noticed(record: Deployment, seen: Observation) -> dict[str, Any]:
    """What is worth remembering of an observation, whatever the verdict."""
    changes: dict[str, Any] = {}
    primary = seen.service.primary if seen.service else None
    if primary is not None and primary.task_definition == record.revision:
        changes = {"desired": primary.desired, "running": primary.running}
    if seen.tasks is not None:
        changes |= {"looked": seen.at, "ended": len(seen.tasks.stopped)}
    if seen.ours is not None and not record.service_deployment:
        changes["service_deployment"] = seen.ours.arn
    return changes


def _tasks(world: World, record: Deployment, service: Service) -> Tasks:
    stopped = ended_tasks(world, record)
    running: Sequence[RunningTask] | None = None
    desired = service.primary.desired if service.primary else 0
    target = world.targets.named(record.service)
    looped = target is None or target.crash_loop
    if looped and many_ended(stopped, desired, service.breaker_threshold):
        running = world.services.running_tasks(
            record.cluster, record.service_name, record.ecs_deployment
        )
    return Tasks(
        stopped=stopped,
        running=None if running is None else tuple(running),
        log=_log(world, record, crashed_at_once(stopped)),
    )


def _log(world: World, record: Deployment, task: StoppedTask | None) -> tuple[str, ...]:
    return last_lines(world, record, task).lines if task else ()
