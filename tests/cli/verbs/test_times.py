"""`slipway show` says where the time of a deployment went."""

from __future__ import annotations

from typing import Any

import pytest

from cli.show.times import bar, length, times
from tests.cli.verbs.conftest import Slipway
from tests.dialect.account import SERVICE
from tests.dialect.rehearsed import RehearsedAccount


def _record(*phases: tuple[str, float, float | None], note: str = "") -> dict[str, Any]:
    told = [{"phase": name, "seconds": took, "usual": usual} for name, took, usual in phases]
    return {"times": {"phases": told, "note": note}}


def test_each_phase_has_its_seconds_a_bar_and_what_is_usual() -> None:
    record = _record(("capacity", 5.6, None), ("pulling", 94, 12), ("slipway", 0.1, None))
    assert list(times(record)) == [
        "capacity      5.6 s  █▍",
        "pulling        94 s  ████████████████████████  usually 12 s",
        "slipway       0.1 s  ▏",
    ]


def test_why_something_is_unknown_is_said_below() -> None:
    lines = list(times(_record(("unknown", 60, None), note="ECS did not tell: throttled")))
    assert lines[-1] == "ECS did not tell: throttled"


@pytest.mark.parametrize("record", [{}, {"times": None}, _record(note="why")])
def test_an_open_or_an_older_deployment_says_nothing(record: dict[str, Any]) -> None:
    assert list(times(record)) == []


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.04, "0.0 s"), (9.94, "9.9 s"), (9.96, "10 s"), (3434.6, "3435 s")]
)
def test_a_length_is_as_exact_as_a_person_needs(seconds: float, words: str) -> None:
    assert length(seconds) == words


def test_a_bar_is_scaled_to_the_longest() -> None:
    assert [len(bar(seconds, 48)) for seconds in (48, 24, 2, 0.01)] == [24, 12, 1, 1]
    assert bar(0, 0) == ""


def test_show_has_the_phases_of_a_deployment_that_ended(
    account: RehearsedAccount, slipway: Slipway
) -> None:
    account.settle(SERVICE, account.push("abc1234"))
    assert slipway("show", "backend") == 0
    section = slipway.said.partition("\nWhere the time went\n")[2].partition("\n\n")[0]
    assert [line.split()[0] for line in section.splitlines()] == [
        "capacity",
        "pulling",
        "starting",
        "healthy",
        "draining",
        "slipway",
    ]
