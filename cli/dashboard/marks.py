"""status -> how the page marks it: a sign, a word, and a kind that has a colour."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cli.show.words import MARKS

_WORDS: Mapping[str, tuple[str, str]] = {
    "PENDING": ("wait", "waits"),
    "HELD": ("wait", "held"),
    "PREPARING": ("run", "prepares"),
    "IN_PROGRESS": ("run", "rolls out"),
    "ROLLBACK_IN_PROGRESS": ("back", "rolls back"),
    "SUCCESSFUL": ("good", "successful"),
    "FAILED": ("bad", "failed"),
    "ROLLBACK_SUCCESSFUL": ("back", "rolled back"),
    "ROLLBACK_FAILED": ("bad", "rollback failed"),
    "SUPERSEDED": ("gone", "superseded"),
    "REFUSED": ("bad", "refused"),
    "OBSERVED": ("gone", "observed"),
}


@dataclass(frozen=True)
class Mark:
    """What stands for a status. The sign and the words tell it without the colour of `kind`."""

    status: str
    kind: str
    sign: str
    words: str


def mark_of(status: str) -> Mark:
    """The mark of a status; one that a newer release has is shown as it is written."""
    kind, words = _WORDS.get(status, ("gone", status))
    return Mark(status, kind, MARKS.get(status, ("?", ""))[0], words)
