"""Questions at a terminal. Without a terminal nothing is asked: the option must be given."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from chalicelib.errors import Refused
from cli.exits import Usage


def a_terminal() -> bool:
    """Whether a person can be asked: input and output are a terminal."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def needed(value: str | None, option: str, question: str) -> str:
    """The value, else the answer to the question.

    Raises:
        Usage: when nobody can be asked, or the answer is empty.
    """
    if value is None and a_terminal():
        value = _answer(f"{question} ")
    if not (value or "").strip():
        raise Usage(f"No reason was given. Next: add {option} 'the reason'")
    return str(value).strip()


def agreed(question: str, *, yes: bool) -> None:
    """Return when a person agrees, or need not be asked.

    Raises:
        Refused: when the answer is no.
    """
    if yes or not a_terminal():
        return
    if _answer(f"{question} [Y/n] ").lower() not in {"", "y", "yes"}:
        raise Refused("Nothing was changed.")


def chosen(question: str, choices: Sequence[str], default: int) -> int:
    """The position of the choice; Enter takes the default.

    Raises:
        Usage: when the answer is no number of the list.
    """
    for number, choice in enumerate(choices, 1):
        print(f"  {number}  {choice}", file=sys.stderr)
    answer = _answer(f"{question} [{default + 1}] ")
    if not answer:
        return default
    if not answer.isdecimal() or not 1 <= int(answer) <= len(choices):
        raise Usage(f"{answer!r} is none of 1 to {len(choices)}; nothing was changed")
    return int(answer) - 1


def _answer(question: str) -> str:
    print(question, end="", file=sys.stderr, flush=True)
    try:
        return input().strip()
    except EOFError:
        raise Refused("Nothing was changed.") from None
