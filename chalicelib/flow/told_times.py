"""record -> reply: how long a deployment took, and where the time went."""

from __future__ import annotations

from typing import Any

from chalicelib.model.base import iso, iso_if_known
from chalicelib.model.deployments import Deployment
from chalicelib.model.times import Step, TaskTimes, Times


def length_of(record: Deployment) -> dict[str, Any]:
    """Return when it was closed, how many seconds that took, and the seconds of each phase.

    While it is open, `closed` is empty, `seconds` is None, and `phases` has nothing.
    """
    closed = record.closed
    times = record.times or Times()
    return {
        "closed": iso_if_known(closed),
        "seconds": (closed - record.created).total_seconds() if closed else None,
        "phases": {one.phase: one.milliseconds / 1000 for one in times.phases},
    }


def times_told(record: Deployment) -> dict[str, Any]:
    """Return where the time went: phases with the usual seconds, tasks, events, and steps.

    While the deployment is open, there are only the steps so far.
    """
    times = record.times or Times()
    return {
        "phases": [
            {
                "phase": one.phase,
                "seconds": one.milliseconds / 1000,
                "usual": None if one.usual is None else one.usual / 1000,
            }
            for one in times.phases
        ],
        "tasks": [_task(task) for task in times.tasks],
        "events": [{"at": iso(event.at), "what": event.message} for event in times.events],
        "steps": [_step(step) for step in record.steps],
        "note": times.note,
    }


def _task(task: TaskTimes) -> dict[str, Any]:
    return {
        "id": task.id,
        "new": task.new,
        "revision": task.revision,
        "created": iso_if_known(task.created),
        "pull_started": iso_if_known(task.pull_started),
        "pull_stopped": iso_if_known(task.pull_stopped),
        "started": iso_if_known(task.started),
        "healthy": iso_if_known(task.healthy),
        "stopping": iso_if_known(task.stopping),
        "stopped": iso_if_known(task.stopped),
    }


def _step(step: Step) -> dict[str, Any]:
    return {"at": iso(step.at), "stage": step.stage, "traffic": step.traffic, "waits": step.waits}
