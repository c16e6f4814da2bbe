"""A schedule, kept as the JSON that was sent, so that no member gets lost; and schedule groups.

Documented (API reference, CreateSchedule, UpdateSchedule, GetSchedule, ListSchedules): the members
and their defaults; that UpdateSchedule puts what a request leaves out back to its default.
Reported: GetSchedule shows the default RetryPolicy where none was given.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from embedded.calls.sessions import ACCOUNT, REGION
from embedded.services import schedule_expressions
from embedded.services.schedule_expressions import At

DEFAULT_GROUP = "default"
ATTEMPTS, OLDEST = 185, 86_400  # the defaults of RetryPolicy
_NOT_KEPT = {"Name", "GroupName", "ClientToken"}
_MOMENT = timedelta(microseconds=1)


@dataclass(frozen=True)
class Schedule:
    """One schedule. `begun` is when its rate counts from."""

    name: str
    group: str
    body: dict[str, Any]  # as it was sent, without its name, its group and the token
    created: datetime
    modified: datetime
    begun: datetime

    @property
    def key(self) -> str:
        return f"{self.group}/{self.name}"

    @property
    def arn(self) -> str:
        return f"arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule/{self.key}"

    @property
    def target(self) -> dict[str, Any]:
        found: dict[str, Any] = self.body["Target"]
        return found

    @property
    def state(self) -> str:
        return self.body.get("State") or "ENABLED"

    @property
    def deletes_itself(self) -> bool:
        return self.body.get("ActionAfterCompletion") == "DELETE"

    @property
    def window(self) -> float:
        """The seconds within which an invocation may be late."""
        return 60.0 * (self.body["FlexibleTimeWindow"].get("MaximumWindowInMinutes") or 0)

    @property
    def attempts(self) -> int:
        """How often a failed invocation is tried again."""
        return int((self.target.get("RetryPolicy") or {}).get("MaximumRetryAttempts", ATTEMPTS))

    @property
    def oldest(self) -> float:
        """The seconds after which an invocation is tried no more."""
        return float((self.target.get("RetryPolicy") or {}).get("MaximumEventAgeInSeconds", OLDEST))

    def due_after(self, moment: datetime) -> datetime | None:
        """When it is due next, after `moment`; None: never again.

        StartDate and EndDate hold for schedules that recur.
        """
        expression = schedule_of(self.body)
        if isinstance(expression, At):
            return expression.after(moment, self.begun)
        start, end = date_of(self.body, "StartDate"), date_of(self.body, "EndDate")
        due = expression.after(max(moment, start - _MOMENT) if start else moment, self.begun)
        return None if due is None or (end is not None and due > end) else due

    def due_first(self) -> datetime | None:
        """When it is due for the first time since it was last written.

        "Schedule types": a rate without StartDate starts invoking its target immediately. Inferred:
        so it does when an update changes the rate or the StartDate, and else the rate goes on.
        """
        immediately = self.begun == self.modified
        return self.due_after(self.modified - _MOMENT if immediately else self.modified)

    def described(self) -> dict[str, Any]:
        """The answer of GetSchedule."""
        body = copy.deepcopy(self.body)
        body["Target"].setdefault(
            "RetryPolicy", {"MaximumEventAgeInSeconds": OLDEST, "MaximumRetryAttempts": ATTEMPTS}
        )
        return {
            "Arn": self.arn,
            "GroupName": self.group,
            "Name": self.name,
            "ActionAfterCompletion": "NONE",
            "ScheduleExpressionTimezone": "UTC",
            "State": "ENABLED",
            **body,
            "CreationDate": self.created.timestamp(),
            "LastModificationDate": self.modified.timestamp(),
        }

    def listed(self) -> dict[str, Any]:
        """Its entry in the answer of ListSchedules."""
        return {
            "Arn": self.arn,
            "GroupName": self.group,
            "Name": self.name,
            "State": self.state,
            "Target": {"Arn": self.target["Arn"]},
            "CreationDate": self.created.timestamp(),
            "LastModificationDate": self.modified.timestamp(),
        }


@dataclass(frozen=True)
class Group:
    name: str
    created: datetime
    arn: str = field(init=False)

    def __post_init__(self) -> None:
        arn = f"arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule-group/{self.name}"
        object.__setattr__(self, "arn", arn)

    def described(self) -> dict[str, Any]:
        moment = self.created.timestamp()
        return {
            "Arn": self.arn,
            "Name": self.name,
            "State": "ACTIVE",
            "CreationDate": moment,
            "LastModificationDate": moment,
        }


def new_schedule(request: dict[str, Any], now: datetime) -> Schedule:
    """What CreateSchedule makes of a request that is not refused."""
    body = copy.deepcopy({k: v for k, v in request.items() if k not in _NOT_KEPT})
    begun = date_of(body, "StartDate") or now
    group = request.get("GroupName") or DEFAULT_GROUP
    return Schedule(request["Name"], group, body, created=now, modified=now, begun=begun)


def changed_schedule(before: Schedule, request: dict[str, Any], now: datetime) -> Schedule:
    """What UpdateSchedule makes of it: nothing of its settings stays but what the request has."""
    after = new_schedule(request, now)
    same = all(
        before.body.get(name) == after.body.get(name)
        for name in ("ScheduleExpression", "StartDate")
    )
    return Schedule(
        name=before.name,
        group=before.group,
        body=after.body,
        created=before.created,
        modified=now,
        begun=before.begun if same else after.begun,
    )


def schedule_of(body: dict[str, Any]) -> schedule_expressions.Schedule:
    """When a schedule with this body is due.

    Raises:
        WrongExpression: Scheduler takes no such expression.
        LookupError, ValueError: there is no such time zone.
    """
    zone = ZoneInfo(body.get("ScheduleExpressionTimezone") or "UTC")
    return schedule_expressions.read_schedule(body["ScheduleExpression"], zone)


def date_of(body: dict[str, Any], name: str) -> datetime | None:
    """StartDate or EndDate, which JSON has in epoch seconds."""
    value = body.get(name)
    return None if value is None else datetime.fromtimestamp(float(value), UTC)
