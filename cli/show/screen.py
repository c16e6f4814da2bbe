"""The terminal: plain words, colour where it may be, and one JSON object for `--json`."""

from __future__ import annotations

import json
import os
import shutil
import sys
import textwrap
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from cli.terminal import safe

if TYPE_CHECKING:  # rich takes a tenth of a second: `--json` does without it
    from rich.console import Console


@cache
def console() -> Console:
    """Standard output. Nothing that comes from outside is read as rich's markup."""
    from rich.console import Console  # noqa: PLC0415 - see above

    # Where a program reads, no line is broken: `grep` finds a service with all that is told of it.
    width = None if sys.stdout.isatty() else 200
    return Console(highlight=False, markup=False, emoji=False, width=width)


def say(*lines: str) -> None:
    """Lines of text. At a terminal, long sentences are broken between words; commands never are."""
    breaks = sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
    width = shutil.get_terminal_size().columns if breaks else 0
    for line in lines:
        print(_broken(safe(line), width) if width and "slipway " not in line else safe(line))


def _broken(line: str, width: int) -> str:
    indent = line[: len(line) - len(line.lstrip(" -"))]
    room = max(width, 40)
    return textwrap.fill(
        line,
        room,
        subsequent_indent=" " * len(indent),
        break_long_words=False,
        break_on_hyphens=False,
        drop_whitespace=True,
    )


def say_json(reply: Mapping[str, Any]) -> None:
    """The reply as JSON, indented where a person reads it, in one line where a program does."""
    print(json.dumps(reply, indent=2 if sys.stdout.isatty() else None, ensure_ascii=False))
