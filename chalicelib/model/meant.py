"""mistyped name + known names -> the names that were probably meant."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

_COMPARED = 200  # characters of a name: to compare two takes as long as their product
_SEARCHED = 1_000  # names
_GUESSES = 3


def meant(word: str, known: Iterable[str]) -> tuple[str, ...]:
    """Return at most three known names that are similar to `word`, the most similar first.

    Upper and lower case are the same here. Only the first thousand names are compared.
    """
    from difflib import get_close_matches  # noqa: PLC0415 - only a mistake needs it

    names = {name[:_COMPARED].lower(): name for name in islice(known, _SEARCHED)}
    near = get_close_matches(word[:_COMPARED].lower(), list(names), n=_GUESSES)
    return tuple(names[name] for name in near)


def did_you_mean(word: str, known: Iterable[str], quote: str = "") -> str:
    """Return the question `did you mean x, y or z?`; empty when no known name is similar."""
    names = [f"{quote}{name}{quote}" for name in meant(word, known)]
    if not names:
        return ""
    *others, last = names
    return f"did you mean {', '.join(others)} or {last}?" if others else f"did you mean {last}?"
