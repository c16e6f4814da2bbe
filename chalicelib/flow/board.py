"""HEADs -> board: one row for each service, from the ledger alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from chalicelib.decide.hold import holding
from chalicelib.errors import Unreadable
from chalicelib.flow.hold import described
from chalicelib.flow.ports import World
from chalicelib.model.base import iso
from chalicelib.model.deployments import OPEN, Deployment, Status
from chalicelib.model.heads import Head, Tidied
from chalicelib.model.runs import TaskRun
from chalicelib.model.targets import Target
from chalicelib.model.task_definitions import short_name


def board(world: World, targets: Sequence[Target]) -> list[dict[str, Any]]:
    """Return a row for each target, in the order of the targets file.

    A row has `service`, `runs` (what Slipway brought or met last), `under_way` (the open
    deployments, oldest first), `holds`, and `last` (the newest deployment that ended, without those
    that were refused). `tidied` is there once old revisions of its family were deregistered, or
    could not be. A service that Slipway has not met, or that a newer release wrote, has a `note`
    instead.
    """
    return [_row(world, target) for target in targets]


def _row(world: World, target: Target) -> dict[str, Any]:
    try:
        head = world.ledger.head(target.name)
    except Unreadable as error:
        return {"service": target.name, "note": str(error)}
    if head is None:
        return {"service": target.name, "note": "Slipway has not met this service yet"}
    last = next((one for one in head.recent if one.status not in OPEN | {Status.REFUSED}), None)
    ended = world.ledger.deployment(target.name, last.deployment) if last else None
    opened = [world.ledger.deployment(target.name, one) for one in head.open_deployments]
    return {
        "service": target.name,
        "mode": target.mode,
        "runs": _runs(world, head),
        "under_way": [_brief(record) for record in opened if record is not None],
        "holds": [described(hold) for hold in holding(head, world.now)],
        "last": _brief(ended) if ended else None,
        **({"tidied": _tidied(head.tidied)} if head.tidied else {}),
    }


def _tidied(tidied: Tidied) -> dict[str, Any]:
    """Return what was deregistered on the last such day, and why nothing can be now."""
    return {
        "day": tidied.day,
        "count": tidied.count,
        "first": tidied.first,
        "last": tidied.last,
        "why": tidied.why,
    }


def _runs(world: World, head: Head) -> dict[str, Any] | None:
    """Return what the service runs, as far as the ledger knows; None when it knows nothing."""
    revision = head.applied_revision or (head.proven[0].revision if head.proven else "")
    if not revision:
        return None
    proven = head.proven_revision(revision)
    deployment = proven.deployment if proven else head.applied_deployment
    record = world.ledger.deployment(head.service, deployment) if deployment else None
    found = {"revision": short_name(revision), "tag": proven.tag if proven else ""}
    if record is None:
        return found
    since = record.applied_at or record.created
    return {
        **found,
        "tag": record.tag,
        "commit": record.commit,
        "deployment": record.id,
        "by": record.by,
        "cause": record.cause,
        "since": iso(since),
    }


def _brief(record: Deployment) -> dict[str, Any]:
    return {
        "deployment": record.id,
        "status": record.status,
        "tag": record.tag,
        "commit": record.commit,
        "by": record.by,
        "cause": record.cause,
        "updated": iso(record.updated),
        "reason": record.reason,
        **progress_of(record),
    }


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
        "started": iso(run.started) if run.started else "",
        "ended": iso(run.ended) if run.ended else "",
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
            "until": iso(pause.expires) if pause.expires else "",
            "then": pause.at_timeout,
        }
        if pause is not None
        else None,
    }
