"""Times of events and of pushes, as hypothesis draws them for the tests of order."""

from __future__ import annotations

from datetime import datetime, timedelta

from hypothesis import strategies as st

from tests.fixtures.examples import at

MILLISECONDS = st.integers(-2_500, 2_500).map(lambda number: at(number / 1000))


def event_of(pushed_at: datetime, late: int) -> tuple[datetime, datetime]:
    """An event's time has whole seconds, and may be a second later than imagePushedAt."""
    return pushed_at.replace(microsecond=0) + timedelta(seconds=late), pushed_at


ASKED = st.one_of(
    st.builds(event_of, MILLISECONDS, st.integers(0, 1)),
    MILLISECONDS.map(lambda moment: (moment, moment)),  # a lost push that the sweep found
    MILLISECONDS.map(lambda moment: (moment, None)),  # by hand
    st.integers(-3, 3).map(lambda second: (at(second), at(-9_999))),  # an old image tagged again
)


Asked = tuple[datetime, datetime | None]
