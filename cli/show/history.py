"""records -> a table: one line a deployment, the newest first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from rich.table import Table
from rich.text import Text

from cli.show.words import age, colour, mark, short, version, who


def table(records: Sequence[Mapping[str, Any]], now: datetime) -> Table:
    """When, how it ended, what, why, and the end of its id, which `slipway show` takes."""
    shown = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for title in ("AGE", "STATUS", "IMAGE", "REVISION", "BY", "ID"):
        shown.add_column(title, overflow="fold", no_wrap=title in {"AGE", "ID"})
    for record in records:
        status = record["status"]
        shown.add_row(
            age(record["created"], now),
            Text(mark(status), colour(status)),
            version(record),
            Text(record["revision"].rsplit(":", 1)[-1] if record["revision"] else ""),
            who(record),
            short(record["deployment"]),
        )
    return shown
