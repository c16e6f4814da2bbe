"""deployment with a `before` -> PREPARING -> ready or FAILED: run the task before UpdateService."""

from __future__ import annotations

from chalicelib.decide.lease import released
from chalicelib.decide.ready import overtaken
from chalicelib.decide.runs import stopped
from chalicelib.flow.apply import registered
from chalicelib.flow.explained import explained
from chalicelib.flow.plan import Plan
from chalicelib.flow.ports import World
from chalicelib.flow.task_run import Needed, first_run, needed, run_on, send, stop
from chalicelib.flow.write import Items, write
from chalicelib.model.deployments import Deployment, Status
from chalicelib.model.happenings import Prepares, RunEnded, RunNoted
from chalicelib.model.heads import Head
from chalicelib.model.targets import Target
from chalicelib.model.verdicts import Observation


def preparation(world: World, record: Deployment, target: Target, planned: Plan) -> Needed | None:
    """Return what its `before` needs; None when none is due.

    A rollback has none, and neither has a deployment whose `before` has ended well. This is asked
    before anything is written, so that what cannot run registers nothing.

    Raises:
        Refused: when no container can run it, or a volume is configured at launch.
        Unavailable: when ECS does not answer for the service's settings.
    """
    before = target.before
    if before is None or record.goes_to or record.before is not None:
        return None
    body = planned.registration or planned.base.body
    return needed(world, record, "before", before, body)


def prepare(world: World, head: Head, record: Deployment, planned: Plan, due: Needed) -> Items:
    """Register the revision, save the request, send it, and write the outcome; give the lease back.

    The attempt to apply it has begun, and the lease is held.
    """
    revision = planned.revision or registered(world, planned)
    if not isinstance(revision, str):
        return write(world, released(head), record, revision)
    run = first_run(world, record, "before", due, revision)
    head, record = write(world, head, record, Prepares(revision=revision, run=run))
    return send(world, head, record, "before", first=True)


def look_at_before(world: World, head: Head, record: Deployment) -> Items:
    """Return HEAD and the PREPARING record after a look at its `before`, and its case if it failed.

    When something else was applied meanwhile, the task is stopped.
    """
    run = record.before
    if run is not None and not run.withdrawn and overtaken(record, head):
        newer = f"a newer deployment was applied ({head.applied_deployment})"
        noted = RunNoted(kind="before", run=stopped(run, newer, world.now))
        head, record = write(world, head, record, noted)
    head, record = run_on(world, head, record, "before")
    return with_case(world, head, record)


def with_case(world: World, head: Head, record: Deployment) -> Items:
    """Return HEAD and the record with the case of a `before` that has just failed."""
    if record.unexplained is None:
        return head, record
    seen = Observation(at=world.now, service=None)
    return explained(world, head, record, seen, named=True)


def stop_preparing(world: World, head: Head, record: Deployment, why: str) -> Items:
    """Stop a PREPARING deployment by hand: its task, if that runs; it then ends FAILED.

    It stays PREPARING until its task has stopped, so that no other one runs beside it.
    """
    run = record.before
    if run is None or record.status is not Status.PREPARING:
        return head, record
    given_up = stopped(run, why, world.now)
    if run.outcome is not None:
        head, record = write(world, head, record, RunEnded(kind="before", run=given_up))
        return with_case(world, head, record)
    head, record = write(world, head, record, RunNoted(kind="before", run=given_up))
    if run.task:
        stop(world, record, "before")
    return head, record
