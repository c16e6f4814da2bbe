"""What CreateSchedule and UpdateSchedule refuse.

Documented (API reference): the errors; what is required, and the lengths, numbers, patterns and
enumerations that botocore's model has. Reported: the words about the expression
(localstack#9284), the execution role (aws-sdk-js-v3#6494) and the StartDate. The words of the
others and the order of the checks are inferred.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

from moto.core.utils import get_service_model

from embedded.services.schedule_expressions import At, NotEvaluated, WrongExpression
from embedded.services.scheduler.schedule import date_of, schedule_of

Request = dict[str, Any]
RUN_TASK = "arn:aws:scheduler:::aws-sdk:ecs:runTask"
_EARLIEST_START = timedelta(minutes=5)
_UNTRUSTED = (
    "The execution role you provide must allow AWS EventBridge Scheduler to assume the role."
)
_ARN = re.compile(r"arn:[^:]+:[^:]+:[^:]*:[^:]*:.+")


class Refused(Exception):
    """An error of Scheduler."""

    def __init__(self, code: str, status: int, message: str) -> None:
        self.code, self.status, self.message = code, status, message
        super().__init__(message)


def invalid(message: str) -> Refused:
    return Refused("ValidationException", 400, message)


def not_found(what: str) -> Refused:
    return Refused("ResourceNotFoundException", 404, f"{what} does not exist.")


def conflict(message: str) -> Refused:
    return Refused("ConflictException", 409, message)


def refuse_schedule(
    request: Request, operation: str, now: datetime, trusts: Callable[[str, str], bool]
) -> None:
    """Refuse a request that writes a schedule; `trusts` says who may assume a role.

    Raises:
        Refused: as Scheduler refuses.
    """
    shape = get_service_model("scheduler").operation_model(operation).input_shape
    wrong = list(_deviations(shape, request, ""))
    if wrong:
        raise invalid(f"{len(wrong)} validation error(s) detected: {'; '.join(wrong)}")
    _refuse_times(request, now)
    _refuse_window(request["FlexibleTimeWindow"])
    _refuse_target(request["Target"])
    if not trusts(request["Target"]["RoleArn"], "scheduler.amazonaws.com"):
        raise invalid(_UNTRUSTED)


def _refuse_times(request: Request, now: datetime) -> None:
    try:
        expression = schedule_of(request)
    except NotEvaluated as error:
        raise invalid(str(error)) from None
    except WrongExpression:
        words = f"Invalid Schedule Expression {request['ScheduleExpression']}."
        raise invalid(words) from None
    except (LookupError, ValueError):
        raise invalid("Invalid ScheduleExpressionTimezone.") from None
    if isinstance(expression, At):
        return
    start, end = date_of(request, "StartDate"), date_of(request, "EndDate")
    if start is not None and start < now - _EARLIEST_START:
        raise invalid("The StartDate you specify cannot be earlier than 5 minutes ago.")
    if start is not None and end is not None and end <= start:
        raise invalid("The EndDate you specify must be after the StartDate.")


def _refuse_window(window: dict[str, Any]) -> None:
    flexible, minutes = window["Mode"] == "FLEXIBLE", window.get("MaximumWindowInMinutes")
    if flexible != (minutes is not None):
        raise invalid("MaximumWindowInMinutes belongs to a FLEXIBLE time window, and to no other.")


def _refuse_target(target: dict[str, Any]) -> None:
    arn = target["Arn"]
    if not _ARN.fullmatch(arn):
        raise invalid("Provided Arn is not in correct format.")
    kind = arn.split(":")[2]
    if kind == "ecs" and not target.get("EcsParameters"):
        raise invalid("EcsParameters is required for an ECS target.")
    if kind == "lambda" and "Input" in target and read_object(target["Input"]) is None:
        raise invalid("Input must be well-formed JSON for this target.")
    if arn == RUN_TASK:
        asked = read_object(target.get("Input") or "")
        if not isinstance(asked, dict) or any(name[:1].islower() for name in asked):
            raise invalid("Invalid RequestJson provided. Its members must be in PascalCase.")


def read_object(text: str) -> Any:
    """The JSON in `text`; None where there is none."""
    try:
        return json.loads(text)
    except ValueError:
        return None


def _deviations(shape: Any, value: Any, path: str) -> Iterator[str]:
    """Where `value` breaks the constraints of `shape`. Members that it does not know pass."""
    if shape.type_name == "structure":
        if not isinstance(value, dict):
            yield f"{path} must be an object"
            return
        for name in shape.required_members:
            if value.get(name) is None:
                yield f"Value at '{path}{name}' must not be null"
        for name, inner in value.items():
            if name in shape.members and inner is not None:
                yield from _deviations(shape.members[name], inner, f"{path}{name}.")
        return
    at = path.rstrip(".")
    if shape.type_name == "list" and isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _deviations(shape.member, inner, f"{at}[{number}].")
    yield from (f"Value at '{at}' {why}" for why in _breaks(shape.metadata, value))


def _breaks(constraints: dict[str, Any], value: Any) -> Iterator[str]:
    size = value if isinstance(value, int | float) else len(value)
    if size < constraints.get("min", size) or size > constraints.get("max", size):
        yield f"must be between {constraints.get('min')} and {constraints.get('max')}"
    if "enum" in constraints and value not in constraints["enum"]:
        yield f"must be one of {constraints['enum']}"
    pattern = constraints.get("pattern")
    if pattern and isinstance(value, str) and not re.fullmatch(pattern, value):
        yield f"must match {pattern}"
