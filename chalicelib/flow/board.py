"""HEADs -> board: one row for each service, from the ledger alone, page by page."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from chalicelib.decide.hold import holding
from chalicelib.errors import Unreadable
from chalicelib.flow.hold import described
from chalicelib.flow.ports import World
from chalicelib.flow.progress import progress_of
from chalicelib.model.base import iso
from chalicelib.model.deployments import OPEN, Deployment, Status
from chalicelib.model.heads import Head, Tidied
from chalicelib.model.targets import Target
from chalicelib.model.task_definitions import short_name

_ROWS = 100  # of a page
# Of a page's rows, as JSON. Lambda replies with at most 6 MB (developer guide, "Lambda quotas").
_BYTES = 4_000_000

_Item = TypeVar("_Item", Head, Deployment)
Heads = Mapping[str, Head | Unreadable]
Records = Mapping[tuple[str, str], Deployment | Unreadable]


def board(world: World, targets: Sequence[Target]) -> dict[str, Any]:
    """Return one page, `{"board": [...]}`: rows of the first targets, in the order of their file.

    Where targets are left, `next` is the service of the page's last row. A page has at most 100
    rows, and fewer where they would not fit into a reply of Lambda.

    A row has `service`, `runs` (what Slipway brought or met last), `under_way` (the open
    deployments, oldest first), `holds`, and `last` (the newest deployment that ended, without those
    that were refused). `tidied` is there once old revisions of its family were deregistered, or
    could not be. A service that Slipway has not met, or of which a newer release wrote an item, has
    a `note` instead.

    Raises:
        Unavailable: when the ledger does not answer.
    """
    page = targets[:_ROWS]
    heads = world.ledger.read_heads([target.name for target in page])
    records = world.ledger.read_deployments(
        [key for head in heads.values() if isinstance(head, Head) for key in _keys(head)]
    )
    rows = _fitting(_row(target, heads, records, world.now) for target in page)
    last = page[len(rows) - 1].name if rows and len(rows) < len(targets) else ""
    return {"board": rows, **({"next": last} if last else {})}


def following(targets: Sequence[Target], after: Target) -> Sequence[Target]:
    """Return the targets that stand behind this one."""
    return targets[targets.index(after) + 1 :]


def _fitting(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return as many of the rows as fit into a reply, and one at least."""
    fitting: list[dict[str, Any]] = []
    size = 0
    for row in rows:
        size += len(json.dumps(row))
        if fitting and size > _BYTES:
            break
        fitting.append(row)
    return fitting


def _keys(head: Head) -> list[tuple[str, str]]:
    """Return the keys of the records that the row of this HEAD tells of."""
    last, applied = _last(head), _applied(head)
    names = [*head.open_deployments, *([last] if last else []), *([applied] if applied else [])]
    return [(head.service, name) for name in names]


def _last(head: Head) -> str:
    """Return the newest deployment that ended and was not refused; empty when there is none."""
    left_out = OPEN | {Status.REFUSED}
    return next((one.deployment for one in head.recent if one.status not in left_out), "")


def _row(target: Target, heads: Heads, records: Records, now: datetime) -> dict[str, Any]:
    head = heads.get(target.name)
    if head is None:
        return {"service": target.name, "note": "Slipway has not met this service yet"}
    try:
        return _told(target, _readable(head), records, now)
    except Unreadable as error:
        return {"service": target.name, "note": str(error)}


def _told(target: Target, head: Head, records: Records, now: datetime) -> dict[str, Any]:
    def record(name: str) -> Deployment | None:
        found = records.get((head.service, name))
        return None if found is None else _readable(found)

    ended = record(_last(head))
    opened = [record(name) for name in head.open_deployments]
    return {
        "service": target.name,
        "mode": target.mode,
        "runs": _runs(head, record(_applied(head))),
        "under_way": [_brief(one) for one in opened if one is not None],
        "holds": [described(hold) for hold in holding(head, now)],
        "last": _brief(ended) if ended else None,
        **({"tidied": _tidied(head.tidied)} if head.tidied else {}),
    }


def _readable(found: _Item | Unreadable) -> _Item:
    if isinstance(found, Unreadable):
        raise found
    return found


def _tidied(tidied: Tidied) -> dict[str, Any]:
    """Return what was deregistered on the last such day, and why nothing can be now."""
    return {
        "day": tidied.day,
        "count": tidied.count,
        "first": tidied.first,
        "last": tidied.last,
        "why": tidied.why,
    }


def _revision(head: Head) -> str:
    """Return what the service runs, as far as the ledger knows; empty when it knows nothing."""
    return head.applied_revision or (head.proven[0].revision if head.proven else "")


def _applied(head: Head) -> str:
    """Return the deployment that brought what the service runs; empty when it is not known."""
    revision = _revision(head)
    if not revision:
        return ""
    proven = head.proven_revision(revision)
    return proven.deployment if proven else head.applied_deployment


def _runs(head: Head, record: Deployment | None) -> dict[str, Any] | None:
    """Return what the service runs; None when the ledger does not know."""
    revision = _revision(head)
    if not revision:
        return None
    proven = head.proven_revision(revision)
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
