"""What all shapes have in common.

A `Moment` writes a time as its reader wants it: epoch seconds in answers, ISO text in events.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

Moment = Callable[[datetime], Any]
PLATFORM = "1.4.0"  # what LATEST means for Linux on Fargate


def epoch(moment: datetime) -> float:
    return round(moment.timestamp(), 3)


def present(**members: Any) -> dict[str, Any]:
    """The members that are not None."""
    return {name: value for name, value in members.items() if value is not None}
