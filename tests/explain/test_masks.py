"""The masks over whole lists of lines: secrets are hidden, nothing else is."""

from __future__ import annotations

import pytest

from chalicelib.explain.mask import masked, safe_lines
from tests.explain.benign_lines import BENIGN
from tests.explain.masks import left
from tests.explain.secret_lines import ADVERSARIAL, CORE, LEFT, Line


@pytest.mark.parametrize("line", [*CORE, *ADVERSARIAL], ids=lambda line: line.text[:60])
def test_no_secret_of_a_log_is_left(line: Line) -> None:
    assert left(line, "\n".join(safe_lines(line.text.split("\n")))) == ()


@pytest.mark.parametrize("line", LEFT, ids=lambda line: line.text[:60])
def test_the_list_of_what_is_left_is_true(line: Line) -> None:
    assert left(line, "\n".join(safe_lines(line.text.split("\n"))))


@pytest.mark.parametrize("line", BENIGN)
def test_a_line_without_a_secret_stays_byte_for_byte(line: str) -> None:
    assert masked(line) == line
    assert safe_lines([line]) == [line.replace("\t", " ")]


def test_lines_without_a_secret_stay_when_they_are_one_log() -> None:
    assert safe_lines(BENIGN) == [line.replace("\t", " ") for line in BENIGN]


def test_the_lists_are_long_enough_to_mean_something() -> None:
    assert len(CORE) >= 40
    assert len(ADVERSARIAL) >= 96
    assert len(BENIGN) >= 80
