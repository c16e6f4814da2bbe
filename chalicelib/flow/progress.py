"""record -> how far it is, in the form of a reply: its tasks, and the stage of its rollout."""

from __future__ import annotations

from typing import Any

from chalicelib.model.base import iso, iso_if_known
from chalicelib.model.deployments import Deployment
from chalicelib.model.runs import TaskRun
from chalicelib.model.task_definitions import short_name


def progress_of(record: Deployment) -> dict[str, Any]:
    """Return how far a deployment is: its tasks, and the stage of its rollout.

    `before` and `after` are there once they began (see `_ran`), and the others where ECS shows a
    stage. `paused` is None unless a person has to answer: then it tells the `stage`, `since` when,
    `until` when ECS waits, and what it does `then` (CONTINUE or ROLLBACK).
    """
    runs = {"before": record.before, "after": record.after}
    ran = {kind: _ran(run) for kind, run in runs.items() if run is not None}
    return {**ran, **_stage_of(record)}


def _ran(run: TaskRun) -> dict[str, Any]:
    """Return a `before` or `after` in the form of a reply.

    `state` is STARTING, RUNNING or STOPPING, and then how it ended: SUCCEEDED, FAILED, NOT_STARTED
    or UNKNOWN. `task` is the id of its task, `exit` the exit code of `container`; times are UTC.
    """
    under_way = "STOPPING" if run.stopping else "RUNNING" if run.started else "STARTING"
    return {
        "state": run.outcome.value if run.outcome else under_way,
        "container": run.container,
        "task": short_name(run.task),
        "began": iso(run.began),
        "started": iso_if_known(run.started),
        "ended": iso_if_known(run.ended),
        "exit": run.exit_code,
        "reason": run.reason,
    }


def _stage_of(record: Deployment) -> dict[str, Any]:
    if not record.stage:
        return {}
    pause = record.paused if record.paused and record.paused.answer is None else None
    return {
        "stage": record.stage,
        "traffic": record.traffic,
        "paused": {
            "stage": pause.stage,
            "since": iso(pause.since),
            "until": iso_if_known(pause.expires),
            "then": pause.at_timeout,
        }
        if pause is not None
        else None,
    }
