"""Freezes for tests: one that is written as in a targets file, and any."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from chalicelib.model.freezes import Freeze, Freezes

# With clocks that change by an hour, by half an hour, by two, at midnight, in Ramadan, and never.
ZONES = (
    "UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Antarctica/Troll",
    "Asia/Beirut", "Africa/Casablanca", "Pacific/Chatham", "Asia/Kathmandu", "Etc/GMT+12",
)  # fmt: skip
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def freeze(begins: str, ends: str, zone: str = "Europe/Berlin", why: str = "") -> Freeze:
    return Freeze.model_validate({"from": begins, "to": ends, "zone": zone, "why": why})


def _refused(values: tuple[Any, ...]) -> bool:
    try:
        TypeAdapter(Freezes).validate_python(values)
    except ValidationError:
        return True
    return False


# Often where clocks change: on Sundays, in the first hours.
_hours = st.sampled_from(["00:00", "01:00", "02:00", "02:30", "03:00"]) | st.times().map(
    lambda time: f"{time:%H:%M}"
)
_weekly = st.tuples(st.sampled_from(DAYS) | st.just("sun"), _hours).map(" ".join)
_dates = st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)).map(  # noqa: DTZ001
    lambda local: f"{local:%Y-%m-%d %H:%M}"
)
_pairs = st.lists(_weekly, min_size=2, max_size=2, unique=True) | st.lists(
    _dates, min_size=2, max_size=2, unique=True
).map(sorted)
_whys = st.sampled_from(["", "weekend", 'with "quotes" and ümlauts'])
any_freeze = st.builds(
    lambda pair, *rest: freeze(*pair, *rest), _pairs, st.sampled_from(ZONES), _whys
)
any_freezes = (
    st.lists(any_freeze, max_size=4).map(tuple).filter(lambda values: not _refused(values))
)
A_SECOND = timedelta(seconds=1)
