"""A notice -> its text in a frame, wrapped so that no word is lost in a narrow terminal."""

from __future__ import annotations

import re
import textwrap

from rich.panel import Panel
from rich.text import Text

from embedded.services.sns import Notice

_FRAME = 6  # columns: a border and two spaces on either side
# What a wrapped line is indented by: its own indent, a list's dash, a key and the spaces after it.
_INDENT = re.compile(r" *(?:- |[A-Z][a-z]+: +)?")
_STYLES = {
    "SUCCESSFUL": "bold green",
    "ROLLBACK_SUCCESSFUL": "bold yellow",
    "ROLLBACK_IN_PROGRESS": "bold red",
    "FAILED": "bold red",
    "ROLLBACK_FAILED": "bold red",
}


def style_of(notice: Notice) -> str:
    """A colour that says how the deployment went."""
    return _STYLES.get(notice.attributes.get("status", ""), "bold blue")


def panel(notice: Notice, width: int) -> Panel:
    """The notice's body in a frame of so many columns."""
    body = "\n".join(_wrapped(line, width - _FRAME) for line in notice.body.splitlines())
    border = style_of(notice).removeprefix("bold ")
    return Panel(Text(body), border_style=border, padding=(0, 2), width=width)


def _wrapped(line: str, width: int) -> str:
    found = _INDENT.match(line)
    start = found[0] if found else ""
    wrapped = textwrap.wrap(
        line.removeprefix(start),
        width,
        initial_indent=start,
        subsequent_indent=" " * len(start),
        break_on_hyphens=False,
    )
    return "\n".join(wrapped)
