"""[[task]] IN_PROGRESS -> its rules and schedules name its revision -> SUCCESSFUL or FAILED."""

from __future__ import annotations

from chalicelib.decide.lease import released
from chalicelib.decide.ready import overtaken
from chalicelib.decide.scheduled import ended_badly, given_up
from chalicelib.flow.explained import explained
from chalicelib.flow.ports import World
from chalicelib.flow.scheduled import moved
from chalicelib.flow.write import Items, write
from chalicelib.model.deployments import Deployment, Status
from chalicelib.model.happenings import Completed, Failed, Noted, ScheduledNoted, Superseded
from chalicelib.model.heads import Head
from chalicelib.model.verdicts import Observation


def move_task(world: World, head: Head, record: Deployment) -> Items:
    """Return HEAD and the record after one attempt to let its rules and schedules run its revision.

    It is SUCCESSFUL once all of them do. What cannot be changed is tried again until the deadline;
    then it is FAILED, and what was changed stays so. A change that somebody else made at the same
    time is never overwritten, and once a newer deployment was applied, nothing is changed any more.
    The lease is held while something is sent, so that no newer deployment begins meanwhile.
    """
    if overtaken(record, head):
        why = f"a newer deployment was applied ({head.applied_deployment})"
        return write(world, head, record, Superseded(reason=why))
    target = world.targets.named(record.service)
    if target is None:
        return head, record
    head, record, changes = moved(world, head, record, target)
    if record.deadline is not None and world.now >= record.deadline:
        changes = given_up(changes)
    if changes != record.scheduled or head.lease is not None:
        head, record = write(world, released(head), record, ScheduledNoted(changes=changes))
    if any(one.due for one in changes):
        return head, record
    why = ended_badly(changes)
    if why:
        return _failed(world, head, record, why)
    proven = head.proven_revision(record.revision) is not None  # a rollback goes to such a one
    return write(world, head, record, Completed(noted=Noted(), proven=proven))


def stop_moving(world: World, head: Head, record: Deployment, why: str) -> Items:
    """Stop a [[task]] by hand: what is not changed yet stays as it is, and the record is FAILED."""
    changes = given_up(record.scheduled, why)
    head, record = write(world, head, record, ScheduledNoted(changes=changes))
    return _failed(world, head, record, why)


def _failed(world: World, head: Head, record: Deployment, why: str) -> Items:
    failed = Failed(noted=Noted(), status=Status.FAILED, reason=why)
    head, record = write(world, head, record, failed)
    seen = Observation(at=world.now, service=None)
    return explained(world, head, record, seen, named=True)
