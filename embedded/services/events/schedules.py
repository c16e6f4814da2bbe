"""The schedules of EventBridge's rules: `rate(...)` only."""

from __future__ import annotations

import re

from moto.events.exceptions import ValidationException

_RATE = re.compile(r"rate\((?P<value>\d+) (?P<unit>minute|hour|day)s?\)")
_SECONDS = {"minute": 60, "hour": 3600, "day": 86400}


def period(expression: str | None) -> int | None:
    """The seconds of `rate(...)`; None without a schedule.

    Raises:
        ValidationException: it is another kind of schedule.
    """
    if not expression:
        return None
    rate = _RATE.fullmatch(expression)
    if rate is None:
        raise ValidationException(f"The embedded AWS knows rate(...) only, not {expression}")
    return int(rate["value"]) * _SECONDS[rate["unit"]]
