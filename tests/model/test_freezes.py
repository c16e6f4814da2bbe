"""When a target is frozen, until when, and when it is the next time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from chalicelib.model.freezes import (
    Freeze,
    Freezes,
    described,
    frozen,
    in_local_words,
    next_freeze,
)
from tests.model.freezes import A_SECOND, DAYS, any_freeze, any_freezes, freeze

WEEKEND = freeze("fri 16:00", "mon 08:00", why="weekend")
HOLIDAYS = freeze("2026-12-23 18:00", "2027-01-02 08:00", why="holidays")
NEW_YORK = "America/New_York"
# Of 2026 and 2027, with every change of the clocks.
moments = st.integers(0, 2 * 365 * 86_400).map(
    lambda seconds: utc("2026-01-01") + timedelta(seconds=seconds)
) | st.builds(
    lambda change, minutes: utc(change) + timedelta(minutes=minutes),
    st.sampled_from(
        ["2026-03-29 01:00", "2026-10-25 01:00", "2026-03-08 07:00", "2026-11-01 06:00"]
    ),
    st.integers(-240, 240),
)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def window(asked: Freeze, moment: str) -> tuple[str, str]:
    """The next time of a freeze after a moment, in UTC."""
    found = next_freeze((asked,), utc(moment))
    assert found is not None
    begin, _ = found
    held = frozen((asked,), begin)
    assert held is not None
    return f"{begin:%m-%d %H:%M}", f"{held.until:%m-%d %H:%M}"


@pytest.mark.parametrize(
    ("now", "until"),
    [
        ("2026-11-27 14:59:59.999999", None),
        ("2026-11-27 15:00", "2026-11-30 07:00"),
        ("2026-11-29 12:00", "2026-11-30 07:00"),
        ("2026-11-30 06:59:59.999999", "2026-11-30 07:00"),
        ("2026-11-30 07:00", None),
        ("2026-12-23 16:59:59", None),
        ("2026-12-23 17:00", "2027-01-02 07:00"),
        ("2027-01-02 06:59:59", "2027-01-02 07:00"),
    ],
)
def test_a_freeze_holds_from_its_first_moment_until_just_before_its_end(
    now: str, until: str | None
) -> None:
    asked = HOLIDAYS if "12-2" in now or "2027" in now else WEEKEND
    held = frozen((asked,), utc(now))
    assert held == (None if until is None else (asked, utc(until)))


@pytest.mark.parametrize(
    ("begins", "ends", "expected"),
    [
        pytest.param("fri 16:00", "mon 08:00", ("11-27 16:00", "11-30 08:00"), id="over Sunday"),
        pytest.param("sun 22:00", "mon 06:00", ("11-29 22:00", "11-30 06:00"), id="at midnight"),
        pytest.param("mon 08:00", "mon 07:00", ("11-30 08:00", "12-07 07:00"), id="but an hour"),
        pytest.param("thu", "fri", ("11-26 00:00", "11-27 00:00"), id="a day"),
        pytest.param("sat", "mon", ("11-28 00:00", "11-30 00:00"), id="until the week's end"),
        pytest.param("2026-12-24", "2026-12-27", ("12-24 00:00", "12-27 00:00"), id="dates"),
    ],
)
def test_a_week_may_wrap_and_a_day_begins_at_midnight(
    begins: str, ends: str, expected: tuple[str, str]
) -> None:
    assert window(freeze(begins, ends, "UTC"), "2026-11-25 12:00") == expected


@pytest.mark.parametrize(
    ("zone", "begins", "ends", "expected"),
    [
        # Berlin: at 01:00 UTC on 29 March, 02:00 becomes 03:00.
        ("Europe/Berlin", "sun 01:30", "sun 04:00", ("03-29 00:30", "03-29 02:00")),
        ("Europe/Berlin", "sun 02:30", "sun 04:00", ("03-29 01:00", "03-29 02:00")),
        ("Europe/Berlin", "sun 02:00", "sun 04:00", ("03-29 01:00", "03-29 02:00")),
        ("Europe/Berlin", "sun 01:00", "sun 02:30", ("03-29 00:00", "03-29 01:00")),
        ("Europe/Berlin", "sun 03:00", "sun 04:00", ("03-29 01:00", "03-29 02:00")),
        ("Europe/Berlin", "2026-03-29 02:30", "2026-03-30", ("03-29 01:00", "03-29 22:00")),
        ("Europe/Berlin", "fri 16:00", "mon 08:00", ("03-27 15:00", "03-30 06:00")),
        # The clocks skip it as a whole, so the next is a week later.
        ("Europe/Berlin", "sun 02:00", "sun 03:00", ("04-05 00:00", "04-05 01:00")),
        # New York: at 07:00 UTC on 8 March, 02:00 becomes 03:00.
        (NEW_YORK, "sun 01:30", "sun 04:00", ("03-08 06:30", "03-08 08:00")),
        (NEW_YORK, "sun 02:30", "sun 04:00", ("03-08 07:00", "03-08 08:00")),
        (NEW_YORK, "sun 01:00", "sun 02:59", ("03-08 06:00", "03-08 07:00")),
        (NEW_YORK, "2026-03-08 02:30", "2026-03-09", ("03-08 07:00", "03-09 04:00")),
        (NEW_YORK, "fri 16:00", "mon 08:00", ("03-06 21:00", "03-09 12:00")),
    ],
)
def test_in_spring_a_time_that_does_not_exist_is_when_the_clocks_go_forward(
    zone: str, begins: str, ends: str, expected: tuple[str, str]
) -> None:
    before = "2026-03-25 12:00" if zone == "Europe/Berlin" else "2026-03-04 12:00"
    assert window(freeze(begins, ends, zone), before) == expected


@pytest.mark.parametrize(
    ("zone", "begins", "ends", "expected"),
    [
        # Berlin: at 01:00 UTC on 25 October, 03:00 becomes 02:00.
        ("Europe/Berlin", "sun 02:30", "sun 04:00", ("10-25 00:30", "10-25 03:00")),
        ("Europe/Berlin", "sun 01:00", "sun 02:30", ("10-24 23:00", "10-25 01:30")),
        ("Europe/Berlin", "sun 02:00", "sun 03:00", ("10-25 00:00", "10-25 02:00")),
        ("Europe/Berlin", "sun 02:15", "sun 02:30", ("10-25 00:15", "10-25 01:30")),
        ("Europe/Berlin", "2026-10-25 02:30", "2026-10-26", ("10-25 00:30", "10-25 23:00")),
        ("Europe/Berlin", "fri 16:00", "mon 08:00", ("10-23 14:00", "10-26 07:00")),
        # New York: at 06:00 UTC on 1 November, 02:00 becomes 01:00.
        (NEW_YORK, "sun 01:30", "sun 03:00", ("11-01 05:30", "11-01 08:00")),
        (NEW_YORK, "sun 00:30", "sun 01:30", ("11-01 04:30", "11-01 06:30")),
        (NEW_YORK, "sun 01:00", "sun 02:00", ("11-01 05:00", "11-01 07:00")),
        (NEW_YORK, "2026-11-01 01:30", "2026-11-02", ("11-01 05:30", "11-02 05:00")),
        (NEW_YORK, "fri 16:00", "mon 08:00", ("10-30 20:00", "11-02 13:00")),
    ],
)
def test_in_autumn_a_freeze_begins_at_the_first_and_ends_at_the_second_of_two_equal_times(
    zone: str, begins: str, ends: str, expected: tuple[str, str]
) -> None:
    before = "2026-10-22 12:00" if zone == "Europe/Berlin" else "2026-10-29 12:00"
    assert window(freeze(begins, ends, zone), before) == expected


@pytest.mark.parametrize(
    ("begins", "ends", "now", "until"),
    [
        ("sun 03:00", "sun 02:00", "2026-03-25 12:00", "2026-04-05 00:00"),
        ("sun 02:30", "sun 02:00", "2026-10-22 12:00", "2026-11-01 01:00"),
    ],
)
def test_where_the_clocks_take_the_free_part_of_a_week_it_is_frozen_until_that_of_the_next(
    begins: str, ends: str, now: str, until: str
) -> None:
    asked = freeze(begins, ends)
    assert frozen((asked,), utc(now)) == (asked, utc(until))


NIGHT, DAY = freeze("mon 20:00", "tue 06:00", "UTC"), freeze("tue 06:00", "tue 18:00", "UTC")
LONG = freeze("mon 12:00", "tue 12:00", "UTC")


@pytest.mark.parametrize(
    ("freezes", "now", "named", "until"),
    [
        pytest.param((NIGHT, DAY), "2026-11-30 21:00", NIGHT, "2026-12-01 18:00", id="adjoin"),
        pytest.param((NIGHT, DAY), "2026-12-01 06:00", DAY, "2026-12-01 18:00", id="the second"),
        pytest.param((LONG, DAY), "2026-12-01 05:00", LONG, "2026-12-01 18:00", id="overlap"),
        pytest.param((LONG, NIGHT), "2026-11-30 21:00", LONG, "2026-12-01 12:00", id="inside"),
        pytest.param((NIGHT, NIGHT), "2026-11-30 21:00", NIGHT, "2026-12-01 06:00", id="twice"),
        pytest.param(
            (HOLIDAYS, freeze("sat 08:00", "mon 08:00")), "2026-12-30 12:00", HOLIDAYS,
            "2027-01-04 07:00", id="a date and a week",
        ),
    ],
)  # fmt: skip
def test_a_target_stays_frozen_while_one_freeze_follows_another(
    freezes: tuple[Freeze, ...], now: str, named: Freeze, until: str
) -> None:
    assert frozen(freezes, utc(now)) == (named, utc(until))


def test_the_next_freeze_is_the_first_after_a_time_without_one() -> None:
    freezes = (WEEKEND, HOLIDAYS)
    assert next_freeze(freezes, utc("2026-11-25 12:00")) == (utc("2026-11-27 15:00"), WEEKEND)
    assert next_freeze(freezes, utc("2026-11-28 12:00")) == (utc("2026-12-04 15:00"), WEEKEND)
    assert next_freeze(freezes, utc("2026-12-22 12:00")) == (utc("2026-12-23 17:00"), HOLIDAYS)
    # The holidays end on a weekend.
    assert next_freeze(freezes, utc("2026-12-24 12:00")) == (utc("2027-01-08 15:00"), WEEKEND)
    assert next_freeze((HOLIDAYS,), utc("2026-12-24 12:00")) is None
    assert next_freeze((), utc("2026-12-24 12:00")) is None
    assert frozen((), utc("2026-12-24 12:00")) is None


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (WEEKEND, "from Friday 16:00 to Monday 08:00, Europe/Berlin (weekend)"),
        (
            HOLIDAYS,
            "from 23 December 2026 18:00 to 2 January 2027 08:00, Europe/Berlin (holidays)",
        ),
        (freeze("sat", "mon", "UTC"), "from Saturday 00:00 to Monday 00:00, UTC"),
    ],
)
def test_a_freeze_is_told_in_words(asked: Freeze, words: str) -> None:
    assert described(asked) == words


def test_a_moment_is_told_in_the_zones_time() -> None:
    assert in_local_words(utc("2026-11-27 15:00"), "Europe/Berlin") == (
        "Friday 27 November 2026 16:00"
    )


A_MOMENT = r'expected a moment of the week as a text, like "fri 16:00", or a date'


@pytest.mark.parametrize(
    ("given_", "error"),
    [
        ({"from": "fri 16:00"}, r"to\n.*Field required"),
        ({"from": "friday", "to": "mon"}, A_MOMENT),
        ({"from": "Fri 16:00", "to": "mon"}, A_MOMENT),
        ({"from": "fri 24:00", "to": "mon"}, A_MOMENT),
        ({"from": "fri 16", "to": "mon"}, A_MOMENT),
        ({"from": "fri 16:00\n", "to": "mon"}, A_MOMENT),
        ({"from": "2026-12-23T18:00", "to": "2027-01-02"}, A_MOMENT),
        ({"from": "1999-12-23", "to": "2027-01-02"}, A_MOMENT),
        ({"from": "20\u0662\u0666-12-23", "to": "2027-01-02"}, A_MOMENT),
        ({"from": utc("2026-12-23"), "to": "2027-01-02"}, A_MOMENT),
        ({"from": "2026-02-30", "to": "2027-01-02"}, "expected a date that exists"),
        ({"from": "fri", "to": "2027-01-02"}, "two moments of the week or as two dates"),
        ({"from": "2026-12-23", "to": "fri"}, "two moments of the week or as two dates"),
        ({"from": "fri", "to": "fri 00:00"}, "expected `to` at another time than `from`"),
        ({"from": "2027-01-02", "to": "2027-01-02"}, "expected `to` at another time than `from`"),
        ({"from": "2027-01-02", "to": "2026-12-23"}, "expected `to` later than `from`"),
        ({"from": "fri", "to": "mon", "zone": "Berlin"}, "expected the IANA name of a time zone"),
        ({"from": "fri", "to": "mon", "zone": "europe/berlin"}, "expected the IANA name"),
        ({"from": "fri", "to": "mon", "zone": ""}, "expected the IANA name"),
        ({"from": "fri", "to": "mon", "zone": "../UTC"}, "expected the IANA name"),
        ({"from": "fri", "to": "mon", "zone": "localtime"}, "expected the IANA name"),
        ({"from": "fri", "to": "mon", "why": "x" * 101}, "expected one line of at most 100"),
        ({"from": "fri", "to": "mon", "why": "a\nb"}, "expected one line of at most 100"),
        ({"begins": "fri", "ends": "mon"}, "from\n"),
    ],
)  # fmt: skip
def test_what_is_no_freeze_is_refused_with_what_was_expected(
    given_: dict[str, Any], error: str
) -> None:
    with pytest.raises(ValidationError, match=error):
        Freeze.model_validate(given_)


@pytest.mark.parametrize(
    "freezes",
    [
        pytest.param((freeze("mon", "thu"), freeze("thu", "mon")), id="adjoining"),
        pytest.param((freeze("mon", "fri"), freeze("thu", "tue")), id="overlapping"),
        pytest.param(
            # In summer, Berlin is two hours ahead of UTC.
            (freeze("mon 12:00", "thu 12:00", "UTC"), freeze("thu 14:00", "mon 14:00")),
            id="in summer only",
        ),
    ],
)
def test_freezes_that_leave_nothing_of_a_week_are_refused(freezes: tuple[Freeze, ...]) -> None:
    with pytest.raises(ValidationError, match="leave a part of every week free"):
        TypeAdapter(Freezes).validate_python(freezes)


def test_a_minute_that_is_left_of_a_week_is_enough() -> None:
    freezes = (freeze("mon", "thu"), freeze("thu 00:01", "mon"))
    assert TypeAdapter(Freezes).validate_python(freezes) == freezes


@given(any_freezes, moments)
@example((freeze("sun 02:30", "sun 02:00"),), utc("2026-10-25 00:10"))
@example((freeze("sun 03:00", "sun 02:00"),), utc("2026-03-28 00:00"))
def test_a_freeze_holds_until_its_end_and_not_at_it(
    freezes: tuple[Freeze, ...], now: datetime
) -> None:
    held = frozen(freezes, now)
    if held is None:
        return
    assert held.until > now
    assert held.until.tzinfo is UTC
    assert frozen(freezes, held.until) is None
    assert frozen(freezes, held.until - A_SECOND) is not None
    alone = frozen((held.freeze,), now)
    assert alone is not None
    assert alone.until <= held.until


@given(any_freezes, moments)
def test_the_next_freeze_holds_when_it_begins_and_not_a_second_before(
    freezes: tuple[Freeze, ...], now: datetime
) -> None:
    coming = next_freeze(freezes, now)
    if coming is None:
        assert not any(each.weekly for each in freezes)
        return
    begin, named = coming
    assert begin > now
    held = frozen(freezes, begin)
    assert held is not None
    assert held.freeze == named
    assert frozen(freezes, begin - A_SECOND) is None


@given(any_freezes, moments, st.randoms())
def test_nothing_depends_on_the_order_of_freezes(
    freezes: tuple[Freeze, ...], now: datetime, chance: Any
) -> None:
    others = tuple(chance.sample(freezes, len(freezes)))
    assert frozen(others, now) == frozen(freezes, now)
    assert next_freeze(others, now) == next_freeze(freezes, now)


@given(any_freezes, moments)
def test_between_now_and_the_next_freeze_nothing_is_frozen(
    freezes: tuple[Freeze, ...], now: datetime
) -> None:
    coming = next_freeze(freezes, now)
    held = frozen(freezes, now)
    free = held.until if held else now
    end = coming[0] if coming else free + timedelta(days=30)
    assert all(frozen(freezes, free + (end - free) * part / 20) is None for part in range(20))


@given(any_freeze, moments)
def test_whenever_the_clock_on_the_wall_is_within_a_freeze_it_holds(
    asked: Freeze, now: datetime
) -> None:
    wall = now.astimezone(ZoneInfo(asked.zone))
    if asked.weekly:
        reads = f"{wall.weekday()} {wall:%H:%M}"
        begins, ends = (
            text.replace(text[:3], str(DAYS.index(text[:3]))) for text in (asked.begins, asked.ends)
        )
        within = begins <= reads < ends if begins < ends else not ends <= reads < begins
    else:
        within = asked.begins <= f"{wall:%Y-%m-%d %H:%M}" < asked.ends
    held = frozen((asked,), now)
    assert held or not within
    # And it holds at no other time, but for the hours in which the clocks change.
    day = timedelta(days=1)
    offsets = {(now + part * day).astimezone(wall.tzinfo).utcoffset() for part in (-1, 0, 1)}
    assert within or not held or len(offsets) > 1
