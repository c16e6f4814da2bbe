"""live deployment -> its scheduled tasks run its revision: look, save, change once, look again.

What fails here changes no verdict. It is told, and the sweep tries it again for a day.
"""

from __future__ import annotations

from chalicelib.decide.lease import busy, released
from chalicelib.decide.scheduled import (
    MOST,
    change_of,
    failed,
    fingerprint,
    lacks_revision,
    late,
    not_sent,
    sent_lately,
    shown,
)
from chalicelib.errors import DeployerError, Unanswered
from chalicelib.flow.ports import World
from chalicelib.flow.scheduled_revision import with_revisions
from chalicelib.flow.write import Items, with_lease, write
from chalicelib.model.changes import changed_scheduled
from chalicelib.model.deployments import Deployment
from chalicelib.model.happenings import ScheduledNoted
from chalicelib.model.heads import Head
from chalicelib.model.scheduled import ChangeState, ScheduledChange, ScheduledTask, family_named
from chalicelib.model.targets import Target

Changes = tuple[ScheduledChange, ...]
_RECENT = 3  # deployments before this one, among which the one is that changed it in this minute


def will_follow(world: World, target: Target, family: str) -> Changes:
    """Return what a deployment of this family would do to the scheduled tasks that follow.

    No error is raised: a deployment does not wait for this.
    """
    if not target.follow.any:
        return ()
    try:
        return _changes(world, target, family)
    except DeployerError as error:
        return (_unread(error),)


def _unread(error: DeployerError) -> ScheduledChange:
    """Return the entry of all that `follow` names, which could not be read."""
    return failed(ScheduledChange(kind="rule", name=""), error)


def _changes(world: World, target: Target, family: str, revision: str = "") -> Changes:
    found = world.scheduled.found(target.follow)
    changes = [change_of(task, family, target.follow.families, revision) for task in found.tasks]
    missing = (_missing(name) for name in found.missing)
    return (*changes[:MOST], *map(_too_many, changes[MOST:]), *missing)[: 2 * MOST]


def _missing(name: str) -> ScheduledChange:
    """Return the entry of a name in `follow` that leads to nothing."""
    kind, _, pattern = name.partition(" ")
    why = f"no {kind} of this name has an ECS target; correct targets.toml"
    left = ChangeState.LEFT
    return ScheduledChange(
        kind="rule" if kind == "rule" else "schedule", name=pattern, state=left, why=why
    )


def _too_many(change: ScheduledChange) -> ScheduledChange:
    why = f"`follow` leads to more than {MOST} scheduled tasks"
    return changed_scheduled(change, state=ChangeState.LEFT, why=why)


def move_scheduled(world: World, head: Head, record: Deployment) -> Items:
    """Return HEAD and the record after one attempt to let the scheduled tasks run its revision.

    Each one is read again immediately before and after it is changed. The change is saved before
    it is sent, so that a step which dies leaves behind what it may have done.

    Raises:
        Conflict: when another writer changed the ledger; the same step may be taken again.
    """
    if record.scheduled_due is None or busy(head, world.holder, world.now):
        return head, record
    target = world.targets.named(record.service)
    if head.scheduled != record.id or target is None or not target.follow.any:
        return write(world, head, record, ScheduledNoted(changes=_over(record), ended=True))
    head, record, changes = moved(world, head, record, target)
    return _noted(world, head, record, changes)


def moved(
    world: World, head: Head, record: Deployment, target: Target
) -> tuple[Head, Deployment, Changes]:
    """Return HEAD, the record, and the changes after one attempt to make those that are DUE.

    What is sent is saved before; what came of it is for the caller to save. While something is
    registered or sent, HEAD has the lease. The caller gives it back.
    """
    found = _found(world, record, target)
    if any(map(lacks_revision, found)):
        head = world.ledger.save(with_lease(world, head))
    changes = with_revisions(world, head, record, found)
    looked = tuple(_unless_old(world, head, record, one, _looked_at(world, one)) for one in changes)
    marked = {
        now.label
        for before, now in zip(changes, looked, strict=True)
        if now.sent is not None and now.sent != before.sent
    }
    if marked:
        head, record = write(world, with_lease(world, head), record, ScheduledNoted(changes=looked))
        known = record.scheduled  # with what people were told
        looked = tuple(
            _unless_old(world, head, record, one, _sent(world, one)) if one.label in marked else one
            for one in known
        )
    return head, record, looked


def _unless_old(
    world: World, head: Head, record: Deployment, change: ScheduledChange, seen: ScheduledChange
) -> ScheduledChange:
    """Return the change after a look, unless the look may have been at an old view.

    It may, for a minute after an earlier deployment changed the same scheduled task: then AWS may
    show what was there before both, as if this one were done, or as if somebody else had written.
    """
    doubtful = (seen.state is ChangeState.DONE and change.sent is None) or (
        seen.state is ChangeState.LOST
    )
    if change.due and doubtful and _changed_before(world, head, record, change):
        return changed_scheduled(change, answered=seen.answered)
    return seen


def _changed_before(world: World, head: Head, record: Deployment, change: ScheduledChange) -> bool:
    """Whether one of the last deployments before this one was sent to the same scheduled task."""
    others = [one.deployment for one in head.recent if one.deployment != record.id]
    earlier = (world.ledger.deployment(record.service, other) for other in others[:_RECENT])
    return any(
        one.label == change.label and sent_lately(one, world.now)
        for other in earlier
        if other is not None
        for one in other.scheduled
    )


def _over(record: Deployment) -> Changes:
    """Return the changes of a deployment that is not the newest live one any more."""
    why = "a newer deployment is live, or the target follows nothing any more"
    return tuple(
        changed_scheduled(one, state=ChangeState.LEFT, why=why, tells=False) if one.due else one
        for one in record.scheduled
    )


def _found(world: World, record: Deployment, target: Target) -> Changes:
    """Return the changes that the record has, or else those that `follow` leads to now."""
    if record.scheduled and not any(_only_planned(one, record) for one in record.scheduled):
        return record.scheduled
    try:
        return _changes(world, target, family_named(record.revision), record.revision)
    except DeployerError as error:
        told = (one.told for one in record.scheduled if one.why == str(error))
        return (changed_scheduled(_unread(error), told=next(told, False)),)


def _only_planned(change: ScheduledChange, record: Deployment) -> bool:
    """Whether it was written before the revision was known, or when nothing could be read."""
    own = change.family == family_named(record.revision)
    return not change.name or (own and lacks_revision(change))


def _noted(world: World, head: Head, record: Deployment, changes: Changes) -> Items:
    """Write what is known of the scheduled tasks, if that is new."""
    changes = late(changes, record.scheduled_due or world.now, world.now)
    ended = all(not one.due for one in changes)
    if not ended and changes == record.scheduled and head.lease is None:
        return head, record
    noted = ScheduledNoted(changes=changes, ended=ended)
    return write(world, released(head), record, noted)


def _looked_at(world: World, change: ScheduledChange) -> ScheduledChange:
    """Return the change after a look at what AWS shows now; one that is to be sent is marked so.

    An error leaves it as it is, and says why.
    """
    if not change.due or not change.revision:
        return change
    try:
        task = _read(world, change)
    except DeployerError as error:
        return change if change.sent else failed(change, error)
    seen = shown(change, task, world.now)
    if task is None or not seen.due or seen.sent is not None:
        return seen
    return changed_scheduled(seen, sent=world.now, was=fingerprint(task.body), answered=False)


def _sent(world: World, change: ScheduledChange) -> ScheduledChange:
    """Return the change after it was sent once, and after a look at what AWS shows then.

    What somebody has changed since it was saved is not sent; the next attempt looks again.
    """
    try:
        task = _read(world, change)
        if task is None or fingerprint(task.body) != change.was:
            return not_sent(change, "somebody else changed it a moment ago", tells=False)
        world.scheduled.move(task, change.revision)
    except Unanswered:
        return change  # it may have been carried out; a later look tells
    except DeployerError as error:
        return failed(change, error)
    answered = changed_scheduled(change, answered=True, why="")
    try:
        return shown(answered, _read(world, change), world.now)
    except DeployerError:
        return answered


def _read(world: World, change: ScheduledChange) -> ScheduledTask | None:
    return world.scheduled.scheduled_task(change.kind, change.name, change.target)
