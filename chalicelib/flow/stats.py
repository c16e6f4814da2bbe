"""records -> outcomes: how the deployments of a period ended, from the ledger alone, by pages."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from chalicelib.decide.admit import stamp
from chalicelib.decide.outcomes import outcome_of
from chalicelib.errors import Refused
from chalicelib.flow.payload import target_named
from chalicelib.flow.ports import World
from chalicelib.model.base import iso_if_known
from chalicelib.model.outcomes import Outcome, Outlines
from chalicelib.model.targets import Target
from chalicelib.model.task_definitions import short_name

DAYS = 30  # of a period, where none is given
_SERVICES = 100  # of a page: each is at least one read
_RECORDS = 400  # read for a page


def stats(
    world: World, targets: Sequence[Target], days: int | None, after: str | None
) -> dict[str, Any]:
    """Return one page, `{"days", "stats": [...]}`: the outcomes of the last `days`, by service.

    A deployment belongs to the period in which it was asked for. The services have the order of
    their file, and their outcomes that of their ids. A service has `unreadable` where a newer
    release wrote so many of its records. Where more follows, `next` is to be sent as `after`.

    A page reads at most 400 records, and at most 100 services. That is at most half a megabyte.

    Raises:
        Refused: when `after` is not one that a page replied.
        Unavailable: when the ledger does not answer.
    """
    days = days or DAYS
    since = stamp(world.now - timedelta(days=days))
    page, behind = _rest(world, targets, after)
    rows, following = _read(world, page, behind or since, since)
    return {"days": days, "stats": rows, **({"next": following} if following else {})}


def _rest(
    world: World, targets: Sequence[Target], after: str | None
) -> tuple[Sequence[Target], str]:
    """Return the targets that are left, and the deployment behind which the first one goes on.

    Raises:
        Refused: when `after` names no such target.
    """
    if after is None:
        return targets, ""
    name, _, behind = after.partition("#")
    target = target_named(world, name)
    if target not in targets:
        raise Refused("`after` is the `next` of a page about another service")
    return targets[targets.index(target) :], behind


def _read(
    world: World, targets: Sequence[Target], behind: str, since: str
) -> tuple[list[dict[str, Any]], str]:
    """Return the rows of a page, and where the next page goes on: SERVICE#DEPLOYMENT, or empty."""
    rows: list[dict[str, Any]] = []
    left = _RECORDS
    for target in targets[:_SERVICES]:
        if left <= 0:
            return rows, f"{target.name}#"
        found = world.ledger.outlines(target.name, behind, left)
        rows.append(_told(target, found))
        left -= found.read
        if found.behind:
            return rows, f"{target.name}#{found.behind}"
        behind = since
    return rows, f"{targets[_SERVICES].name}#" if len(targets) > _SERVICES else ""


def _told(target: Target, found: Outlines) -> dict[str, Any]:
    outcomes = [outcome for record in found.records if (outcome := outcome_of(record))]
    unreadable = {"unreadable": found.unreadable} if found.unreadable else {}
    return {"service": target.name, "outcomes": [_row(one) for one in outcomes], **unreadable}


def _row(one: Outcome) -> dict[str, str]:
    return {
        "deployment": one.deployment,
        "cause": one.cause,
        "status": one.status,
        "pushed": iso_if_known(one.pushed),
        "applied": iso_if_known(one.applied),
        "ended": iso_if_known(one.ended),
        "revision": short_name(one.revision),
        "left": short_name(one.left),
    }
