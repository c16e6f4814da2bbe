"""The schedules of EventBridge's rules: `rate(...)` and `cron(...)`, in UTC."""

from __future__ import annotations

from moto.events.exceptions import ValidationException

from embedded.services.schedule_expressions import (
    At,
    NotEvaluated,
    Schedule,
    WrongExpression,
    in_the_right_number,
    read_schedule,
)


def schedule_of(expression: str | None) -> Schedule | None:
    """When a rule fires; None without a schedule.

    Raises:
        ValidationException: rules have no such schedule.
    """
    if not expression:
        return None
    try:
        found = read_schedule(expression)
    except NotEvaluated as error:
        raise ValidationException(str(error)) from None
    except WrongExpression:
        found = None
    if found is None or isinstance(found, At) or not in_the_right_number(expression):
        raise ValidationException("Parameter ScheduleExpression is not valid.")
    return found
