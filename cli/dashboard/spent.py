"""seconds -> words, for a time that something took."""

from __future__ import annotations

_PRECISE = 10  # seconds: below, tenths are told
_SECONDS = 120  # seconds: below, no minutes are told
_MINUTES = 7_200  # seconds: below, no hours are told


def spent(seconds: float) -> str:
    """A time that something took: "4.2 s", "94 s", "12 min 30 s", "3 h 5 min".

    >>> spent(750)
    '12 min 30 s'
    """
    whole = round(seconds)
    if seconds < _PRECISE:
        return f"{seconds:.1f} s".replace(".0 s", " s")
    if whole < _SECONDS:
        return f"{whole} s"
    if whole < _MINUTES:
        minutes, rest = divmod(whole, 60)
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, rest = divmod(round(seconds / 60), 60)
    return f"{hours} h {rest} min" if rest else f"{hours} h"
