"""Slipway's functions -> figures: all pages of outcomes, and what they say of each service."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from chalicelib.decide.figures import changes, figures, weeks
from chalicelib.model.base import iso
from chalicelib.model.outcomes import Change, Figures, Outcome, Week
from cli.pages import pages

if TYPE_CHECKING:  # boto3 takes a third of a second
    from cli.functions import Functions

Reply = Mapping[str, Any]


def whole_stats(functions: Functions, days: int, service: str | None = None) -> dict[str, Any]:
    """`{"at", "days", "stats": [...]}` with the outcomes of all pages, a row for each service.

    Raises:
        Refused: when a page does not come, or the pages do not end.
    """
    asked = {"stats": True, "days": days} | ({"service": service} if service else {})
    found = list(pages(functions, asked, "the stats"))
    rows: dict[str, dict[str, Any]] = {}
    for page in found:
        _add(rows, page)
    return {"at": found[0]["at"], "days": days, "stats": list(rows.values())}


def _add(rows: dict[str, dict[str, Any]], page: Reply) -> None:
    """Add a page to the rows: a service may go on from one page to the next."""
    for row in page["stats"]:
        empty = {"service": row["service"], "outcomes": [], "unreadable": 0}
        whole = rows.setdefault(row["service"], empty)
        whole["outcomes"] += row["outcomes"]
        whole["unreadable"] += row.get("unreadable", 0)


def changes_of(row: Reply) -> tuple[Change, ...]:
    """The changes of a service; an outcome that cannot be read is left out."""
    return changes(found for one in row["outcomes"] if (found := _outcome(row["service"], one)))


def _outcome(service: str, one: Reply) -> Outcome | None:
    """An outcome of a reply; a key that a newer release adds is passed over."""
    known = {key: one[key] for key in Outcome.model_fields if one.get(key)}
    try:
        return Outcome(**{**known, "service": service})
    except ValidationError:
        return None


@dataclass(frozen=True)
class Found:
    """The figures of a stage, as `slipway stats --json` prints them, and its changes.

    `told["all"]` has the figures of all services together; of one service, they are the same.
    """

    told: dict[str, Any]
    changes: tuple[Change, ...]


def read(functions: Functions, days: int, service: str | None = None) -> Found:
    """The figures of all services, or of one, over the last `days`.

    Raises:
        Refused: when a page does not come, or the pages do not end.
    """
    return found_in(whole_stats(functions, days, service))


def found_in(reply: Reply) -> Found:
    """What a reply of `whole_stats` says."""
    days, now = int(reply["days"]), datetime.fromisoformat(reply["at"])
    rows = [(row, changes_of(row)) for row in reply["stats"]]
    every = tuple(change for _, own in rows for change in own)
    services = [
        {"service": row["service"], **_figures(own, days, now), "unreadable": row["unreadable"]}
        for row, own in rows
    ]
    told = {"at": reply["at"], "days": days, "services": services}
    return Found(told | {"all": _figures(every, days, now)}, every)


def together(found: Sequence[Found]) -> dict[str, Any]:
    """The figures of several stages over one period, as one; there is one stage at least."""
    if len(found) == 1:
        return dict(found[0].told["all"])
    every = [change for one in found for change in one.changes]
    newest = max(str(one.told["at"]) for one in found)
    return _figures(every, int(found[0].told["days"]), datetime.fromisoformat(newest))


def _figures(found: Sequence[Change], days: int, now: datetime) -> dict[str, Any]:
    return as_json(figures(found, days), weeks(found, days, now))


def as_json(its: Figures, by_week: Iterable[Week]) -> dict[str, Any]:
    """Figures as plain values; times are seconds, and null where there is no value."""
    rate = its.failure_rate
    return {
        "deployments": its.deployments,
        "per_day": round(its.per_day, 4),
        "lead_time": its.lead.model_dump(),
        "changes": its.changes,
        "failed": its.failed,
        "failure_rate": None if rate is None else round(rate, 4),
        "time_to_restore": its.restore.model_dump(),
        "not_restored": its.unrestored,
        "weeks": [
            {"begins": iso(week.begins), "deployments": week.deployments, "failed": week.failed}
            for week in by_week
        ],
    }
