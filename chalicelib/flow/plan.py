"""record + service -> plan: say what will be registered and deployed; this only reads."""

from __future__ import annotations

from typing import Any

from chalicelib.definition.compare import changed_besides_image, differences
from chalicelib.definition.render import PROVENANCE, copied, provenance, render
from chalicelib.errors import DeployerError, Refused, Unavailable
from chalicelib.flow.ports import World
from chalicelib.model.base import Frozen
from chalicelib.model.deployments import Deployment
from chalicelib.model.happenings import Observed
from chalicelib.model.heads import Head
from chalicelib.model.registries import repository_of, same_image
from chalicelib.model.services import Service
from chalicelib.model.targets import Target
from chalicelib.model.task_definitions import TaskDefinition, short_name
from chalicelib.verdict.ours import settled


class Plan(Frozen):
    """The plan of an attempt.

    `registration` is rendered from `base`. `revision` is the one to deploy when it exists already;
    else it is empty. `base_changes` are the fields besides the image that differ from what runs.
    """

    base: TaskDefinition
    registration: dict[str, Any]
    revision: str = ""
    base_changes: tuple[str, ...] = ()


def plan(world: World, record: Deployment, target: Target, service: Service, head: Head) -> Plan:
    """Return what to register and deploy for this record.

    Raises:
        Refused: when the image cannot be rendered, or when an earlier attempt, which died half
            way, registered something else than what was planned.
        Unavailable: when ECS does not show yet what the earlier attempt registered.
    """
    marks = provenance(record.id, record.tag, record.cause)
    if record.goes_to:
        # UpdateService takes no INACTIVE revision, so a copy of it is registered.
        base = definition_of(world, record.goes_to)
        registration = {} if base.active else copied(base, marks)
        revision = record.revision or (base.arn if base.active else "")
        changes = _base_changes(world, record, target, service, base, registration or base.body)
        return Plan(base=base, registration=registration, revision=revision, base_changes=changes)
    again = record.base and (record.acting or record.revision)
    base = definition_of(world, record.base) if again else _base(world, target, service, head)
    repository = repository_of(record.image)
    registration = render(base, record.image, repository, target.containers, marks)
    if again and record.revision:
        refuse_unlike(registration, _registered_before(world, record))
    changes = _base_changes(world, record, target, service, base, registration)
    return Plan(
        base=base, registration=registration, revision=record.revision, base_changes=changes
    )


def _base_changes(  # noqa: PLR0913, PLR0917 - each is one thing that is compared or asked
    world: World,
    record: Deployment,
    target: Target,
    service: Service,
    base: TaskDefinition,
    body: dict[str, Any],
) -> tuple[str, ...]:
    """Return the fields of the new body, besides the image, that differ from what the service runs.

    Whoever may register a revision in the family decides what they are: people should see it. Only
    a target that refuses such changes waits for the answer; nothing else waits for words.

    Raises:
        Unavailable: when ECS does not answer, and the changes may have to be refused.
    """
    if base.arn == service.revision:
        return ()
    try:
        running = world.services.task_definition(service.revision)
    except DeployerError:
        if target.base_changes == "refuse" and not record.goes_to:
            raise
        return ()
    return changed_besides_image(running.body, body, record.image) if running else ()


def observed(record: Deployment, planned: Plan) -> Observed:
    """Return what Slipway would have done if the target's mode were not "observe"."""
    rendered = [
        str(container.get("name"))
        for container in planned.registration.get("containerDefinitions", [])
        if same_image(str(container.get("image", "")), record.image)
    ]
    base = planned.base
    would = f"register a revision of {base.family} from {base.name} with this image in "
    would = f"{would}{', '.join(rendered)}" if rendered else f"go back to {base.name}"
    then = "let its rules and schedules run it" if record.is_task else "update the service"
    return Observed(
        base=base.arn,
        reason=f"would {would}, and {then}",
        base_changes=planned.base_changes,
    )


def _base(world: World, target: Target, service: Service, head: Head) -> TaskDefinition:
    """Return the base to render from: the newest ACTIVE revision, unless it is ours and unproven.

    So Slipway picks up what Terraform registered, and never builds upon a revision that failed.
    An Express service has a base of its own.
    """
    if service.express:
        return _express_base(world, service)
    if target.base == "service":
        return definition_of(world, service.revision)
    family = family_of(target, service)
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
        definition = definition_of(world, arn)
        if _may_be_base(definition, head):
            return definition
    return definition_of(world, service.revision)


def _express_base(world: World, service: Service) -> TaskDefinition:
    """Return what an Express service runs, as DescribeExpressGatewayService names it.

    ECS registers revisions of its own in the family, so the family's newest one may be anything.
    Mostly the PRIMARY deployment names the same revision. DescribeExpressGatewayService is asked
    all the same, because AWS says of it alone that it names the task definition in use, ECS' own
    or the customer's (API reference, ExpressGatewayServiceConfiguration). It is asked once for each
    revision that is rendered, and never while a rollout is watched.

    During a rollout, several configurations are active: then PRIMARY's is the base. Where that is
    not among them, one of the two answers is out of date, and the newest configuration is the base.
    """
    named = world.services.express_task_definitions(service.arn)
    primary = service.revision
    return definition_of(world, primary if primary in named or not named else named[0])


def _may_be_base(definition: TaskDefinition, head: Head) -> bool:
    return PROVENANCE not in definition.tags or head.proven_revision(definition.arn) is not None


def _registered_before(world: World, record: Deployment) -> TaskDefinition:
    """Return the revision that an earlier attempt registered.

    Raises:
        Unavailable: when ECS does not show it yet, for half a minute at most.
        Refused: when ECS does not show it after that.
    """
    definition = world.services.task_definition(record.revision)
    if definition is not None:
        return definition
    name = short_name(record.revision)
    if settled(record.attempted, world.now):
        raise Refused(f"{name} was registered for this, but ECS no longer has it. Deploy it again.")
    raise Unavailable(f"ECS does not show {name} yet; it was registered a moment ago")


def refuse_unlike(planned: dict[str, Any], registered: TaskDefinition) -> None:
    """Raise Refused when ECS registered something else than what was planned."""
    if unlike := differences(planned, registered):
        raise Refused(
            f"ECS did not register {registered.name} as planned ({', '.join(unlike[:5])}); "
            "the service was not updated. Compare it with the revision before it."
        )


def family_of(target: Target, service: Service) -> str:
    """Return the family to render from: the target's own, else the one that the service runs.

    An Express service stays in the family that it runs, whatever the target says.
    """
    running = short_name(service.revision).rsplit(":", 1)[0]
    return running if service.express else target.family or running


def definition_of(world: World, name: str) -> TaskDefinition:
    """Return the task definition of this name or ARN.

    Raises:
        Refused: when ECS has no such task definition.
    """
    definition = world.services.task_definition(name)
    if definition is None:
        raise Refused(f"ECS has no task definition {short_name(name)}")
    return definition
