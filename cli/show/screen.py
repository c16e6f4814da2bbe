"""The terminal: plain words, colour where it may be, and one JSON object for `--json`."""

from __future__ import annotations

import json
import sys
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
    """Lines of text; the terminal breaks them, so that a copy has no line breaks of ours."""
    print("\n".join(safe(line) for line in lines))


def say_json(reply: Mapping[str, Any]) -> None:
    """The reply as JSON, indented where a person reads it, in one line where a program does."""
    print(json.dumps(reply, indent=2 if sys.stdout.isatty() else None, ensure_ascii=False))
