"""The freeze windows of a target -> whether it is frozen, until when, and when it is the next time.

A freeze is written in the local time of its zone, and clocks change. A local time that does not
exist, in spring, means the moment at which the clocks go forward. Of a local time that exists
twice, in autumn, `from` means the first and `to` the second. So no freeze is shorter than written.
"""

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from importlib import resources
from typing import Annotated, NamedTuple, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MOMENT = re.compile(
    rf"({'|'.join(_DAYS)}|20\d\d-\d\d-\d\d)(?: ((?:[01]\d|2[0-3]):[0-5]\d))?", re.ASCII
)
_A_MONDAY = datetime(2001, 1, 1)  # noqa: DTZ001 - a local time
_WEEK = timedelta(weeks=1)
_LONGEST_WHY = 100
# No date is later than 2099, and in both of these weeks no clock is changed.
_LATEST = datetime(2101, 1, 1, tzinfo=UTC)
_USUAL_WEEKS = (datetime(2026, 1, 12, tzinfo=UTC), datetime(2026, 7, 13, tzinfo=UTC))


def _moment(text: object) -> str:
    """The moment, always with a time."""
    if isinstance(text, str) and (found := _MOMENT.fullmatch(text)):
        moment = f"{found[1]} {found[2] or '00:00'}"
        try:
            _read(moment)
        except ValueError as error:
            raise ValueError("expected a date that exists") from error
        return moment
    raise ValueError(
        'expected a moment of the week as a text, like "fri 16:00", '
        'or a date of this century, like "2026-12-23 18:00" or "2026-12-23"'
    )


def _zone(name: str) -> str:
    if name not in _zones():
        raise ValueError('expected the IANA name of a time zone, like "Europe/Berlin"')
    return name


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    """The names that are shipped: this machine may know more than Lambda does."""
    return frozenset(resources.files("tzdata").joinpath("zones").read_text("utf-8").split())


def _why(text: str) -> str:
    if len(text) > _LONGEST_WHY or not text.isprintable():
        raise ValueError(f"expected one line of at most {_LONGEST_WHY} characters")
    return text


_Moment = Annotated[str, BeforeValidator(_moment)]


class Freeze(BaseModel):
    """A time in which pushes wait: of every week, or from one date to another."""

    model_config = ConfigDict(defer_build=True, frozen=True, extra="forbid")

    begins: _Moment = Field(alias="from")
    ends: _Moment = Field(alias="to")
    zone: Annotated[str, AfterValidator(_zone)] = "UTC"
    why: Annotated[str, AfterValidator(_why)] = ""

    @property
    def weekly(self) -> bool:
        """Whether it comes again every week."""
        return self.begins[:3] in _DAYS

    @model_validator(mode="after")
    def _from_before_to(self) -> Self:
        if self.weekly is not (self.ends[:3] in _DAYS):
            raise ValueError("expected `from` and `to` as two moments of the week or as two dates")
        if self.begins == self.ends:
            raise ValueError("expected `to` at another time than `from`")
        if not self.weekly and self.ends < self.begins:
            raise ValueError("expected `to` later than `from`")
        return self


class FrozenUntil(NamedTuple):
    """The freeze that holds, and the first moment, in UTC, at which no freeze holds any more."""

    freeze: Freeze
    until: datetime


def frozen(freezes: Sequence[Freeze], now: datetime) -> FrozenUntil | None:
    """What freezes the target at `now`, and until when; None when it is not frozen.

    A freeze holds from its `from` until just before its `to`. If another one holds at its end, the
    target stays frozen. Of several that hold at `now`, the one that ends last is named.
    """
    held = _held(freezes, now)
    return FrozenUntil(held.freeze, _followed(freezes, now, _LATEST)) if held else None


def next_freeze(freezes: Sequence[Freeze], now: datetime) -> tuple[datetime, Freeze] | None:
    """When the target is frozen the next time, in UTC, and by what; None when it never is.

    When it is frozen at `now`, that is the first time after it was not.
    """
    free = _followed(freezes, now, _LATEST)
    windows = (window for freeze in freezes for window in _windows(freeze, free))
    begin = min((begin for begin, _ in windows if begin > free), default=free)
    held = _held(freezes, begin)
    return (begin, held.freeze) if held else None


def open_every_week(freezes: tuple[Freeze, ...]) -> tuple[Freeze, ...]:
    """The freezes themselves.

    Raises:
        ValueError: those of every week leave no time, in winter or in summer, for a push.
    """
    weekly = [freeze for freeze in freezes if freeze.weekly]
    for monday in _USUAL_WEEKS:
        if _followed(weekly, monday, monday + _WEEK) >= monday + _WEEK:
            raise ValueError("expected freezes that together leave a part of every week free")
    return freezes


Freezes = Annotated[tuple[Freeze, ...], AfterValidator(open_every_week)]


def described(freeze: Freeze) -> str:
    """`from Friday 16:00 to Monday 08:00, Europe/Berlin (weekend)`."""
    begin, end = (
        f"{local:%A %H:%M}" if freeze.weekly else f"{local.day} {local:%B %Y %H:%M}"
        for local in (_read(freeze.begins), _read(freeze.ends))
    )
    return f"from {begin} to {end}, {freeze.zone}" + (f" ({freeze.why})" if freeze.why else "")


def in_local_words(moment: datetime, zone: str) -> str:
    """`Friday 27 November 2026 16:00`, in the local time of the zone."""
    local = moment.astimezone(ZoneInfo(zone))
    return f"{local:%A} {local.day} {local:%B %Y %H:%M}"


def _read(text: str) -> datetime:
    """The local time that is meant: of a moment of the week, the one in the week of `_A_MONDAY`."""
    day, time = text.split(" ")
    if day in _DAYS:
        day = f"{_A_MONDAY + timedelta(days=_DAYS.index(day)):%Y-%m-%d}"
    return datetime.fromisoformat(f"{day} {time}")


def _held(freezes: Sequence[Freeze], moment: datetime) -> FrozenUntil | None:
    """The freeze that holds at the moment, and its own end; of several, the one that ends last."""
    holding = (
        FrozenUntil(freeze, end)
        for freeze in freezes
        for begin, end in _windows(freeze, moment)
        if begin <= moment < end
    )
    # When two end together, the words decide, and never the order in the file.
    return max(holding, key=lambda held: (held.until, described(held.freeze)), default=None)


def _followed(freezes: Sequence[Freeze], moment: datetime, latest: datetime) -> datetime:
    """The first moment at which no freeze holds, or one that is not before `latest`."""
    while moment < latest and (held := _held(freezes, moment)):
        moment = held.until
    return moment


def _windows(freeze: Freeze, moment: datetime) -> Iterator[tuple[datetime, datetime]]:
    """When the freeze holds around this moment, in UTC: the time before it, its own and the next.

    Nothing is left of a time that the clocks skip as a whole.
    """
    zone = ZoneInfo(freeze.zone)
    first, last = _read(freeze.begins), _read(freeze.ends)
    weeks = range(1)
    if freeze.weekly:
        last += _WEEK if last < first else timedelta()
        week = (moment.astimezone(zone).replace(tzinfo=None) - first) // _WEEK
        weeks = range(week - 1, week + 3)
    for week in weeks:
        begin, _ = _in_utc(first + week * _WEEK, zone)
        _, end = _in_utc(last + week * _WEEK, zone)
        if begin < end:
            yield begin, end


def _in_utc(local: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The first and the last moment that a local time means."""
    first, last = (local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    if first <= last:
        return first, last
    # It does not exist: the clocks go forward after `last`, and not later than `first`.
    before = last.astimezone(zone).utcoffset()
    change = bisect(
        range(int((first - last).total_seconds())),
        0,
        key=lambda second: (
            (last + timedelta(seconds=second)).astimezone(zone).utcoffset() != before
        ),
    )
    moment = last + timedelta(seconds=change)
    return moment, moment
