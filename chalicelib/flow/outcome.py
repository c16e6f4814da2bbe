"""What one event, or one turn of the sweep, came to."""

from __future__ import annotations

from chalicelib.model.base import Frozen


class Outcome(Frozen):
    """What an event (or its part for one service) came to; one log line."""

    outcome: str
    reason: str = ""
    service: str = ""
    deployment: str = ""
    status: str = ""


def ignored(reason: str, service: str = "", deployment: str = "") -> Outcome:
    """The outcome of an event that means nothing here, for this reason."""
    return Outcome(outcome="ignored", reason=reason, service=service, deployment=deployment)
