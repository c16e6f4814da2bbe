"""rows of the board -> a table: what runs, what is under way, what holds, how the last one went."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from rich.table import Table
from rich.text import Text

from cli.show.words import age, clusters_of, colour, commit_beside, mark, progress, version, who

Row = Mapping[str, Any]


def table(rows: Sequence[Row], now: datetime) -> Table:
    """One line a service; `below` has the holds and notes."""
    shown = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for title in ("SERVICE", "RUNS", "UNDER WAY", "LAST"):
        shown.add_column(title, overflow="fold", no_wrap=title == "SERVICE")
    whole = len(clusters_of(rows)) > 1
    for row in rows:
        name = row["service"] if whole else row["service"].split("/")[1]
        shown.add_row(name, *_cells(row, now))
    return shown


def below(rows: Sequence[Row]) -> list[str]:
    """What the table has no room for: each hold and each note, with its service."""
    return [f"{row['service']}: {line}" for row in rows for line in _below(row)]


def _cells(row: Row, now: datetime) -> tuple[Text, Text, Text]:
    if "runs" not in row:
        return Text("?"), Text(""), Text("")
    under_way, last = Text(""), Text("")
    for record in row["under_way"]:
        under_way.append_text(_record(record, now))
    if row["last"]:
        last = _last(row["last"], row["runs"], now)
    return _runs(row["runs"], now), under_way, last


def _runs(runs: Row | None, now: datetime) -> Text:
    if runs is None:
        return Text("?")
    parts = [version(runs), commit_beside(runs), age(runs.get("since", ""), now), who(runs)]
    return Text(" · ".join(filter(None, parts)))


def _record(record: Row, now: datetime) -> Text:
    status = record["status"]
    text = Text(f"{mark(status)} ", colour(status))
    words = [version(record), age(record["updated"], now)]
    if record["status"] == "IN_PROGRESS":
        words.append(progress(record))
    return text.append(" ".join(filter(None, words)), "default")


def _last(record: Row, runs: Row | None, now: datetime) -> Text:
    """How the last one went; its version only where it is not what runs."""
    if runs is None or version(record) != version(runs) or record["status"] != "SUCCESSFUL":
        return _record(record, now)
    return Text(mark("SUCCESSFUL"), colour("SUCCESSFUL"))


def _below(row: Row) -> list[str]:
    lines = [str(hold["words"]) for hold in row.get("holds", ())]
    lines += [
        f"{version(record)} is held: {record['reason']}"
        for record in row.get("under_way", ())
        if record["status"] == "HELD" and not row.get("holds")
    ]
    if why := row.get("tidied", {}).get("why"):
        lines.append(f"no old revision is deregistered: {why}")
    return [*lines, str(row["note"])] if "note" in row else lines
