"""HELD deployment -> held, going on or closed: hold what may not begin, and look whether it may.

Only the ledger is read for it; ECS is asked for the plan that a person is to approve.
"""

from __future__ import annotations

from chalicelib.decide.hold import kept, still_held
from chalicelib.errors import Conflict, DeployerError, Unavailable
from chalicelib.flow.plan import observed, plan
from chalicelib.flow.ports import World
from chalicelib.flow.service import service_of
from chalicelib.flow.tell import tell
from chalicelib.flow.write import Items, read, write
from chalicelib.model.deployments import Deployment, Status
from chalicelib.model.happenings import Held, Superseded
from chalicelib.model.heads import Head
from chalicelib.model.targets import Target


def hold_back(world: World, head: Head, record: Deployment, target: Target) -> Items | None:
    """Return HEAD and the record when something keeps the deployment from beginning; else None.

    The deployment that was HELD until now is closed: at most one of a service is HELD.
    """
    stop = kept(record, head, target, world.now)
    if stop is None:
        return None
    if isinstance(stop, Held) and stop.held.expires is not None:
        stop = _with_plan(world, head, record, target, stop)
    replaced = head.held
    items = write(world, head, record, stop)
    if isinstance(stop, Held) and replaced is not None and replaced.deployment != record.id:
        _close_replaced(world, record, replaced.deployment)
        return read(world, record.service, record.id)
    return items


def look_after(world: World, head: Head, record: Deployment, target: Target) -> Items:
    """Return HEAD and the HELD record after a look at what holds it."""
    happening = still_held(record, head, target, world.now)
    return (head, record) if happening is None else write(world, head, record, happening)


def _with_plan(world: World, head: Head, record: Deployment, target: Target, stop: Held) -> Held:
    """Return the happening with what would change, for whoever approves it, if it can be read."""
    try:
        service = service_of(world, record.cluster, record.service_name)
        if service is None:
            return stop
        planned = plan(world, record, target, service, head)
    except DeployerError as error:
        return Held(reason=f"{stop.reason}; the plan could not be read: {error}", held=stop.held)
    would = observed(record, planned).reason
    return Held(
        reason=f"{stop.reason}; it {would}", held=stop.held, base_changes=planned.base_changes
    )


def _close_replaced(world: World, newer: Deployment, older: str) -> None:
    """Close the deployment that was HELD before; if that fails, the sweep does it."""
    try:
        head, record = read(world, newer.service, older)
        if record.status is not Status.HELD:
            return
        gone = Superseded(reason=f"a newer deployment is held ({newer.id})")
        tell(world, *write(world, head, record, gone))
    except (Conflict, Unavailable):
        return
