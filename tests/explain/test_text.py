"""Text from outside, put on one line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.explain.text import brief, plain

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


@pytest.mark.parametrize(
    ("text", "line"),
    [
        pytest.param("Gruß an Zoë", "Gru an Zoe", id="marks are dropped, other letters removed"),
        pytest.param("a\nb\tc\x00d", "a b c d", id="control characters become spaces"),
        pytest.param(" \n x", "x", id="it does not begin with a space"),
        pytest.param("☃", "Slipway", id="never empty"),
        pytest.param("x" * 11, "xxxxxxx...", id="cut"),
        pytest.param("x" * 10, "x" * 10, id="just fits"),
    ],
)
def test_plain_is_one_line_of_printable_ascii(text: str, line: str) -> None:
    assert plain(text, 10 if "x" * 9 in text else 99) == line
