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
from chalicelib.model.heads import Head
from chalicelib.model.targets import Target
from chalicelib.model.task_definitions import short_name


def board(world: World, targets: Sequence[Target]) -> list[dict[str, Any]]:
    """Return a row for each target, in the order of the targets file.

    A row has `service`, `runs` (what Slipway brought or met last), `under_way` (the open
    deployments, oldest first), `holds`, and `last` (the newest deployment that ended, without those
    that were refused). A service that Slipway has not met, or that a newer release wrote, has a
    `note` instead.
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
    """Return the stage, the traffic and the pause of a rollout, where ECS shows any.

    `paused` is None unless a person has to answer: then it tells the `stage`, `since` when, `until`
    when ECS waits, and what it does `then` (CONTINUE or ROLLBACK).
    """
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
