"""ECS event -> outcomes: take the step of each open deployment of the event's service."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from chalicelib.errors import DeployerError
from chalicelib.events.event import Ignored, elsewhere
from chalicelib.events.service import Changed, RunStopped, recognise_change
from chalicelib.flow.advance import advance, nudge
from chalicelib.flow.outcome import Outcome, ignored
from chalicelib.flow.ports import World
from chalicelib.model.deployments import Deployment
from chalicelib.model.targets import Target


def service_event(world: World, event: object) -> tuple[Outcome, ...]:
    """Nudge each open deployment of the event's service, and return one outcome for each.

    An event only says that something changed. It never decides a verdict: a rollback of the circuit
    breaker has the id of an older deployment, so Slipway looks at its own service deployment.

    Raises:
        DeployerError: the first error, after all deployments had their turn; Lambda retries.
    """
    changed = recognise_change(event)
    if isinstance(changed, Ignored):
        return (ignored(changed.reason),)
    if (foreign := elsewhere(event, world.here)) is not None:
        return (ignored(foreign.reason),)
    if isinstance(changed, RunStopped):
        return _run_stopped(world, changed)
    called = world.targets.called(changed.service)
    targets = [target for target in called if not target.is_task]
    if not targets:
        return (ignored(f"{changed.service} is no target"),)
    return tuple(
        outcome
        for target in targets
        for outcome in every_open(world, target.name, partial(_nudged, world, target, changed))
    )


def _run_stopped(world: World, stopped: RunStopped) -> tuple[Outcome, ...]:
    """Take the step of the deployment whose task stopped, and of what waits for its service."""
    service = owner_of(world, stopped)
    if service is None:
        return (ignored("its deployment is not open", "", stopped.deployment),)
    own = _advanced(world, service, stopped.deployment)
    waiting = (
        outcome
        for other in world.targets.waiting_for(service)
        for outcome in every_open(world, other.name, partial(_advanced, world, other.name))
    )
    return (own, *waiting)


def owner_of(world: World, stopped: RunStopped) -> str | None:
    """Return the service whose open deployment runs this task; None when there is none.

    The task's event names no service, so it is looked for among the targets of its cluster.
    """
    for target in world.targets.all:
        if target.cluster == stopped.cluster and (target.before or target.after):
            head = world.ledger.head(target.name)
            if head is not None and stopped.deployment in head.open_deployments:
                return target.name
    return None


def _advanced(world: World, service: str, deployment: str) -> Outcome:
    return _outcome(advance(world, service, deployment), "")


def every_open(world: World, service: str, act: Callable[[str], Outcome]) -> tuple[Outcome, ...]:
    """Call `act` with each open deployment of a service, and return the outcomes.

    Raises:
        DeployerError: the first error, after all deployments had their turn.
    """
    head = world.ledger.head(service)
    if head is None or not head.open_deployments:
        return (ignored("no open deployment", service),)
    outcomes: list[Outcome] = []
    failed: list[DeployerError] = []
    for deployment in head.open_deployments:
        try:
            outcomes.append(act(deployment))
        except DeployerError as error:
            failed.append(error)
    if failed:
        raise failed[0]
    return tuple(outcomes)


def _nudged(world: World, target: Target, changed: Changed, deployment: str) -> Outcome:
    return _outcome(*nudge(world, target.name, changed, deployment))


def _outcome(record: Deployment, no_news: str) -> Outcome:
    return Outcome(
        outcome="ignored" if no_news else "nudged",
        service=record.service,
        deployment=record.id,
        status=record.status,
        reason=no_news or record.reason,
    )
