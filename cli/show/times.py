"""record -> where its time went: a line for each phase, with a bar."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_WIDTH = 24  # characters of the longest bar
_PARTS = "▏▎▍▌▋▊▉█"  # eighths of a character
_SHORT = 10  # seconds below which a tenth counts
_NAME, _SECONDS = 10, 9  # characters of the columns


def times(record: Mapping[str, Any]) -> Iterator[str]:
    """A line for each phase that took any time, in their order; then what is not known, and why."""
    told = record.get("times") or {}
    phases = told.get("phases") or ()
    longest = max((one["seconds"] for one in phases), default=0)
    for one in phases:
        usual = "" if one["usual"] is None else f"  usually {length(one['usual'])}"
        line = f"{one['phase']:<{_NAME}}{length(one['seconds']):>{_SECONDS}}  "
        shape = bar(one["seconds"], longest)
        yield f"{line}{shape:<{_WIDTH}}{usual}" if usual else line + shape
    if phases and told.get("note"):
        yield told["note"]


def length(seconds: float) -> str:
    """Seconds as a person reads them: "0.6 s", "94 s", "3435 s".

    >>> length(9.96)
    '10 s'
    """
    return f"{seconds:.1f} s" if round(seconds, 1) < _SHORT else f"{seconds:.0f} s"


def bar(seconds: float, longest: float) -> str:
    """A bar of block characters, as long as `seconds` are beside the longest; never without any."""
    eighths = max(1, round(8 * _WIDTH * seconds / longest)) if longest else 0
    whole, rest = divmod(eighths, 8)
    return _PARTS[-1] * whole + (_PARTS[rest - 1] if rest else "")
