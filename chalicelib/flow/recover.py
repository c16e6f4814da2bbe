"""record + service -> the revision and the rollout of an attempt that died half way."""

from __future__ import annotations

from chalicelib.decide.after import after
from chalicelib.definition.render import PROVENANCE
from chalicelib.flow.apply import started
from chalicelib.flow.plan import definition_of, family_of
from chalicelib.flow.ports import World
from chalicelib.model.deployments import Deployment
from chalicelib.model.happenings import RevisionFound, Started
from chalicelib.model.services import Service
from chalicelib.model.targets import Target
from chalicelib.verdict.ours import SKEW


def recovered(
    world: World, record: Deployment, target: Target, service: Service
) -> tuple[Deployment, Started | None]:
    """Return the record with the attempt's revision, and that revision's rollout.

    The rollout may have ended already. It is None when ECS shows no service deployment of the
    revision since the attempt began.
    """
    revision = record.revision or _revision(world, record, target, service)
    if not revision or target.is_task:
        return _with_found(world, record, revision), None
    record = _with_found(world, record, revision)
    since = (record.attempted or record.created) - SKEW
    listed = world.services.service_deployments_since(record.cluster, record.service_name, since)
    for rollout in listed:
        if world.services.revision_task_definition(rollout.target_revision) == revision:
            return record, started(
                world,
                record,
                target,
                service,
                revision,
                applied_at=rollout.created_at,
                service_deployment=rollout.arn,
            )
    return record, None


def _with_found(world: World, record: Deployment, revision: str) -> Deployment:
    return after(record, RevisionFound(revision=revision), world.now) if revision else record


def _revision(world: World, record: Deployment, target: Target, service: Service) -> str:
    """Return the revision that the attempt registered or chose; empty when there is none."""
    if record.goes_to and definition_of(world, record.goes_to).active:
        return record.goes_to
    for arn in world.services.newest_revisions(family_of(target, service)):
        definition = world.services.task_definition(arn)
        if definition is not None and definition.tags.get(PROVENANCE) == record.id:
            return definition.arn
    return ""
