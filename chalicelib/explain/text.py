"""Text from outside -> text that cannot write lines of ours."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence


def one_line(text: str) -> str:
    """`text` with a space for every control character and line break."""
    return "".join(character if character.isprintable() else " " for character in text)


def brief(text: str, length: int) -> str:
    """`text` on one line, at most `length` characters of it."""
    line = one_line(text[: length + 1])
    return line if len(line) <= length else f"{line[: length - 1]}…"


def plain(text: str, length: int) -> str:
    """`text` as one line of printable ASCII, at most `length` long: what an SNS subject may be."""
    ascii_only = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return cut(one_line(ascii_only).lstrip() or "Slipway", length)


def sentence(text: str) -> str:
    """`text` on one line, with a full stop where it has no end."""
    line = one_line(text).strip()
    return line if line.endswith((".", "!", "?")) else f"{line}."


def cut(text: str, length: int) -> str:
    """At most `length` characters of `text`, its lines kept; `...` where it goes on."""
    return text if len(text) <= length else f"{text[: length - 3]}..."


def listed(names: Sequence[str], most: int) -> str:
    """Return at most so many names, with commas, and how many more there are."""
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")


def duration(seconds: int) -> str:
    """A time in words: "15 minutes", "1 minute", "90 seconds".

    >>> duration(300)
    '5 minutes'
    """
    count, unit = (seconds // 60, "minute") if seconds % 60 == 0 else (seconds, "second")
    return f"{count} {unit}{'' if count == 1 else 's'}"
