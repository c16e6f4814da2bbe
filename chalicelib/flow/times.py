"""closed deployment -> where its time went: two reads of ECS, once, after all that matters more."""

from __future__ import annotations

from datetime import timedelta

from chalicelib.decide.happened import happened
from chalicelib.errors import DeployerError
from chalicelib.explain.breakdown import times_of, usual_of
from chalicelib.explain.service_events import tasks_named
from chalicelib.flow.ports import World
from chalicelib.flow.write import Items
from chalicelib.model.deployments import Deployment
from chalicelib.model.happenings import Timed
from chalicelib.model.heads import Head
from chalicelib.model.times import RolloutTimes

_MOST_TASKS = 100  # API reference, DescribeTasks
_PATIENCE = timedelta(seconds=30)  # the time that the step which closed the record has
_LATE = timedelta(minutes=1)
_TOO_LATE = RolloutTimes(), "Slipway could not ask ECS in time."


def timed(world: World, head: Head, record: Deployment, *, inherited: bool) -> Items:
    """Return HEAD and the record with where its time went, both still to be written.

    ECS is asked once. After a minute, or when it does not answer, the record alone tells, so that
    no notice waits. `inherited` says that an earlier step closed the record: that step has half a
    minute to do this itself. A failure is explained first.
    """
    due, closed = record.times_due, record.closed
    if due is None or closed is None or record.unexplained is not None:
        return head, record
    if inherited and world.now - due < _PATIENCE:
        return head, record
    told, note = _TOO_LATE if world.now - due > _LATE else _told(world, record)
    times = times_of(record, closed, told, usual=usual_of(head.lasted), note=note)
    return happened(head, record, Timed(times=times), world.now)


def _told(world: World, record: Deployment) -> tuple[RolloutTimes, str]:
    """Return what ECS tells of the times of a rollout, and why something of it is missing."""
    try:
        told = world.services.rollout_times(record.cluster, record.service_name)
    except DeployerError as error:
        return RolloutTimes(), f"ECS did not tell: {error}"
    ids = tasks_named((one for one in told.events if one.at >= record.created), _MOST_TASKS)
    try:
        tasks = world.services.task_times(record.cluster, ids) if ids else ()
    except DeployerError as error:
        return told, f"ECS did not tell of the tasks: {error}"
    return RolloutTimes(events=told.events, bakes=told.bakes, tasks=tuple(tasks)), ""
