"""The outcome of an event, or of one turn of the sweep."""

from __future__ import annotations

from chalicelib.model.base import Frozen


class Outcome(Frozen):
    """The outcome of an event for one service, or for all. It becomes one log line."""

    outcome: str
    reason: str = ""
    service: str = ""
    deployment: str = ""
    status: str = ""


def ignored(reason: str, service: str = "", deployment: str = "") -> Outcome:
    """Return the outcome of an event that means nothing to Slipway, with the reason."""
    return Outcome(outcome="ignored", reason=reason, service=service, deployment=deployment)
