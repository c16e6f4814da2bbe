"""plan -> ECS: find or register the revision, prove it, point the service at it, once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from chalicelib.decide.render import (
    PROVENANCE,
    copied,
    differences,
    provenance,
    render,
    repository_of,
)
from chalicelib.errors import Refused
from chalicelib.flow.ports import World
from chalicelib.model.deployments import Deployment, Head, Status
from chalicelib.model.services import Service
from chalicelib.model.targets import Target
from chalicelib.model.task_definitions import TaskDefinition, short_name


def return_target(world: World, record: Deployment, service: Service) -> str:
    """The revision to return to: of the last SUCCESSFUL service deployment, whoever made it.

    The steady PRIMARY is that one, so ECS is asked only when a rollout is under way. Empty when
    the service never ran anything.
    """
    if (steady := service.steady) is not None:
        return steady.task_definition
    last = world.services.newest_service_deployment(
        record.cluster, record.service_name, status="SUCCESSFUL"
    )
    return world.services.revision_task_definition(last.target_revision) if last else ""


def apply(
    world: World, record: Deployment, target: Target, service: Service, head: Head
) -> dict[str, Any]:  # fmt: skip
    """Bring the service to the record's image; returns the record's changes.

    A record that has a `revision` already (an attempt that died half way registered it, or it is
    one to go back to) registers none; a service that works towards it already is not updated.

    Raises:
        Refused: when the image cannot be rendered, or ECS registered something else.
        Unavailable: when ECS throttles or does not answer.
    """
    base, planned = _plan(world, record, target, service, head)
    if record.mode == "observe":
        return _observed(base, planned, record)
    revision = record.revision or (_registered(world, planned) if planned else base.arn)
    if _runs(service, revision):
        after = service
    else:
        after = world.services.update(record.cluster, record.service_name, revision)
    primary = after.primary
    return {
        "status": Status.IN_PROGRESS,
        "acting": False,
        "base": base.arn,
        "revision": revision,
        "applied": world.now,
        "deadline": world.now + timedelta(seconds=target.deadline, minutes=service.bake_minutes),
        "ecs_deployment": primary.id if primary else "",
        "service_deployment": _new_service_deployment(service, after),
        "desired": after.desired,
        "running": primary.running if primary else 0,
        "reason": "",
    }


def earlier_revision(world: World, record: Deployment, target: Target, service: Service) -> str:
    """The revision that an attempt that died half way registered; empty when there is none."""
    for arn in world.services.newest_revisions(_family(target, service)):
        definition = world.services.task_definition(arn)
        if definition is not None and definition.tags.get(PROVENANCE) == record.id:
            return definition.arn
    return ""


def _family(target: Target, service: Service) -> str:
    return target.family or short_name(service.task_definition).rsplit(":", 1)[0]


def _new_service_deployment(before: Service, after: Service) -> str:
    """UpdateService's answer may still name the deployment before ours; then it is found later."""
    arn = after.service_deployment or ""
    return "" if arn == before.service_deployment and before.primary != after.primary else arn


def _base(world: World, target: Target, service: Service, head: Head) -> TaskDefinition:
    """What to render from: the newest ACTIVE revision that is not an unproven one of ours.

    So what Terraform registered is picked up, and what failed is not built upon.
    """
    if target.base == "service":
        return _definition(world, service.task_definition)
    family = _family(target, service)
    newest = world.services.task_definition(family)
    if newest is None:
        raise Refused(
            f"there is no ACTIVE task definition of the family {family}. Register a first one, "
            "or correct `family` in targets.toml."
        )
    if _may_be_base(newest, head):
        return newest
    for arn in world.services.newest_revisions(family):
        if arn == newest.arn:
            continue
        definition = _definition(world, arn)
        if _may_be_base(definition, head):
            return definition
    return _definition(world, service.task_definition)


def _may_be_base(definition: TaskDefinition, head: Head) -> bool:
    return PROVENANCE not in definition.tags or head.proven_revision(definition.arn) is not None


def _definition(world: World, name: str) -> TaskDefinition:
    definition = world.services.task_definition(name)
    if definition is None:
        raise Refused(f"ECS has no task definition {short_name(name)}")
    return definition


def _plan(
    world: World, record: Deployment, target: Target, service: Service, head: Head
) -> tuple[TaskDefinition, dict[str, Any]]:
    """What to build on, and what to register; nothing, when an ACTIVE revision is gone back to.

    An INACTIVE revision cannot be deployed (UpdateService), so it is registered again as a copy.
    """
    marks = provenance(record.id, record.tag, record.cause)
    if record.goes_to:
        base = _definition(world, record.goes_to)
        return base, {} if base.active else copied(base, marks)
    base = _base(world, target, service, head)
    repository = repository_of(record.image)
    return base, render(base, record.image, repository, target.containers, marks)


def _registered(world: World, planned: dict[str, Any]) -> str:
    registered = world.services.register(planned)
    if unlike := differences(planned, registered):
        raise Refused(
            f"ECS registered {registered.name} otherwise than planned ({', '.join(unlike[:5])}); "
            "the service was not updated. Compare it with the revision before it."
        )
    return registered.arn


def _runs(service: Service, revision: str) -> bool:
    primary = service.primary
    return primary is not None and primary.task_definition == revision


def _observed(base: TaskDefinition, planned: dict[str, Any], record: Deployment) -> dict[str, Any]:
    changed = [
        str(container.get("name"))
        for container in planned.get("containerDefinitions", [])
        if container.get("image") == record.image
    ]
    would = f"register a revision of {base.family} from {base.name} with this image in "
    would = f"{would}{', '.join(changed)}" if planned else f"go back to {base.name}"
    return {
        "status": Status.OBSERVED,
        "acting": False,
        "base": base.arn,
        "reason": f"would {would}, and update the service",
    }
