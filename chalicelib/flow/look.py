"""record -> observation: read from ECS what a verdict needs, and no more."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from chalicelib.errors import DeployerError
from chalicelib.flow.ended import ended_tasks
from chalicelib.flow.last_lines import last_lines
from chalicelib.flow.ports import World
from chalicelib.model.changes import changed_observation
from chalicelib.model.deployments import Deployment, Status
from chalicelib.model.services import RunningTask, Service, ServiceDeployment, Tasks
from chalicelib.model.verdicts import Observation
from chalicelib.verdict.hopeless import crashed_at_once, many_ended
from chalicelib.verdict.needed import needs_service_deployment, needs_tasks
from chalicelib.verdict.ours import SKEW, newest_of_ours

_STOPPED = frozenset({"STOP_REQUESTED", "STOPPED"})
_COMPLETE_IN_LISTS = frozenset({"PENDING", "SUCCESSFUL"})  # DescribeServiceDeployments adds nothing


def look(
    world: World, record: Deployment, *, task_ended: bool, rollout_changed: bool = False
) -> Observation:
    """Return the facts at `world.now`. Tasks are read only if one ended, or a rule needs them.

    The service deployment is read if an event told that the rollout changed, or a rule needs it.
    After such an event a rule nearly always needs it; where none does, DescribeServices may have
    answered with what was true before the event.

    Raises:
        Unavailable: when ECS does not answer for the service or its service deployment.
    """
    service = world.services.service(record.cluster, record.service_name)
    observation = Observation(at=world.now, service=service)
    if service is not None and (task_ended or needs_tasks(record, observation)):
        tasks = _readable_tasks(world, record, service)
        observation = changed_observation(observation, tasks=tasks)
    if service is not None and rollout_changed:
        observation = _and_service_deployment(world, record, observation)
    else:
        observation = _with_service_deployment(world, record, observation)
    return _with_alarms(world, observation) if record.succeeded is not None else observation


def with_log(world: World, record: Deployment, observation: Observation) -> Observation:
    """Return the observation with the last log lines of a task that crashed at once, if one did.

    Call this only when ECS' own answers decide nothing: no verdict waits for a log.
    """
    tasks = observation.tasks
    task = crashed_at_once(tasks.stopped) if tasks else None
    if tasks is None or task is None:
        return observation
    lines = last_lines(world, record, task).lines
    tasks = Tasks(stopped=tasks.stopped, running=tasks.running, log=lines)
    observation = changed_observation(observation, tasks=tasks)
    return observation if observation.ours else _with_service_deployment(world, record, observation)


def _with_alarms(world: World, observation: Observation) -> Observation:
    """Return the observation with the service's alarms that ring, or with why nobody knows."""
    names = observation.service.alarms if observation.service else ()
    if not names or world.alarms is None:
        return observation
    try:
        ringing = world.alarms.ringing(names)
    except DeployerError as error:
        return changed_observation(observation, unread=str(error))
    return changed_observation(observation, alarms=tuple(ringing))


def _with_service_deployment(
    world: World, record: Deployment, observation: Observation
) -> Observation:
    if observation.service is None or not needs_service_deployment(record, observation):
        return observation
    return _and_service_deployment(world, record, observation)


def _and_service_deployment(
    world: World, record: Deployment, observation: Observation
) -> Observation:
    return changed_observation(observation, ours=our_service_deployment(world, record))


def our_service_deployment(world: World, record: Deployment) -> ServiceDeployment | None:
    """Return the service deployment of this record; None while ECS does not show it.

    It is found by the ARN in the record, else it is the newest one that is ours. A service
    deployment is ours by its revision and its time. ECS' `currentServiceDeployment` is not used,
    because it may be out of date. While the revision rolls out, one that was stopped may have been
    stopped for a newer one of the same revision; then that one is ours.
    """
    if not record.service_deployment:
        return _newest_of_ours(world, record, record.since)
    known = world.services.service_deployment(record.service_deployment)
    stopped = known is not None and known.status in _STOPPED
    if known is None or not stopped or record.status is not Status.IN_PROGRESS:
        return known
    return _newest_of_ours(world, record, known.created_at) or known


def _newest_of_ours(
    world: World, record: Deployment, since: datetime | None
) -> ServiceDeployment | None:
    if since is None:
        return None
    since -= SKEW
    listed = world.services.service_deployments_since(record.cluster, record.service_name, since)
    ours = newest_of_ours(
        record, ((deployment, _revision(world, deployment)) for deployment in listed)
    )
    if ours is None or ours.status in _COMPLETE_IN_LISTS:
        return ours
    return world.services.service_deployment(ours.arn) or ours


def deployed_since(world: World, record: Deployment, observation: Observation) -> str | None:
    """Return the revision of the newest service deployment after ours; None when there is none.

    It is empty while ECS does not show the revision.
    """
    ours = observation.ours
    since = ours.created_at if ours and ours.created_at else record.since
    if since is None:
        return None
    listed = world.services.service_deployments_since(record.cluster, record.service_name, since)
    newer = [
        deployment
        for deployment in listed
        if deployment.created_at
        and deployment.created_at > since
        and (ours is None or deployment.arn != ours.arn)
    ]
    return _revision(world, newer[0]) if newer else None


def _revision(world: World, found: ServiceDeployment) -> str:
    return world.services.revision_task_definition(found.target_revision)


def _readable_tasks(world: World, record: Deployment, service: Service) -> Tasks | None:
    """Return the tasks; None when they cannot be read, because most verdicts need no tasks."""
    try:
        return _tasks(world, record, service)
    except DeployerError:
        return None


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
    )
