"""plan -> ECS: find or register the revision, prove it, point the service at it, once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from chalicelib.decide.return_to import LastGood, return_to
from chalicelib.definition.render import (
    PROVENANCE,
    copied,
    differences,
    provenance,
    render,
)
from chalicelib.errors import Denied, Refused, Unanswered, Unavailable, Unreadable
from chalicelib.flow.ports import World
from chalicelib.model.base import Frozen
from chalicelib.model.deployments import Deployment, Head, Status
from chalicelib.model.registries import repository_of, same_image
from chalicelib.model.services import Service
from chalicelib.model.targets import Target
from chalicelib.model.task_definitions import TaskDefinition, short_name
from chalicelib.verdict.ours import SKEW, settled


def return_target(world: World, record: Deployment, service: Service, head: Head) -> str:
    """The revision to return to; empty when the service never ran anything else that is known.

    While an attempt may have brought the service to our revision, what was found before it stays;
    where it runs our revision already, there is nothing to return from.
    """
    own = record.revision or record.goes_to
    if own and _runs(service, own):
        return record.return_to if record.acting else own
    last = _last_successful(world, record, service)
    known = last.revision not in {"", own}
    superseded = "" if known else _of_the_superseded(world, record, head)
    return return_to(own, last, superseded, head)


def _last_successful(world: World, record: Deployment, service: Service) -> LastGood:
    """The last SUCCESSFUL service deployment, whoever made it.

    The steady PRIMARY is that one, so ECS is asked only when a rollout is under way.
    """
    if (steady := service.steady) is not None:
        return LastGood(revision=steady.task_definition, began=steady.created_at)
    last = world.services.newest_service_deployment(
        record.cluster, record.service_name, status="SUCCESSFUL"
    )
    if last is None:
        return LastGood()
    revision = world.services.revision_task_definition(last.target_revision)
    return LastGood(revision=revision, began=last.created_at)


def _of_the_superseded(world: World, record: Deployment, head: Head) -> str:
    """Where the deployment that is under way, and that this one replaces, would return to."""
    if head.applied in {"", record.id}:
        return ""
    try:
        before = world.ledger.deployment(record.service, head.applied)
    except Unreadable:  # a newer release's; what is proven is known all the same
        return ""
    return before.return_to if before and before.status is not Status.SUCCESSFUL else ""


class Plan(Frozen):
    """What applying will do: `registration` (empty: `revision` is there already) on `base`."""

    base: TaskDefinition
    registration: dict[str, Any]
    revision: str = ""


def plan(world: World, record: Deployment, target: Target, service: Service, head: Head) -> Plan:
    """What to register and deploy; reads only.

    Raises:
        Refused: when the image cannot be rendered, or what an attempt that died half way
            registered is not what was planned.
    """
    marks = provenance(record.id, record.tag, record.cause)
    if record.goes_to:
        # An INACTIVE revision cannot be deployed (UpdateService): it is registered again, a copy.
        base = _definition(world, record.goes_to)
        registration = {} if base.active else copied(base, marks)
        revision = record.revision or (base.arn if base.active else "")
        return Plan(base=base, registration=registration, revision=revision)
    again = record.base and (record.acting or record.revision)
    base = _definition(world, record.base) if again else _base(world, target, service, head)
    repository = repository_of(record.image)
    registration = render(base, record.image, repository, target.containers, marks)
    if again and record.revision:
        _proven_equal(registration, _registered_before(world, record))
    return Plan(base=base, registration=registration, revision=record.revision)


def apply(
    world: World, record: Deployment, target: Target, service: Service, planned: Plan
) -> dict[str, Any]:
    """Register and update, once each; returns the record's changes, also when AWS says not now.

    What AWS answered with an error was not done; what it did not answer may have been, and
    `acting` stays set until a later step has looked.
    """
    revision = planned.revision
    try:
        if not revision:
            revision = _registered(world, planned)
        if _runs(service, revision):
            return started(world, target, service, revision) | _nothing_to_update(service)
        after = world.services.update(record.cluster, record.service_name, revision)
    except Refused as refused:
        return {"status": Status.REFUSED, "reason": str(refused), "acting": False}
    except Unavailable as unavailable:
        return {
            "revision": revision,
            "reason": str(unavailable),
            "acting": isinstance(unavailable, Unanswered),
            "denial": str(unavailable) if isinstance(unavailable, Denied) else "",
        }
    return started(world, target, after, revision)


def observed(record: Deployment, planned: Plan) -> dict[str, Any]:
    """What a target in mode `observe` would have done."""
    changed = [
        str(container.get("name"))
        for container in planned.registration.get("containerDefinitions", [])
        if same_image(str(container.get("image", "")), record.image)
    ]
    base = planned.base
    would = f"register a revision of {base.family} from {base.name} with this image in "
    would = f"{would}{', '.join(changed)}" if changed else f"go back to {base.name}"
    return {
        "status": Status.OBSERVED,
        "base": base.arn,
        "reason": f"would {would}, and update the service",
    }


def started(world: World, target: Target, service: Service, revision: str) -> dict[str, Any]:
    """The record's changes once the service works towards `revision`.

    UpdateService's answer may still show the deployment before ours: then ours is found later, as
    is, always, our service deployment.
    """
    primary = service.primary if _runs(service, revision) else None
    given = timedelta(seconds=target.deadline, minutes=service.strategy.minutes)
    return {
        "status": Status.IN_PROGRESS,
        "acting": False,
        "denial": "",
        "waiting": None,
        "revision": revision,
        "applied": world.now,
        "deadline": world.now + given,
        "ecs_deployment": primary.id if primary else "",
        "service_deployment": "",
        "desired": service.desired,
        "running": primary.running if primary else 0,
        "reason": "",
    }


def _nothing_to_update(service: Service) -> dict[str, Any]:
    """What differs when the service works towards the revision already: its rollout is ours."""
    primary = service.primary
    return {"began": primary.created_at} if primary and primary.created_at else {}


def earlier_revision(world: World, record: Deployment, target: Target, service: Service) -> str:
    """The revision that an attempt that died half way registered, or would have gone to.

    Empty when there is none.
    """
    if record.goes_to and _definition(world, record.goes_to).active:
        return record.goes_to
    for arn in world.services.newest_revisions(_family(target, service)):
        definition = world.services.task_definition(arn)
        if definition is not None and definition.tags.get(PROVENANCE) == record.id:
            return definition.arn
    return ""


def earlier_rollout(world: World, record: Deployment, service: Service) -> dict[str, Any]:
    """The rollout that an attempt that died half way began, wherever it stands by now.

    Empty when ECS knows no service deployment of our revision since the attempt.
    """
    since = (record.attempted or record.created) - SKEW
    for one in world.services.service_deployments_since(record.cluster, record.service_name, since):
        if world.services.revision_task_definition(one.target_revision) == record.revision:
            return {"applied": one.created_at or world.now, "service_deployment": one.arn}
    return {}


def _family(target: Target, service: Service) -> str:
    return target.family or short_name(service.task_definition).rsplit(":", 1)[0]


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


def _registered_before(world: World, record: Deployment) -> TaskDefinition:
    """The revision of an earlier attempt; ECS may not show it for a moment."""
    definition = world.services.task_definition(record.revision)
    if definition is not None:
        return definition
    name = short_name(record.revision)
    if settled(record.attempted, world.now):
        raise Refused(f"{name} was registered for this, and is gone from ECS. Deploy it again.")
    raise Unavailable(f"ECS does not show {name} yet, which was registered a moment ago")


def _registered(world: World, planned: Plan) -> str:
    registered = world.services.register(planned.registration)
    _proven_equal(planned.registration, registered)
    return registered.arn


def _proven_equal(planned: dict[str, Any], registered: TaskDefinition) -> None:
    if unlike := differences(planned, registered):
        raise Refused(
            f"ECS registered {registered.name} otherwise than planned ({', '.join(unlike[:5])}); "
            "the service was not updated. Compare it with the revision before it."
        )


def _runs(service: Service, revision: str) -> bool:
    primary = service.primary
    return primary is not None and primary.task_definition == revision
