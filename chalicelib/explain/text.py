"""Text from outside -> text that cannot write lines of ours."""

from __future__ import annotations


def one_line(text: str) -> str:
    """`text` with a space for every control character and line break."""
    return "".join(character if character.isprintable() else " " for character in text)


def brief(text: str, length: int) -> str:
    """`text` on one line, at most `length` characters of it."""
    line = one_line(text[: length + 1])
    return line if len(line) <= length else f"{line[: length - 1]}…"
