"""Figures as a person reads them in the terminal."""

from __future__ import annotations

from typing import Any

import pytest

from cli.show.figures import cells, failed, per_day, restore, sparkline, spread, time


def values(count: int, median: float | None) -> dict[str, Any]:
    return {"count": count, "median": median, "p90": median}


@pytest.mark.parametrize(
    ("rate", "words"),
    [(2.3, "2.3 a day"), (12.4, "12 a day"), (1, "1 a day"), (0.2, "1.4 a week")],
)
def test_how_often_is_told_by_the_day_or_by_the_week(rate: float, words: str) -> None:
    assert per_day({"per_day": rate, "deployments": 5}) == words


def test_no_deployment_is_told_as_none() -> None:
    nothing = {"per_day": 0, "deployments": 0, "changes": 0, "failed": 0, "not_restored": 0}
    row = {**nothing, "lead_time": values(0, None), "time_to_restore": values(0, None), "weeks": []}
    assert cells(row) == ("0", "none", "none", "none", "")


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (values(3, 240), "4 min"),
        (values(2, 240), "4 min (of 2)"),
        (values(1, 45), "45 s (of 1)"),
        (values(0, None), "none"),
    ],
)
def test_a_median_of_few_values_is_told_with_their_number(
    found: dict[str, Any], words: str
) -> None:
    assert spread(found) == words


@pytest.mark.parametrize(
    ("few", "all_", "words"),
    [(3, 50, "6 % (3 of 50)"), (1, 3, "33 % (1 of 3)"), (0, 9, "0 % (0 of 9)"), (0, 0, "none")],
)
def test_the_share_of_failures_names_its_counts(few: int, all_: int, words: str) -> None:
    assert failed({"failed": few, "changes": all_}) == words


@pytest.mark.parametrize(
    ("found", "missing", "words"),
    [
        (values(3, 720), 0, "12 min"),
        (values(3, 720), 2, "12 min, not restored: 2"),
        (values(0, None), 1, "not restored: 1"),
        (values(0, None), 0, "none"),
    ],
)
def test_what_is_not_restored_is_told(found: dict[str, Any], missing: int, words: str) -> None:
    assert restore({"time_to_restore": found, "not_restored": missing}) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (119, "119 s"), (120, "2 min"), (7_200, "2 h"), (172_800, "2 d")],
)
def test_a_time_is_told_in_one_unit(seconds: float, words: str) -> None:
    assert time(seconds) == words


@pytest.mark.parametrize(
    ("counts", "line"),
    [([1, 4, 8], "▁▄█"), ([0, 5, 0], " █ "), ([1, 100], "▁█"), ([0, 0], "  "), ([], "")],
)
def test_a_week_is_as_high_as_it_is_beside_the_busiest(counts: list[int], line: str) -> None:
    assert sparkline(counts) == line
