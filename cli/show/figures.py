"""figures -> words and a table: a line a service, and one for all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table
from rich.text import Text

from cli.show.words import clusters_of

Row = Mapping[str, Any]
NONE = "none"
_FEW = 3  # values; below, a median is told with their number
_STEPS = "▁▂▃▄▅▆▇█"
_UNITS = ((120, 1, "s"), (7_200, 60, "min"), (172_800, 3_600, "h"))  # below so many seconds


def table(reply: Row) -> Table:
    """One line a service, and the last one for all of them where there are several."""
    shown = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for title in ("SERVICE", "DEPLOYMENTS", "LEAD TIME", "FAILED", "RESTORE", "BY WEEK"):
        shown.add_column(title, overflow="fold", no_wrap=title in {"SERVICE", "BY WEEK"})
    services = reply["services"]
    whole = len(clusters_of(services)) > 1
    for row in services:
        name = row["service"] if whole else row["service"].split("/")[1]
        shown.add_row(name, *cells(row))
    if len(services) > 1:
        shown.add_row(Text("all", "bold"), *cells(reply["all"]))
    return shown


def all_stages(its: Row) -> str:
    """The figures of all stages together, in a line."""
    deployments, lead, rate, again, _ = cells(its)
    parts = [deployments, f"lead time {lead}", f"failed {rate}", f"restore {again}"]
    return f"All stages: {' · '.join(parts)}"


def cells(row: Row) -> tuple[str, str, str, str, str]:
    """The four figures in words, and the deployments of each week as a line."""
    by_week = [week["deployments"] for week in row["weeks"]]
    return (per_day(row), spread(row["lead_time"]), failed(row), restore(row), sparkline(by_week))


def below(reply: Row) -> list[str]:
    """What the table has no room for."""
    return [
        f"{row['service']}: a newer release wrote {row['unreadable']} of its records; they are "
        "not counted"
        for row in reply["services"]
        if row["unreadable"]
    ]


def per_day(row: Row) -> str:
    """How often, as "2.3 a day", "1.4 a week" or "0"."""
    rate = float(row["per_day"])
    if not row["deployments"]:
        return "0"
    return f"{_number(rate)} a day" if rate >= 1 else f"{_number(rate * 7)} a week"


def failed(row: Row) -> str:
    """The share of failed changes, as "6 % (3 of 50)"."""
    if not row["changes"]:
        return NONE
    share = 100 * row["failed"] / row["changes"]
    return f"{_number(share)} % ({row['failed']} of {row['changes']})"


def restore(row: Row) -> str:
    """The time to restore, and how many are not restored."""
    found = spread(row["time_to_restore"])
    missing = f"not restored: {row['not_restored']}" if row["not_restored"] else ""
    return ", ".join(filter(None, ["" if missing and found == NONE else found, missing]))


def spread(found: Row) -> str:
    """The median in words; of fewer than three values, with their number: "4 min (of 2)"."""
    if not found["count"]:
        return NONE
    few = f" (of {found['count']})" if found["count"] < _FEW else ""
    return time(found["median"]) + few


def time(seconds: float) -> str:
    """A time in its one largest unit: "45 s", "12 min", "30 h", "3 d".

    >>> time(750)
    '12 min'
    """
    for limit, unit, name in _UNITS:
        if seconds < limit:
            return f"{round(seconds / unit)} {name}"
    return f"{round(seconds / 86_400)} d"


def sparkline(counts: Sequence[int]) -> str:
    """A character for each count, as high as it is beside the largest; none is a space."""
    top = max(counts, default=0)
    return "".join(
        _STEPS[max(0, round(count * len(_STEPS) / top) - 1)] if count else " " for count in counts
    )


def _number(value: float) -> str:
    """Two digits, or the whole number: "0.33", "2.3", "47"."""
    return f"{value:.0f}" if value >= 10 or value == int(value) else f"{value:.2g}"  # noqa: PLR2004
