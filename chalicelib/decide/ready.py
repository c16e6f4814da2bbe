"""record + HEAD + service -> readiness: decide whether a deployment goes, waits or is refused."""

from __future__ import annotations

import math
from datetime import datetime, timedelta

from chalicelib.decide.admit import newer
from chalicelib.decide.befores import running_before
from chalicelib.explain.missing import missing
from chalicelib.model.base import Frozen, iso
from chalicelib.model.deployments import Cause, Deployment, Status
from chalicelib.model.happenings import Refused, Superseded, Waits
from chalicelib.model.heads import Attempt, Head
from chalicelib.model.services import Service, ServiceDeployment
from chalicelib.model.targets import Target
from chalicelib.model.task_definitions import short_name

_INSTEAD = {
    "CODE_DEPLOY": 'AWS describes how to change it, in "Migrate CodeDeploy blue/green deployments '
    'to Amazon ECS blue/green deployments" (Amazon ECS developer guide); Slipway follows the '
    "service then as it is. Change it so",
    "EXTERNAL": "Recreate the service with that one",
}
PERMANENT_CONTROLLERS = frozenset(_INSTEAD)
_ROLLOUT_UNDER_WAY = frozenset(
    {
        "PENDING",
        "IN_PROGRESS",
        "STOP_REQUESTED",
        "ROLLBACK_REQUESTED",
        "ROLLBACK_IN_PROGRESS",
    }
)
_YIELDING = frozenset({Cause.PUSH, Cause.SWEEP})  # only these wait for a newer request


class Go(Frozen):
    """The deployment may be applied to this service now; `unscanned` says why without a scan."""

    service: Service
    unscanned: str = ""


Readiness = Waits | Refused | Superseded | Go


def ready(  # noqa: PLR0913 - each is one thing that is known
    deployment: Deployment,
    head: Head,
    service: Service | None,
    target: Target,
    now: datetime,
    *,
    rollout: ServiceDeployment | None = None,
    applied: Deployment | None = None,
) -> Readiness:
    """Return whether a PENDING deployment may be applied to the service at `now` (UTC).

    `rollout` is the service's newest service deployment; it is read where the service is `unclear`.
    `applied` is the deployment that was applied last; it is read where the service has PAUSE hooks.
    """
    if (known := without_looking(deployment, head, target)) is not None:
        return known
    if service is None or service.status == "INACTIVE":
        return Refused(reason=missing(deployment.cluster, deployment.service_name))
    if (why := unsupported(service)) is not None:
        return Refused(reason=why)
    if (why := older_than_what_runs(deployment, head, service)) is not None:
        return Refused(reason=why)
    if (attempt := newer_attempt(deployment, head)) is not None:
        return Waits(
            reason="whether a newer deployment was applied is not known yet "
            f"({attempt.deployment})",
            waiting=deployment.waiting,
        )
    if (why := held_up(deployment, applied)) is not None:
        return Waits(reason=why, waiting=deployment.waiting)
    if foreign_rollout(deployment, head, service, rollout):
        return _wait_for_foreign(deployment, service, target, now)
    return Go(service=service)


def without_looking(
    deployment: Deployment, head: Head, target: Target
) -> Waits | Superseded | None:
    """Return what HEAD alone decides, before ECS is asked; None when HEAD decides nothing.

    A deployment is superseded when a newer one was applied. None but a rollback is applied while
    the `before` task of another one runs. A push waits while the newest request
    is PENDING: ECS registers one task definition a second, and the older image would be replaced at
    once. It waits also while the newest one is PREPARING, because that one's data may be newer. It
    goes on when the newest request is refused. Where the target has a gate on scans, no
    push waits for a newer one; each goes when its own scan has ended.
    """
    if overtaken(deployment, head):
        return Superseded(reason=f"a newer deployment was applied ({head.applied_deployment})")
    if deployment.status is Status.PREPARING:
        return None  # it has begun, and all others wait for it
    other = running_before(head, deployment.id)
    if other is not None and not deployment.goes_to:
        return Waits(
            reason=f"the `before` task of {other.deployment} runs", waiting=deployment.waiting
        )
    newest = head.recent[0] if head.recent else None
    if newest is None or newest.deployment == deployment.id:
        return None
    if deployment.cause not in _YIELDING:
        return None
    waits = newest.status is Status.PENDING and target.gate.scan is None
    if not waits and newest.status is not Status.PREPARING:
        return None
    return Waits(reason=f"a newer deployment goes first ({newest.deployment})")


def older_than_what_runs(deployment: Deployment, head: Head, service: Service) -> str | None:
    """Return why a push from before the meeting is too old to be deployed; None when it is not.

    It is too old when the revision that ran at the meeting was deployed after the push. Slipway
    sees this only now, when ECS did not answer at the meeting.
    """
    primary = service.primary
    first = deployment.cause in _YIELDING and not head.applied_deployment
    if not first or head.met is None or deployment.order > head.met:
        return None
    if primary is None or primary.created_at is None:
        return None
    if not deployment.order < primary.created_at <= head.met:
        return None
    return (
        f"this image was pushed at {iso(deployment.order)}, and what the service runs was deployed "
        f"at {iso(primary.created_at)}. To run it all the same, deploy it by hand."
    )


def overtaken(deployment: Deployment, head: Head) -> bool:
    """Whether a newer deployment was applied; one that only waits overtakes nothing."""
    if head.applied_deployment in {"", deployment.id} or head.applied_order is None:
        return False
    return newer(
        (head.applied_order, head.applied_pushed_at), (deployment.order, deployment.pushed_at)
    )


def newer_attempt(deployment: Deployment, head: Head) -> Attempt | None:
    """Return the attempt to apply a newer deployment whose end nobody has written; else None."""
    attempt = head.attempt
    if attempt is None or attempt.deployment == deployment.id:
        return None
    ours = (deployment.order, deployment.pushed_at)
    return attempt if newer((attempt.order, attempt.pushed_at), ours) else None


def held_up(deployment: Deployment, applied: Deployment | None) -> str | None:
    """Return why a deployment waits for a paused rollout of Slipway's; None when it does not.

    What a person looks at is not replaced under their eyes. Rollbacks pass, and so does `override`.
    """
    pause = applied.paused if applied is not None else None
    if applied is None or pause is None or deployment.goes_to or deployment.override:
        return None
    return (
        f"{applied.id} is paused in stage {pause.stage} and waits for a person. Release it, or "
        "roll it back"
    )


def unsupported(service: Service) -> str | None:
    """Return why Slipway cannot deploy to this service at all; None when it can.

    A rolling update needs room for one task. ECS rounds `minimumHealthyPercent` up and
    `maximumPercent` down. When both then equal the desired count, ECS can neither stop an old task
    first nor start a new one first (ECS API reference, DeploymentConfiguration).
    """
    if service.controller in PERMANENT_CONTROLLERS:
        return (
            f"its deployment controller is {service.controller}; Slipway deploys services whose "
            f"controller is ECS. {_INSTEAD[service.controller]}, or remove the target."
        )
    least, most = service.minimum_percent, service.maximum_percent
    if least is None or most is None or not service.strategy.rolling:
        return None
    if least == most == 100:  # noqa: PLR2004 - percent
        return (
            "minimumHealthyPercent and maximumPercent are both 100, so ECS can never replace a "
            "task. Raise the maximum or lower the minimum of the service."
        )
    wanted = service.desired
    if wanted and math.ceil(wanted * least / 100) >= wanted >= wanted * most // 100:
        return (
            f"with {wanted} desired {'task' if wanted == 1 else 'tasks'}, minimumHealthyPercent "
            f"{least} and maximumPercent {most} leave no room to replace one: ECS rounds the "
            "maximum down. Raise the maximum or lower the minimum of the service."
        )
    return None


def unclear(service: Service) -> bool:
    """Whether DescribeServices alone does not tell if a rollout is under way.

    ECS gives a `rolloutState` only for rolling updates, and not behind a Classic Load Balancer.
    """
    primary = service.primary
    if primary is None or primary.rollout_state:
        return False
    return service.steady is None or not service.strategy.rolling


def foreign_rollout(
    deployment: Deployment,
    head: Head,
    service: Service,
    rollout: ServiceDeployment | None = None,
) -> bool:
    """Whether a rollout is under way that Slipway did not begin, and that must be waited for.

    The rollback of a deployment of Slipway's counts as Slipway's, also when ECS does it. `rollout`
    is the service's newest service deployment; it is read where the service is `unclear`.

    Slipway does not wait for a service's very first rollout once its tasks fail: it replaces
    nothing, and it may itself be waiting for the image that is deployed now.
    """
    primary = service.primary
    if primary is None:
        return False
    if primary.rollout_state:
        under_way = service.steady is None and primary.rollout_state == "IN_PROGRESS"
    else:
        under_way = rollout is not None and rollout.status in _ROLLOUT_UNDER_WAY
    if not under_way:
        return False
    if len(service.deployments) == 1 and primary.failed and not primary.running:
        return False
    return primary.task_definition not in {deployment.revision, head.applied_revision}


def _wait_for_foreign(
    deployment: Deployment, service: Service, target: Target, now: datetime
) -> Waits | Refused:
    running = short_name(service.primary.task_definition) if service.primary else "?"
    since = deployment.waiting or now
    if now >= since + timedelta(seconds=target.deadline):
        return Refused(
            reason=f"a rollout of {running} that Slipway did not start has not ended within "
            f"{target.deadline // 60} minutes. Deploy by hand when it has."
        )
    return Waits(
        reason=f"waiting for a rollout of {running} that Slipway did not start",
        waiting=since,
    )
