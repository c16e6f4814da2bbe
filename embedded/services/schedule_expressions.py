"""Schedule expression -> the times at which it is due: `rate(...)`, `cron(...)` and `at(...)`.

Documented ("Schedule types in EventBridge Scheduler", "Setting a schedule pattern for scheduled
rules"): the six fields of `cron` and their values; `?` in one of the two day fields, and only
there; a time that daylight saving skips is left out, and one that it repeats counts once.
Inferred: a rate counts whole periods from when it began; an expression whose range runs backwards
is refused. `L`, `W` and `#` are not evaluated here.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Protocol

_RATE = re.compile(r"rate\((?P<value>\d+) (?P<unit>minute|hour|day)(?P<plural>s?)\)")
_CRON = re.compile(r"cron\((?P<fields>[^()]+)\)")
_AT = re.compile(r"at\((?P<time>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\)")
_SECONDS = {"minute": 60, "hour": 3600, "day": 86400}
_MONTHS = [name.upper() for name in calendar.month_abbr]  # the first is empty
_DAYS = ["", "SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]


class WrongExpression(ValueError):
    """AWS takes no such expression."""


class NotEvaluated(WrongExpression):
    """AWS takes it, and the embedded AWS does not."""


class Schedule(Protocol):
    """When something is due."""

    def after(self, moment: datetime, begun: datetime) -> datetime | None:
        """The first time after `moment` of a schedule that began at `begun`; None: never again."""
        ...


@dataclass(frozen=True)
class Rate:
    """`rate(...)`: whole periods from when it began."""

    seconds: int

    def after(self, moment: datetime, begun: datetime) -> datetime | None:
        periods = max(0, (moment - begun) // timedelta(seconds=self.seconds) + 1)
        return begun + timedelta(seconds=periods * self.seconds)


@dataclass(frozen=True)
class At:
    """`at(...)`: once."""

    time: datetime

    def after(self, moment: datetime, begun: datetime) -> datetime | None:
        del begun
        return self.time if self.time > moment else None


@dataclass(frozen=True)
class Cron:
    """`cron(...)`: the minutes at which all six fields fit, in a time zone."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: tuple[int, ...]
    months: tuple[int, ...]
    weekdays: tuple[int, ...]  # 1 is Sunday
    years: tuple[int, ...]
    zone: tzinfo

    def after(self, moment: datetime, begun: datetime) -> datetime | None:
        del begun
        today = moment.astimezone(self.zone).date()
        return next((due for due in self._times(today) if due > moment), None)

    def _times(self, first: date) -> Iterator[datetime]:
        for day in self._days(first):
            for hour in self.hours:
                for minute in self.minutes:
                    local = datetime.combine(day, time(hour, minute), self.zone)
                    due = local.astimezone(UTC)
                    if due.astimezone(self.zone).replace(tzinfo=None) == local.replace(tzinfo=None):
                        yield due

    def _days(self, first: date) -> Iterator[date]:
        months = ((y, m) for y in self.years if y >= first.year for m in self.months)
        for year, month in months:
            for day in range(1, calendar.monthrange(year, month)[1] + 1):
                found = date(year, month, day)
                weekday = found.isoweekday() % 7 + 1
                if found >= first and day in self.days and weekday in self.weekdays:
                    yield found


def read_schedule(expression: str, zone: tzinfo = UTC) -> Schedule:
    """What an expression means in a time zone.

    Raises:
        WrongExpression: AWS takes no such expression.
        NotEvaluated: it has `L`, `W` or `#`.
    """
    if found := _RATE.fullmatch(expression):
        if int(found["value"]) < 1:
            raise WrongExpression(expression)
        return Rate(int(found["value"]) * _SECONDS[found["unit"]])
    if found := _AT.fullmatch(expression):
        try:
            local = datetime.fromisoformat(found["time"])
        except ValueError:
            raise WrongExpression(expression) from None
        return At(local.replace(tzinfo=zone).astimezone(UTC))
    if found := _CRON.fullmatch(expression):
        return _cron(expression, found["fields"].split(), zone)
    raise WrongExpression(expression)


def in_the_right_number(expression: str) -> bool:
    """Whether the unit of a rate is singular for 1 and plural for more, as rules want it."""
    found = _RATE.fullmatch(expression)
    return found is None or (int(found["value"]) == 1) == (found["plural"] == "")


def _cron(expression: str, fields: list[str], zone: tzinfo) -> Cron:
    if len(fields) != 6:  # noqa: PLR2004 - minutes, hours, days, months, weekdays, years
        raise WrongExpression(expression)
    minutes, hours, days, months, weekdays, years = fields
    if re.search(r"[LW#]", f"{days} {_without_names(weekdays)}"):
        raise NotEvaluated(f"The embedded AWS does not evaluate L, W and #: {expression}")
    if (days == "?") == (weekdays == "?"):
        raise WrongExpression(expression)
    try:
        return Cron(
            minutes=_values(minutes, 0, 59),
            hours=_values(hours, 0, 23),
            days=_values("*" if days == "?" else days, 1, 31),
            months=_values(months, 1, 12, _MONTHS),
            weekdays=_values("*" if weekdays == "?" else weekdays, 1, 7, _DAYS),
            years=_values(years, 1970, 2199),
            zone=zone,
        )
    except ValueError:
        raise WrongExpression(expression) from None


def _without_names(field: str) -> str:
    return re.sub("|".join(filter(None, _DAYS)), "", field.upper())


def _values(field: str, low: int, high: int, names: list[str] | None = None) -> tuple[int, ...]:
    """The values that a field stands for, in order."""
    found: set[int] = set()
    for part in field.split(","):
        span, _, step = part.partition("/")
        first, dash, last = span.partition("-")
        if first == "*":
            start, end = low, high
        else:
            start = _number(first, names)
            end = _number(last, names) if dash else (high if step else start)
        every = int(step) if "/" in part else 1
        if not (low <= start <= end <= high and every >= 1):
            raise ValueError(field)
        found.update(range(start, end + 1, every))
    return tuple(sorted(found))


def _number(text: str, names: list[str] | None) -> int:
    if names and text.upper() in names[1:]:
        return names.index(text.upper())
    if not text.isdigit():
        raise ValueError(text)
    return int(text)
