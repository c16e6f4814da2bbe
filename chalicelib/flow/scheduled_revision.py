"""scheduled tasks of another family -> the revision of that family which runs the same image."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from chalicelib.decide.scheduled import failed, lacks_revision
from chalicelib.definition.render import PROVENANCE, provenance, render
from chalicelib.errors import Conflict, DeployerError, Refused, Unavailable
from chalicelib.flow.plan import definition_of, refuse_unlike
from chalicelib.flow.ports import World
from chalicelib.model.changes import changed_scheduled
from chalicelib.model.deployments import Deployment
from chalicelib.model.heads import Head
from chalicelib.model.registries import digest_of, repository_of
from chalicelib.model.scheduled import ChangeState, ScheduledChange
from chalicelib.model.task_definitions import TaskDefinition, short_name


def with_revisions(
    world: World, head: Head, record: Deployment, changes: Sequence[ScheduledChange]
) -> tuple[ScheduledChange, ...]:
    """Return the changes, each with the revision that it gets; those of a family get the same.

    ECS may list a revision only some moments after it was registered.
    """
    made = {one.family: one.revision for one in changes if one.revision}
    done: list[ScheduledChange] = []
    for change in changes:
        done.append(_with_revision(world, head, record, change, made))
        if done[-1].revision:
            made[done[-1].family] = done[-1].revision
    return tuple(done)


def _with_revision(
    world: World, head: Head, record: Deployment, change: ScheduledChange, made: Mapping[str, str]
) -> ScheduledChange:
    """Return the change with the revision that it gets; one of another family is made for it.

    `made` has the revisions of the record that are known already, by family.
    """
    if not lacks_revision(change):
        return change
    try:
        revision = _ran_before(world, head, record, change) or made.get(change.family)
        revision = revision or _of_family(world, record, change)
    except Conflict:
        raise
    except DeployerError as error:
        return failed(change, error)
    return changed_scheduled(change, revision=revision)


def _of_family(world: World, record: Deployment, change: ScheduledChange) -> str:
    """Return the revision of another family that runs the record's image.

    It is the one that an attempt that died half way registered; else a new one, rendered as for a
    service.

    Raises:
        Refused: when no container of the family runs an image of the repository.
        Unavailable: when ECS does not answer, throttles, or does not show yet what it lists.
    """
    newest = [_listed(world, arn) for arn in world.services.newest_revisions(change.family)]
    for definition in newest:
        if definition.tags.get(PROVENANCE) == record.id:
            return definition.arn
    base = next((one for one in newest if _may_be_base(one, change)), None)
    base = base or definition_of(world, change.named)
    if not digest_of(record.image):
        raise Refused(f"the image of {record.version} is not known by its digest")
    marks = provenance(record.id, record.tag, record.cause)
    registration = render(base, record.image, repository_of(record.image), (), marks)
    if registration["containerDefinitions"] == base.body.get("containerDefinitions"):
        return base.arn
    made = world.services.register(registration)
    refuse_unlike(registration, made)
    return made.arn


def _listed(world: World, arn: str) -> TaskDefinition:
    definition = world.services.task_definition(arn)
    if definition is None:
        raise Unavailable(f"ECS lists {short_name(arn)} and does not show it yet")
    return definition


def _ran_before(
    world: World, head: Head, record: Deployment, change: ScheduledChange
) -> str | None:
    """Return what this scheduled task ran beside the revision that a rollback goes back to.

    It is what the deployments of that revision gave to it. Where none did, because Slipway found
    the revision running, it is what the first deployment after it found there.
    """
    proven = head.proven_revision(record.revision) if record.goes_to else None
    if proven is None:
        return None
    later = [other for other in head.proven if other.first > proven.first]
    next_one = min(later, key=lambda other: other.first, default=None)
    given = [
        one.revision
        for one in _same(world, record, change, proven.deployments)
        if one.state is ChangeState.DONE
    ]
    found = _same(world, record, change, next_one.deployments[-1:] if next_one else ())
    return next((arn for arn in (*given, *(one.named for one in found)) if _runs(world, arn)), None)


def _same(
    world: World, record: Deployment, change: ScheduledChange, deployments: Iterable[str]
) -> list[ScheduledChange]:
    """Return what these other deployments did to the same scheduled task, of the same family."""
    others = (each for each in deployments if each != record.id)
    records = [world.ledger.deployment(record.service, each) for each in others]
    return [
        one
        for other in records
        if other is not None
        for one in other.scheduled
        if one.label == change.label and one.family == change.family
    ]


def _runs(world: World, revision: str) -> bool:
    definition = world.services.task_definition(revision) if revision else None
    return definition is not None and definition.active


def _may_be_base(definition: TaskDefinition, change: ScheduledChange) -> bool:
    """Whether somebody else registered it, or the scheduled task runs it now."""
    return PROVENANCE not in definition.tags or definition.arn == change.named
