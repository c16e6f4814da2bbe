"""Many stages are asked at once: each answers or is told as silent, and none holds up another."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from chalicelib.errors import Refused
from cli.side_by_side import Answered, side_by_side
from cli.stages import StageEntry

FIRST, SECOND = StageEntry("prod", "first", region="eu-central-1"), StageEntry("prod", "second")


@pytest.fixture(autouse=True)
def stages(monkeypatch: pytest.MonkeyPatch) -> None:
    def opened(entry: StageEntry) -> Any:
        if entry.profile == "none":
            raise Refused("There is no profile none")
        return SimpleNamespace(name=entry.name, region=entry.region or "us-west-2")

    monkeypatch.setattr("cli.side_by_side.opened", opened)


@pytest.fixture
def closed() -> Iterator[threading.Event]:
    """What a silent stage waits for; the end of the test lets it go."""
    event = threading.Event()
    yield event
    event.set()


def test_no_stage_gives_no_answer() -> None:
    assert list(side_by_side((), lambda functions: functions.name)) == []


def test_all_are_asked_at_the_same_time() -> None:
    both = threading.Barrier(2, timeout=30)

    def ask(functions: Any) -> str:
        both.wait()  # broken, unless the other one is asked too
        return str(functions.name)

    answered = {each.entry: each for each in side_by_side((FIRST, SECOND), ask)}
    assert answered[FIRST] == Answered(FIRST, "eu-central-1", "first")
    assert answered[SECOND] == Answered(SECOND, "us-west-2", "second")


def test_the_quickest_comes_first_and_waits_for_nobody(closed: threading.Event) -> None:
    def ask(functions: Any) -> str:
        if functions.name == "first":
            closed.wait()
        return str(functions.name)

    answers = side_by_side((FIRST, SECOND), ask)
    assert next(answers).answer == "second"
    closed.set()
    assert next(answers).answer == "first"
    assert next(answers, None) is None


def test_a_stage_that_does_not_answer_in_time_is_told_with_the_next_step(
    closed: threading.Event,
) -> None:
    def ask(functions: Any) -> str:
        if functions.name == "first":
            closed.wait()
        return str(functions.name)

    *_, last = side_by_side((FIRST, SECOND), ask, seconds=0.2)
    assert (last.entry, last.answer, last.region) == (FIRST, None, "eu-central-1")
    assert last.error == "did not answer within 0.2 s. Next: slipway status --stage first"


def test_the_time_is_for_all_together(closed: threading.Event) -> None:
    """By a clock of which all time has gone when the first answer is looked for."""
    times = iter([0.0, 100.0])

    def ask(_: Any) -> str:
        closed.wait()
        return ""

    answers = list(side_by_side((FIRST, SECOND), ask, 20.0, lambda: next(times)))
    assert [each.error.partition(".")[0] for each in answers] == [
        "did not answer within 20 s",
        "did not answer within 20 s",
    ]


def test_a_stage_without_credentials_or_with_an_odd_answer_leaves_the_others_alone() -> None:
    without = StageEntry("dev", "without", profile="none")

    def ask(functions: Any) -> str:
        if functions.name == "first":
            raise KeyError("board")
        return str(functions.name)

    answered = {each.entry.name: each for each in side_by_side((without, FIRST, SECOND), ask)}
    assert answered["without"].error == "There is no profile none"
    assert "its answer cannot be read (KeyError: 'board')" in answered["first"].error
    assert answered["second"].answer == "second"
