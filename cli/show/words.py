"""Moments and names, as short as a person needs them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

MARKS: Mapping[str, tuple[str, str]] = {  # of each status: a sign, and a colour of rich
    "PENDING": ("…", "yellow"),
    "HELD": ("‖", "yellow"),
    "PREPARING": ("◦", "cyan"),
    "IN_PROGRESS": ("▶", "cyan"),
    "ROLLBACK_IN_PROGRESS": ("◀", "magenta"),
    "SUCCESSFUL": ("✓", "green"),
    "FAILED": ("✗", "red"),
    "ROLLBACK_SUCCESSFUL": ("↶", "magenta"),
    "ROLLBACK_FAILED": ("✗", "red"),
    "SUPERSEDED": ("→", "dim"),
    "REFUSED": ("∅", "red"),
    "OBSERVED": ("○", "dim"),
}
_CAUSES = {"push": "push", "sweep": "lost push", "foreign": "somebody else"}


def moment(text: str) -> datetime:
    """A time of a reply: ISO 8601, UTC."""
    return datetime.fromisoformat(text)


def age(since: str, now: datetime) -> str:
    """How long ago, as "3 min"; empty when it is not known."""
    return span(now - moment(since)) if since else ""


def span(time: timedelta) -> str:
    """A span in its one largest unit: "45 s", "3 min", "2 h", "5 d".

    >>> span(timedelta(minutes=90))
    '90 min'
    """
    seconds = max(0, int(time.total_seconds()))
    for limit, unit, name in ((100, 1, "s"), (6_000, 60, "min"), (172_800, 3_600, "h")):
        if seconds < limit:
            return f"{seconds // unit} {name}"
    return f"{seconds // 86_400} d"


def mark(status: str) -> str:
    """The sign and the status, as "✓ SUCCESSFUL"."""
    return f"{MARKS.get(status, ('?', ''))[0]} {status}"


def colour(status: str) -> str:
    return MARKS.get(status, ("", ""))[1]


def who(record: Mapping[str, Any]) -> str:
    """Who or what asked for it: a person, a push, or somebody else."""
    return str(record.get("by") or _CAUSES.get(str(record.get("cause", "")), ""))


def version(record: Mapping[str, Any]) -> str:
    """The tag, else the short digest, else the revision."""
    found = record.get("tag") or str(record.get("digest", ""))[7:19] or record.get("revision")
    return str(found or "?")


def progress(record: Mapping[str, Any]) -> str:
    """ECS' stage and the traffic, as "BAKE_TIME, 100 % of the traffic"; empty without a stage."""
    stage, traffic = str(record.get("stage") or ""), record.get("traffic")
    share = f"{traffic:g} % of the traffic" if stage and traffic is not None else ""
    words = ", ".join(filter(None, [stage, share]))
    return f"paused in {words}" if record.get("paused") else words


def short(deployment: str) -> str:
    """The last part of a deployment's id; `slipway show` takes it."""
    return deployment.rsplit("-", 1)[-1]


def commit_beside(record: Mapping[str, Any]) -> str:
    """The commit in short, empty when the tag tells it already."""
    commit = str(record.get("commit") or "")
    return "" if commit[:7] in str(record.get("tag", "")) else commit[:7]


def clusters_of(rows: Iterable[Mapping[str, Any]]) -> set[str]:
    """The clusters of the services; where there is one, a name needs none."""
    return {row["service"].split("/")[0] for row in rows}
