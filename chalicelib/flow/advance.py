"""deployment -> look -> decide -> act -> write: the one step that moves a deployment on.

A push, an ECS event, a poll of the state machine, the sweep and a person all end in this step. It
may be taken at any time and any number of times. When a step dies half way, the next one goes on.
"""

from __future__ import annotations

from chalicelib.decide.lease import busy
from chalicelib.decide.news import no_news
from chalicelib.errors import Conflict, Denied, Unavailable
from chalicelib.events.service import Changed
from chalicelib.flow.confirm import confirm
from chalicelib.flow.explained import explained_later
from chalicelib.flow.held import look_after
from chalicelib.flow.ports import World
from chalicelib.flow.prepare import look_at_before
from chalicelib.flow.retry import retried
from chalicelib.flow.rollout import follow
from chalicelib.flow.scheduled import move_scheduled
from chalicelib.flow.start import start
from chalicelib.flow.task_rollout import move_task
from chalicelib.flow.tell import tell
from chalicelib.flow.times import timed
from chalicelib.flow.write import Items, read, write, write_news
from chalicelib.model.deployments import Deployment, Status
from chalicelib.model.happenings import Abandoned, LacksPermission
from chalicelib.model.heads import Head
from chalicelib.model.targets import Target

_NOT_APPLIED = frozenset({Status.PENDING, Status.PREPARING})


def advance(world: World, service: str, deployment: str) -> Deployment:
    """Take a deployment as far as it can go at `world.now`, and return its record.

    Raises:
        Unavailable: when AWS does not answer, or when other writers do not stop. The caller may
            take the same step again at any time.
        Refused: when the ledger has no such deployment.
    """
    return retried(service, lambda: _advanced(world, *read(world, service, deployment)))


def nudge(world: World, service: str, changed: Changed, deployment: str) -> tuple[Deployment, str]:
    """Take the step after an event of ECS.

    When a task ended, the step reads all tasks. When the rollout changed, it reads the service
    deployment too, because the service that ECS shows may be older than the event.

    Return the record, and why the event says nothing new of it. Such an event causes no step, and
    the reason is empty for the others. The errors are those of `advance`.
    """

    def attempt() -> tuple[Deployment, str]:
        head, record = read(world, service, deployment)
        if reason := no_news(record, changed, world.now):
            return record, reason
        return _advanced(world, head, record, changed), ""

    return retried(service, attempt)


def _advanced(
    world: World, head: Head, before: Deployment, changed: Changed | None = None
) -> Deployment:
    record = before
    if record.open:
        try:
            head, record = _step(world, head, record, changed)
        except Conflict:
            raise
        except Unavailable:
            _with_notices_sent(world, head, before, before)  # older notices wait for no step
            raise
    return _with_scheduled_moved(world, _with_notices_sent(world, head, record, before))


def _with_scheduled_moved(world: World, record: Deployment) -> Deployment:
    """Return the record after one attempt to let the scheduled tasks of a live deployment follow.

    People are told first that it is live.
    """
    if record.scheduled_due is None:
        return record
    head, record = move_scheduled(world, *read(world, record.service, record.id))
    return tell(world, head, record)


def _with_notices_sent(
    world: World, head: Head, record: Deployment, before: Deployment
) -> Deployment:
    if before.unexplained is not None:
        head, record = explained_later(world, head, record)
    in_ledger = record.times_due
    head, record = timed(world, head, record, inherited=before.times_due is not None)
    unwritten = record.times_due != in_ledger
    return tell(world, head, record, inherited=before.notices, unwritten=unwritten)


def _step(world: World, head: Head, record: Deployment, changed: Changed | None) -> Items:
    if busy(head, world.holder, world.now):
        return head, record
    target = world.targets.named(record.service)
    if target is None:
        gone = f"{record.service} is no longer in targets.toml; Slipway leaves it alone"
        return write(world, head, record, Abandoned(reason=gone))
    try:
        if record.unconfirmed:
            head, record = confirm(world, head, record)
        if record.status is Status.HELD:
            head, record = look_after(world, head, record, target)
        return _moved_on(world, head, record, target, changed)
    except Denied as denied:
        return write_news(world, head, record, LacksPermission(denial=str(denied)))


def _moved_on(
    world: World, head: Head, record: Deployment, target: Target, changed: Changed | None
) -> Items:
    if not record.open or record.status is Status.HELD:
        return head, record
    if record.runs_before:
        head, record = look_at_before(world, head, record)
        if record.runs_before or not record.open:
            return head, record
    if record.status in _NOT_APPLIED:
        head, record = start(world, head, record, target)
        if not (record.is_task and record.status is Status.IN_PROGRESS):
            return head, record
    if record.is_task:
        return move_task(world, head, record)
    task_ended = changed is not None and bool(changed.ended)
    rollout_changed = changed is not None and not changed.ended
    return follow(world, head, record, task_ended=task_ended, rollout_changed=rollout_changed)
