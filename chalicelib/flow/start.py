"""waiting record -> applied, PREPARING, waiting or closed: apply it when it may go now."""

from __future__ import annotations

from chalicelib.decide.awaited import awaited
from chalicelib.decide.base_changes import refused_base
from chalicelib.decide.lease import released
from chalicelib.decide.proven import found_running
from chalicelib.decide.ready import Go, Readiness, ready, unclear, without_looking
from chalicelib.decide.scan_gate import scan_gate, scanned
from chalicelib.errors import Refused
from chalicelib.flow.apply import apply
from chalicelib.flow.held import hold_back
from chalicelib.flow.plan import Plan, observed, plan
from chalicelib.flow.ports import World
from chalicelib.flow.prepare import preparation, prepare
from chalicelib.flow.recover import recovered
from chalicelib.flow.return_target import return_target
from chalicelib.flow.scan import scan_of
from chalicelib.flow.scheduled import will_follow
from chalicelib.flow.service import service_of
from chalicelib.flow.task_run import Needed
from chalicelib.flow.write import Items, with_lease, write, write_news
from chalicelib.model import happenings as happened
from chalicelib.model.deployments import Deployment, Status
from chalicelib.model.happenings import AttemptBegan, LooksAgain, Waits
from chalicelib.model.heads import Head
from chalicelib.model.services import Service
from chalicelib.model.targets import Target
from chalicelib.verdict.ours import settled

_OLD_VIEW = "something else was applied a moment ago, and ECS may still show what ran before it"
_NOT_KNOWN = (
    "ECS did not answer an attempt to apply it, and may have carried it out; look again soon"
)


def start(world: World, head: Head, record: Deployment, target: Target) -> Items:
    """Apply a deployment if it may be applied now; else write why it waits or is closed.

    It is PENDING, or PREPARING and its `before` has ended well. Nothing holds one that prepares: it
    has begun.

    First this looks for what an earlier attempt, which died half way, has left, and goes on from
    there.
    """
    if not record.acting and (items := _decided_at_once(world, head, record, target)) is not None:
        return items
    service = service_of(world, record.cluster, record.service_name)
    head = found_running(head, service, world.now)
    try:
        if service is not None and record.acting:
            record, items = _resumed(world, head, record, target, service)
            if items is not None:
                return items
        return _started(world, head, record, target, service)
    except Refused as refused:
        return write(world, head, record, happened.Refused(reason=str(refused)))


def _decided_at_once(world: World, head: Head, record: Deployment, target: Target) -> Items | None:
    """Return HEAD and the record when the ledger alone decides; None when ECS has to be asked."""
    if (held := _held(world, head, record, target)) is not None:
        return held
    known = without_looking(record, head, target) or awaited_by(world, record, target)
    return None if known is None else write_news(world, head, record, known)


def awaited_by(world: World, record: Deployment, target: Target) -> Waits | happened.Refused | None:
    """Return what `waits_for` makes of it: it waits or is refused; None when it goes on."""
    if target.waits_for is None or record.status is Status.PREPARING:
        return None
    return awaited(record, target, world.ledger.head(target.waits_for), world.now)


def _resumed(
    world: World, head: Head, record: Deployment, target: Target, service: Service
) -> tuple[Deployment, Items | None]:
    """Do as `resume`; when the attempt that died did nothing, it may be held after all."""
    record, items = resume(world, head, record, target, service)
    return record, items or _held(world, head, record, target)


def _held(world: World, head: Head, record: Deployment, target: Target) -> Items | None:
    begun = record.status is Status.PREPARING
    return None if begun else hold_back(world, head, record, target)


def _started(
    world: World, head: Head, record: Deployment, target: Target, service: Service | None
) -> Items:
    readiness = _readiness(world, head, record, target, service)
    if not isinstance(readiness, Go):
        return write_news(world, head, record, readiness)
    if record.goes_to and _may_be_an_old_view(world, head, record, readiness.service):
        return write_news(world, head, record, LooksAgain(reason=_OLD_VIEW))
    planned = plan(world, record, target, readiness.service, head)
    if (foreign := refused_base(record, target, planned.base_changes)) is not None:
        if _just_applied(world, head, record):  # compared with what may be an old view
            return write_news(world, head, record, LooksAgain(reason=_OLD_VIEW))
        return write(world, head, record, foreign)
    return_to = return_target(world, record, readiness.service, head)
    due = preparation(world, record, target, planned)
    if record.mode == "observe":
        return write(world, head, record, observed(record, planned))
    began = _began(world, record, target, readiness, planned, return_to)
    return _attempt(world, head, record, target, readiness.service, planned, began, due)


def _began(  # noqa: PLR0913, PLR0917 - each is one thing that was decided
    world: World, record: Deployment, target: Target, go: Go, planned: Plan, return_to: str
) -> AttemptBegan:
    """Return that an attempt begins. A rollback does not wait to read which tasks will follow."""
    follow = () if record.goes_to else will_follow(world, target, planned.base.family)
    return AttemptBegan(
        base=planned.base.arn,
        return_to=return_to,
        base_changes=planned.base_changes,
        unscanned=go.unscanned,
        scheduled=follow,
    )


def _attempt(  # noqa: PLR0913, PLR0917 - each is one thing that was decided
    world: World,
    head: Head,
    record: Deployment,
    target: Target,
    service: Service,
    planned: Plan,
    began: AttemptBegan,
    due: Needed | None,
) -> Items:
    """Write that an attempt begins, apply the plan, and write the outcome; hold the lease.

    Where a `before` is due, only the revision is registered, and the task begins.
    """
    head, record = write(world, with_lease(world, head), record, began)
    if due is not None:
        return prepare(world, head, record, planned, due)
    outcome = apply(world, record, target, service, planned)
    return write(world, released(head), record, outcome)


def _readiness(
    world: World, head: Head, record: Deployment, target: Target, service: Service | None
) -> Readiness:
    """Return whether it may be applied now; the scan is read only when nothing else prevents it."""
    rollout = None
    if service is not None and unclear(service):
        rollout = world.services.newest_service_deployment(record.cluster, record.service_name)
    applied = _may_be_paused(world, head, record, service)
    readiness = ready(record, head, service, target, world.now, rollout=rollout, applied=applied)
    passed = record.status is Status.PREPARING  # the gate comes before its `before`
    gate = None if passed else scan_gate(record, target)
    if gate is None or not isinstance(readiness, Go):
        return readiness
    return scanned(record, gate, scan_of(world, record), readiness, world.now)


def _may_be_paused(
    world: World, head: Head, record: Deployment, service: Service | None
) -> Deployment | None:
    """Return the deployment that was applied last, where ECS may have paused its rollout."""
    pauses = service is not None and any(hook.kind == "PAUSE" for hook in service.strategy.hooks)
    under_way = head.applied_deployment in head.open_deployments
    if not pauses or not under_way or head.applied_deployment == record.id:
        return None
    return world.ledger.deployment(record.service, head.applied_deployment)


def _may_be_an_old_view(world: World, head: Head, record: Deployment, service: Service) -> bool:
    """Whether ECS shows the revision to go back to as running only because its view is old.

    That may be so for a moment after Slipway applied another revision.
    """
    if not service.runs(record.goes_to) or head.applied_revision in {"", record.goes_to}:
        return False
    return _just_applied(world, head, record)


def _just_applied(world: World, head: Head, record: Deployment) -> bool:
    """Whether Slipway applied a deployment so recently that ECS may still show the one before."""
    last = world.ledger.deployment(record.service, head.applied_deployment)
    return (
        last is not None and last.applied_at is not None and not settled(last.applied_at, world.now)
    )


def resume(
    world: World, head: Head, record: Deployment, target: Target, service: Service
) -> tuple[Deployment, Items | None]:
    """Return the record with what an attempt, which died half way, has left.

    The second value is HEAD and the record when the step ends here: the attempt's rollout was
    found, or the attempt is so new that ECS may not show it yet (half a minute). Otherwise it is
    None.
    """
    record, rollout = recovered(world, record, target, service)
    if rollout is not None:
        return record, write(world, released(head), record, rollout)
    if not settled(record.attempted, world.now):
        return record, write_news(world, head, record, LooksAgain(reason=_NOT_KNOWN))
    return record, None
