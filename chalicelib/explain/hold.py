"""hold -> words: why a deployment is held, by whom, until when, and how it goes on."""

from __future__ import annotations

from datetime import datetime

from chalicelib.model.freezes import Freeze, described
from chalicelib.model.holds import Hold


def hold_words(hold: Hold) -> str:
    """Return the sentence that tells of a hold, without its full stop."""
    until = f" until {minute(hold.until)}" if hold.until else ""
    if hold.kind == "rollback":
        return f"{hold.by} rolled back by hand, so pushes wait for a release ({hold.why})"
    return f"{hold.by} holds pushes{until} ({hold.why})"


def freeze_words(freeze: Freeze, ends: datetime) -> str:
    return f"frozen {described(freeze)}; it ends at {minute(ends)}"


def approval_words(expires: datetime) -> str:
    return f"it waits for an approval until {minute(expires)}"


def minute(moment: datetime) -> str:
    """Return a moment (UTC) for people, to the minute."""
    return f"{moment:%Y-%m-%d %H:%M} UTC"
