"""record -> the ended tasks of its rollout, each with the container that ended it."""

from __future__ import annotations

from collections.abc import Collection

from chalicelib.errors import DeployerError
from chalicelib.explain.ending import ambiguous, essential_containers, told_by_its_end
from chalicelib.flow.ports import World
from chalicelib.model.deployments import Deployment
from chalicelib.model.services import StoppedTask


def ended_tasks(world: World, record: Deployment) -> tuple[StoppedTask, ...]:
    """Return the ended tasks of the record's rollout, newest first.

    The task definition is read only when it may change which container ended a task: only an
    essential container ends one.
    """
    stopped = world.services.stopped_tasks(
        record.cluster, record.service_name, record.ecs_deployment
    )
    if not any(map(ambiguous, stopped)):
        return tuple(stopped)
    essential = _essential(world, record.revision)
    return tuple(told_by_its_end(task, essential) for task in stopped)


def _essential(world: World, revision: str) -> Collection[str]:
    """Return the names of the essential containers; empty when they cannot be read."""
    try:
        definition = world.services.task_definition(revision) if revision else None
    except DeployerError:
        return ()
    return essential_containers(definition.body) if definition else ()
