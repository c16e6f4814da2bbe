"""running revisions -> records: remember what somebody else deployed, and never fight it."""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.decide.admit import deployment_id
from chalicelib.decide.head import found_foreign
from chalicelib.decide.proven import unknown_steady
from chalicelib.definition.render import image_in
from chalicelib.errors import DeployerError, Unreadable
from chalicelib.flow.outcome import Outcome
from chalicelib.flow.ports import World
from chalicelib.flow.service import service_of
from chalicelib.model.deployments import FAILURES, Cause, Deployment, Status
from chalicelib.model.heads import Head
from chalicelib.model.images import commit_named
from chalicelib.model.registries import Repository, digest_in, tag_of
from chalicelib.model.requests import Request
from chalicelib.model.scheduled import TASKS
from chalicelib.model.services import EcsDeployment, Service
from chalicelib.model.targets import Target


def foreign(world: World, cluster: str, targets: Sequence[Target]) -> list[Outcome]:
    """Record each steady revision that no deployment of Slipway brought, and return the outcomes.

    `targets` are at most ten targets of one cluster; one call reads their services. Services with
    an open deployment are left out. A revision that was found running is proven, so a rollback by
    hand may go back to it. No notice is sent: the person who deployed it knows.

    An error of one service becomes an outcome, and the others are still looked at.

    Raises:
        Unavailable: when AWS does not answer; the sweep looks again an hour later.
    """
    heads = ((target, _head(world, target)) for target in targets)
    quiet = {
        target.service: (target, head)
        for target, head in heads
        if head is not None and not head.open_deployments
    }
    services = _services(world, cluster, list(quiet)) if quiet else ()
    looked_at = (_tried(world, *quiet[service.name], service) for service in services)
    return [outcome for outcome in looked_at if outcome is not None]


def _services(world: World, cluster: str, names: Sequence[str]) -> Sequence[Service]:
    """Return those that exist. Of a [[task]], what its rules and schedules name."""
    if cluster != TASKS:
        return world.services.services(cluster, names)
    found = (service_of(world, cluster, name) for name in names)
    return [one for one in found if one is not None]


def _head(world: World, target: Target) -> Head | None:
    """Return HEAD; None if there is none, or a newer release wrote it (another turn says so)."""
    try:
        return world.ledger.head(target.name)
    except Unreadable:
        return None


def _tried(world: World, target: Target, head: Head, service: Service) -> Outcome | None:
    try:
        return remember(world, target, head, service)
    except DeployerError as error:
        return Outcome(outcome="failed", service=target.name, reason=str(error))


def remember(world: World, target: Target, head: Head, service: Service) -> Outcome | None:
    """Record the steady revision of a service when Slipway did not deploy it; None when it did.

    `head` must be read before `service`: then a deployment of Slipway in between is a Conflict.
    """
    steady = unknown_steady(head, service)
    if steady is None or steady.task_definition in _of_the_last_applied(world, head):
        return None
    record = _record(world, target, service, steady)
    if world.ledger.deployment(target.name, record.id) is not None:
        return None
    world.ledger.save(found_foreign(head, record, proven=service.running > 0), record)
    return Outcome(
        outcome="foreign",
        service=target.name,
        deployment=record.id,
        status=record.status,
        reason=record.reason,
    )


def _of_the_last_applied(world: World, head: Head) -> set[str]:
    """Return the revision of our last deployment and, if it failed, the one that it returns to."""
    last = (
        world.ledger.deployment(head.service, head.applied_deployment)
        if head.applied_deployment
        else None
    )
    if last is None:
        return set()
    return {last.revision} | ({last.return_to} if last.status in FAILURES else set())


def _record(world: World, target: Target, service: Service, steady: EcsDeployment) -> Deployment:
    began = steady.created_at or world.now
    definition = world.services.task_definition(steady.task_definition)
    followed = target.repository, target.containers, world.here
    image = image_in(definition, *followed) if definition else ""
    repository = Repository(place=world.here, name=target.repository)
    digest, tag = digest_in(repository, image), tag_of(image)
    asked = Request(
        service=target.name,
        cause=Cause.FOREIGN,
        digest=digest,
        order=began,
        key=steady.task_definition,
    )
    return Deployment(
        id=deployment_id(asked),
        service=target.name,
        status=Status.SUCCESSFUL,
        reason="somebody else deployed it; it was found running",
        cause=Cause.FOREIGN,
        mode=target.mode,
        repository=target.repository,
        digest=digest,
        tag=tag,
        commit=commit_named((tag,)),
        image=image,
        order=began,
        created=world.now,
        updated=world.now,
        applied_at=began,
        revision=steady.task_definition,
        ecs_deployment=steady.id,
        desired=service.desired,
        running=service.running,
    )
