"""successful rollout with an `after` -> its task -> record: what the task says decides the rest.

The rules of `verdict/rollout.py` judge what the run tells. Nothing that fails here keeps them from
looking at the service.
"""

from __future__ import annotations

from datetime import timedelta

from chalicelib.decide.runs import SENT_AGAIN
from chalicelib.errors import Conflict, DeployerError, Refused
from chalicelib.flow.plan import definition_of
from chalicelib.flow.ports import World
from chalicelib.flow.task_run import first_run, needed, run_on, send, stop
from chalicelib.flow.write import Items, with_lease, write
from chalicelib.model.changes import changed_run
from chalicelib.model.commands import AfterSettings
from chalicelib.model.deployments import Deployment, Status
from chalicelib.model.happenings import RunEnded, RunNoted
from chalicelib.model.heads import Head
from chalicelib.model.runs import RunOutcome, TaskRun

_GONE = "its target has no `after` any more"


def prove(world: World, head: Head, record: Deployment) -> Items:
    """Return HEAD and the record after one look at its `after`, if one is due.

    It is due once ECS calls the rollout successful. When it could not be begun within its time-out,
    or could not be read for an hour after that, it has ended without a proof.
    """
    if not record.awaits_after:
        return head, record
    target = world.targets.named(record.service)
    settings = target.after if target else None
    try:
        if record.after is not None:
            return run_on(world, head, record, "after")
        return _begun(world, head, record, settings)
    except Conflict:
        raise
    except Refused as refused:
        return _ended(world, head, record, RunOutcome.NOT_STARTED, str(refused))
    except DeployerError as error:
        return _unread(world, head, record, settings, str(error))


def stop_after(world: World, record: Deployment) -> None:
    """Stop the `after` of a deployment that has ended without it, or that goes back."""
    after = record.after
    goes_on = record.status is Status.IN_PROGRESS
    if after is not None and after.outcome is None and after.task and not goes_on:
        stop(world, record, "after")


def _begun(world: World, head: Head, record: Deployment, settings: AfterSettings | None) -> Items:
    """Save the request, send it, and write what came of it; hold the lease meanwhile."""
    if settings is None:
        return _ended(world, head, record, RunOutcome.NOT_STARTED, _GONE)
    body = definition_of(world, record.revision).body
    needs = needed(world, record, "after", settings, body)
    run = first_run(world, record, "after", needs, record.revision)
    head, record = write(world, with_lease(world, head), record, RunNoted(kind="after", run=run))
    return send(world, head, record, "after", first=True)


def _unread(
    world: World, head: Head, record: Deployment, settings: AfterSettings | None, why: str
) -> Items:
    after, since = record.after, record.succeeded or world.now
    if after is None:
        given = timedelta(seconds=settings.timeout if settings else 0)
        if world.now < since + given:
            return head, record
        return _ended(world, head, record, RunOutcome.NOT_STARTED, why)
    if world.now < after.end_by + SENT_AGAIN:
        return head, record
    return _ended(world, head, record, RunOutcome.UNKNOWN, why)


def _ended(world: World, head: Head, record: Deployment, outcome: RunOutcome, why: str) -> Items:
    none = TaskRun(container="", timeout=0, began=world.now, request="", asked=world.now)
    run = changed_run(record.after or none, outcome=outcome, reason=why, ended=world.now)
    return write(world, head, record, RunEnded(kind="after", run=run))
