"""plan -> ECS: register the revision, compare it, point the service at it, once each."""

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
    """Register and update, once each; what that came to, also when AWS says not now.

    What AWS answered with an error was not done. What it did not answer may have been: a later
    step looks.
    """
    revision = planned.revision
    try:
        if not revision:
            revision = _registered(world, planned)
        if service.runs(revision):
            # Nothing is to be updated: its rollout is ours, however old.
            began = service.primary.created_at if service.primary else None
            return started(world, target, service, revision, began=began)
        updated = world.services.update(record.cluster, record.service_name, revision)
    except Refused as refused:
        return happened.Refused(reason=str(refused))
    except Unavailable as unavailable:
        return NotApplied(
            revision=revision,
            reason=str(unavailable),
            answered=not isinstance(unavailable, Unanswered),
            denial=str(unavailable) if isinstance(unavailable, Denied) else "",
        )
    return started(world, target, updated, revision)


def started(  # noqa: PLR0913 - each is one thing that may be known
    world: World,
    target: Target,
    service: Service,
    revision: str,
    *,
    applied_at: datetime | None = None,
    began: datetime | None = None,
    service_deployment: str = "",
) -> Started:
    """The service works towards `revision`: since `applied_at`, or else from now on.

    UpdateService's answer may still show the deployment before ours: then ours is found later, as
    is our service deployment.
    """
    primary = service.primary if service.runs(revision) else None
    given = timedelta(seconds=target.deadline, minutes=service.strategy.minutes)
    return Started(
        revision=revision,
        applied_at=applied_at or world.now,
        began=began,
        deadline=world.now + given,
        ecs_deployment=primary.id if primary else "",
        service_deployment=service_deployment,
        desired=service.desired,
        running=primary.running if primary else 0,
    )


def _registered(world: World, planned: Plan) -> str:
    registered = world.services.register(planned.registration)
    refuse_unlike(planned.registration, registered)
    return registered.arn
