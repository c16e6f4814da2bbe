"""ECS event -> the step, for every open deployment of the service that the event is about."""

from __future__ import annotations

from chalicelib.decide.change import Changed, changed_service
from chalicelib.decide.match import Ignored
from chalicelib.errors import DeployerError
from chalicelib.flow.advance import advance
from chalicelib.flow.ports import World
from chalicelib.flow.push import Outcome
from chalicelib.model.deployments import Deployment


def change(world: World, event: object) -> tuple[Outcome, ...]:
    """Nudge what is open on the event's service.

    The event says that something happened, never what: a circuit breaker's rollback reuses an
    older deployment's id, so it is judged by our own service deployment.

    Raises:
        Unavailable: Lambda retries the event.
    """
    changed = changed_service(event)
    if isinstance(changed, Ignored):
        return (Outcome(outcome="ignored", reason=changed.reason),)
    if world.targets.named(changed.service) is None:
        return (Outcome(outcome="ignored", reason=f"{changed.service} is no target"),)
    head = world.ledger.head(changed.service)
    if head is None or not head.open_deployments:
        reason = "no open deployment"
        return (Outcome(outcome="ignored", service=changed.service, reason=reason),)
    outcomes: list[Outcome] = []
    failed: list[DeployerError] = []
    for deployment in head.open_deployments:
        try:
            outcomes.append(_nudged(world, changed, deployment))
        except DeployerError as error:
            failed.append(error)
    if failed:  # only now, so that one deployment's fault keeps no other from its nudge
        raise failed[0]
    return tuple(outcomes)


def _nudged(world: World, changed: Changed, deployment: str) -> Outcome:
    service = changed.service
    record = world.ledger.deployment(service, deployment)
    if record is not None and (reason := _no_news(record, changed)):
        return Outcome(outcome="ignored", service=service, deployment=deployment, reason=reason)
    record = advance(world, service, deployment, look=bool(changed.ended))
    return Outcome(
        outcome="nudged",
        service=service,
        deployment=deployment,
        status=record.status,
        reason=record.reason,
    )


def _no_news(record: Deployment, changed: Changed) -> str:
    """Why this event says nothing new of this deployment; empty when it does."""
    if changed.began and changed.began == record.ecs_deployment:
        return "the beginning of its own rollout is no news"
    if changed.ended and changed.ended != record.ecs_deployment:
        return "a task of another deployment"
    if changed.stopped_at and record.looked and record.looked >= changed.stopped_at:
        return "its tasks were looked at since"
    return ""
