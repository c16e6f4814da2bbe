"""plan -> ECS: register the revision, compare it, update the service; send each call once."""

from __future__ import annotations

from datetime import datetime, timedelta

from chalicelib.errors import Denied, Refused, Unanswered, Unavailable
from chalicelib.flow.plan import Plan, refuse_unlike
from chalicelib.flow.ports import World
from chalicelib.model import happenings as happened
from chalicelib.model.deployments import Deployment
from chalicelib.model.happenings import NotApplied, Started
from chalicelib.model.services import Service
from chalicelib.model.targets import Target


def apply(
    world: World, record: Deployment, target: Target, service: Service, planned: Plan
) -> Started | NotApplied | happened.Refused:
    """Register the revision and update the service, and return what came of it.

    A call that AWS answered with an error was not carried out. A call that AWS did not answer may
    have been; a later step looks. No error is raised for either: both are `NotApplied`.
    """
    revision = planned.revision or registered(world, planned)
    if not isinstance(revision, str):
        return revision
    if target.is_task:  # its rules and schedules are changed by what follows
        return started(world, record, target, service, revision)
    try:
        if service.runs(revision):
            # The service runs the revision already, so its rollout is ours, of whatever age.
            began = service.primary.created_at if service.primary else None
            return started(world, record, target, service, revision, began=began)
        updated = world.services.update(record.cluster, service, revision)
    except Refused as refused:
        return happened.Refused(reason=str(refused))
    except Unavailable as unavailable:
        return _not_applied(revision, unavailable)
    return started(world, record, target, updated, revision)


def registered(world: World, planned: Plan) -> str | NotApplied | happened.Refused:
    """Register the plan's revision, and return its ARN, or why there is none."""
    try:
        made = world.services.register(planned.registration)
        refuse_unlike(planned.registration, made)
    except Refused as refused:
        return happened.Refused(reason=str(refused))
    except Unavailable as unavailable:
        return _not_applied("", unavailable)
    return made.arn


def _not_applied(revision: str, unavailable: Unavailable) -> NotApplied:
    return NotApplied(
        revision=revision,
        reason=str(unavailable),
        answered=not isinstance(unavailable, Unanswered),
        denial=str(unavailable) if isinstance(unavailable, Denied) else "",
    )


def started(  # noqa: PLR0913 - each is one thing that may be known
    world: World,
    record: Deployment,
    target: Target,
    service: Service,
    revision: str,
    *,
    applied_at: datetime | None = None,
    began: datetime | None = None,
    service_deployment: str = "",
) -> Started:
    """Return that the service works towards `revision`, since `applied_at` or else since now.

    The deadline counts from now, and adds the time that the service's strategy takes. The answer of
    UpdateService may still show the deployment before ours, and that of UpdateExpressGatewayService
    shows none; then later steps find ours.
    """
    primary = service.primary if service.runs(revision) else None
    return Started(
        revision=revision,
        applied_at=applied_at or world.now,
        began=began,
        deadline=world.now + _given(target, service),
        ecs_deployment=primary.id if primary else "",
        service_deployment=service_deployment,
        desired=service.desired,
        running=primary.running if primary else 0,
        watch_after=target.watch_after or 0,
        has_after=target.after is not None and not record.goes_to,  # nothing runs on a rollback
        has_scheduled=target.follow.any and not target.is_task,
    )


def _given(target: Target, service: Service) -> timedelta:
    """Return how long the rollout may take."""
    return timedelta(seconds=target.deadline, minutes=service.strategy.minutes)
