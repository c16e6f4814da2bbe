"""Text from outside, put on one line."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.explain.text import brief

ANY_TEXT = st.text(st.characters(exclude_categories=())) | st.text("\ud800\n\u2028\u202e💥a")


@given(ANY_TEXT, st.integers(1, 50))
def test_what_is_brief_is_one_line_that_fits_and_can_be_written(text: str, length: int) -> None:
    told = brief(text, length)
    assert len(told) <= length
    assert told.isprintable()
    told.encode()


def test_what_is_cut_says_so() -> None:
    assert brief("a" * 9, 9) == "a" * 9
    assert brief("a" * 10, 9) == "a" * 8 + "…"
