"""service -> reply: what ECS runs of a service at this moment, whoever deployed it."""

from __future__ import annotations

from typing import Any

from chalicelib.definition.render import image_in
from chalicelib.errors import DeployerError
from chalicelib.explain.classify import said
from chalicelib.flow.ports import World
from chalicelib.flow.service import service_of
from chalicelib.model.base import Frozen, iso, iso_if_known
from chalicelib.model.deployments import GOES_BACK, Deployment
from chalicelib.model.heads import Head
from chalicelib.model.registries import Repository, digest_in, tag_of
from chalicelib.model.services import EcsDeployment, Service, ServiceTask
from chalicelib.model.targets import Target
from chalicelib.model.task_definitions import short_name

_TASKS = 50  # tasks in a reply
_REASON = 500  # characters of the reason of a task's end


class Version(Frozen):
    """A revision's image, with its digest and tags as far as they are known."""

    image: str = ""
    digest: str = ""
    tags: tuple[str, ...] = ()

    @property
    def tag(self) -> str:
        """The tag by which people know it; empty when none is known."""
        return next(iter(self.tags), "")


def running(world: World, target: Target) -> dict[str, Any]:
    """Return the service's PRIMARY deployment, its tasks by state, and who deployed it.

    `by` is "Slipway" (then `deployment` is its id) or "somebody else". `stage` is ECS' lifecycle
    stage, or its `rolloutState` where ECS shows none; `traffic` is the percentage of the production
    traffic that goes to the PRIMARY deployment. `waits` lists the hooks that wait for a person.
    `scheduled` lists the rules and schedules that follow, each with the `family:revision` that it
    names. `status` is "MISSING" when ECS has no such service.

    Raises:
        Unavailable: when ECS does not answer.
    """
    service = service_of(world, target.cluster, target.service)
    found: dict[str, Any] = {"service": target.name, "at": iso(world.now)}
    if service is None:
        return {**found, "status": "MISSING"}
    head = world.ledger.head(target.name)
    primary = service.primary
    revision = service.revision
    applied = _applied(world, head)
    version = version_of(world, target, head, revision)
    by_us = applied is not None and revision == _brought(applied)
    reply = {
        **found,
        "status": service.status,
        "revision": short_name(revision),
        "image": version.image,
        "digest": version.digest,
        "tags": list(version.tags),
        "by": "Slipway" if by_us else "somebody else",
        "deployment": applied.id if applied is not None and by_us else "",
        "since": iso(primary.created_at) if primary and primary.created_at else "",
        "stage": primary.rollout_state if primary else "",
        "tasks": _tasks(service),
        "deployments": [_deployment(deployment) for deployment in service.deployments],
    }
    return reply | _stage(world, service) | _task_list(world, target) | _scheduled(world, target)


def _stage(world: World, service: Service) -> dict[str, Any]:
    """Return the stage and the traffic of the rollout under way, where its strategy has any.

    They belong to `currentServiceDeployment`, which ECS may name late (eventual consistency).
    """
    if not service.service_deployment or (service.strategy.rolling and not service.strategy.hooks):
        return {}
    try:
        found = world.services.service_deployment(service.service_deployment)
    except DeployerError:
        return {}
    if found is None or found.ended_at is not None or not found.stage:
        return {}
    waits = [
        {"stage": found.stage, "until": iso_if_known(hook.expires)} for hook in found.waiting_hooks
    ]
    return {"stage": found.stage, "traffic": found.traffic, "waits": waits}


def digest_that_runs(world: World, target: Target, head: Head, revision: str) -> str:
    """Return the digest of the image that a revision runs; empty when it is not known."""
    return version_of(world, target, head, revision).digest


def _applied(world: World, head: Head | None) -> Deployment | None:
    if head is None or not head.applied_deployment:
        return None
    return world.ledger.deployment(head.service, head.applied_deployment)


def _brought(applied: Deployment) -> str:
    return applied.return_to if applied.status in GOES_BACK else applied.revision


def version_of(world: World, target: Target, head: Head | None, revision: str) -> Version:
    """Return the image that a revision (an ARN) runs, as far as ECS and the ledger know it."""
    proven = head.proven_revision(revision) if head else None
    definition = world.services.task_definition(revision)
    followed = target.repository, target.containers, world.here
    image = image_in(definition, *followed) if definition else ""
    repository = Repository(place=world.here, name=target.repository)
    digest, tag = digest_in(repository, image), tag_of(image)
    if proven is not None:
        return Version(
            image=image, digest=proven.digest or digest, tags=proven.all_tags or _known(tag)
        )
    return Version(image=image, digest=digest, tags=_known(tag))


def _known(tag: str) -> tuple[str, ...]:
    return (tag,) if tag else ()


def _tasks(service: Service) -> dict[str, int]:
    return {"desired": service.desired, "running": service.running, "pending": service.pending}


def _scheduled(world: World, target: Target) -> dict[str, Any]:
    """Return what the rules and schedules run that follow; nothing where none do."""
    if not target.follow.any:
        return {}
    try:
        found = world.scheduled.found(target.follow)
    except DeployerError as error:
        return {"scheduled": [], "scheduled_unknown": f"they could not be read: {error}"}
    names = [{"task": one.label, "names": short_name(one.task_definition)} for one in found.tasks]
    return {"scheduled": names + [{"task": name, "names": ""} for name in found.missing]}


def _task_list(world: World, target: Target) -> dict[str, Any]:
    """Return the newest tasks; without them, or without all of them, `unknown` says why.

    A [[task]] has no tasks that stay.
    """
    if target.is_task:
        return {"task_list": []}
    try:
        found = world.services.service_tasks(target.cluster, target.service)
    except DeployerError as error:
        return {"task_list": [], "unknown": f"the tasks could not be read: {error}"}
    shown = [_task(task) for task in found.tasks[:_TASKS]]
    if found.complete and len(found.tasks) == len(shown):
        return {"task_list": shown}
    more = "at least " if not found.complete else ""
    return {
        "task_list": shown,
        "unknown": f"there are {more}{len(found.tasks)} tasks; the newest {len(shown)} are listed",
    }


def _task(task: ServiceTask) -> dict[str, Any]:
    """Return a task in the form of a reply; its reason is masked."""
    return {
        "id": task.id,
        "revision": short_name(task.task_definition),
        "status": task.status,
        "health": task.health,
        "started": iso_if_known(task.started_at),
        "created": iso_if_known(task.created_at),
        "reason": said(task.end, _REASON) if task.end else "",
        "exit": task.end.exit_code if task.end else None,
        "deployment": task.ecs_deployment,
    }


def _deployment(deployment: EcsDeployment) -> dict[str, Any]:
    return {
        "id": deployment.id,
        "status": deployment.status,
        "revision": short_name(deployment.task_definition),
        "stage": deployment.rollout_state,
        "tasks": {
            "desired": deployment.desired,
            "running": deployment.running,
            "pending": deployment.pending,
            "failed": deployment.failed,
        },
    }
