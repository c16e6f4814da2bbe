"""Slipway's functions -> figures: all pages of outcomes, and what they say of each service."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from chalicelib.decide.figures import changes, figures, weeks
from chalicelib.errors import Refused
from chalicelib.model.base import iso
from chalicelib.model.outcomes import Change, Figures, Outcome, Week

if TYPE_CHECKING:  # boto3 takes a third of a second
    from cli.functions import Functions

Reply = Mapping[str, Any]


def whole_stats(functions: Functions, days: int, service: str | None = None) -> dict[str, Any]:
    """`{"at", "days", "stats": [...]}` with the outcomes of all pages, a row for each service.

    Raises:
        Refused: when a page does not come, or the pages do not end.
    """
    asked = {"stats": True, "days": days} | ({"service": service} if service else {})
    page = functions.call("status", asked)
    rows: dict[str, dict[str, Any]] = {}
    known: set[str] = set()
    first = page
    _add(rows, page)
    while after := page.get("next"):
        if after in known:
            raise Refused(f"The pages of the stats do not end: {after} came twice")
        known.add(after)
        page = functions.call("status", {**asked, "after": after})
        _add(rows, page)
    return {"at": first["at"], "days": days, "stats": list(rows.values())}


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


def told(reply: Reply) -> dict[str, Any]:
    """The figures of a reply of `whole_stats`, as `slipway stats --json` prints them.

    `all` has the figures of all services together; of one service, they are the same.
    """
    days, now = int(reply["days"]), datetime.fromisoformat(reply["at"])
    found = [(row, changes_of(row)) for row in reply["stats"]]
    every = [change for _, own in found for change in own]
    return {
        "at": reply["at"],
        "days": days,
        "services": [
            {"service": row["service"], **_figures(own, days, now), "unreadable": row["unreadable"]}
            for row, own in found
        ],
        "all": _figures(every, days, now),
    }


def together(replies: Sequence[Reply]) -> dict[str, Any]:
    """The figures of several stages' replies of `whole_stats`, of one period, as one."""
    every = [change for reply in replies for row in reply["stats"] for change in changes_of(row)]
    newest = max(str(reply["at"]) for reply in replies)
    return _figures(every, int(replies[0]["days"]), datetime.fromisoformat(newest))


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
