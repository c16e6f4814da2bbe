"""Everything happens at once for hours, and the rules hold all the time."""

from __future__ import annotations

import os
import random

import pytest

from tests.reliability.faults import StackTooDeep, without_frames
from tests.reliability.long_run import HOURS, SERVICES, LongRun


def _wrong(run: LongRun) -> str:
    """What was wrong, with the command that plays the same run again."""
    words = run.play()
    again = f"SLIPWAY_SEED={run.seed} .venv/bin/pytest tests/reliability/test_long_run.py"
    return "\n".join([f"seed {run.seed}; again: {again}", *words]) if words else ""


def _seed(otherwise: int) -> int:
    return int(os.environ.get("SLIPWAY_SEED", otherwise))


def test_twenty_minutes_of_everything_at_once_break_no_rule() -> None:
    assert _wrong(LongRun(_seed(1), services=4, minutes=20)) == ""


def test_a_run_does_not_depend_on_how_deep_the_stack_is_that_it_begins_on() -> None:
    """Python ended calls of deep runs, and the run took it for a function that failed."""

    def calls(frames: int) -> int:
        if frames:
            return calls(frames - 1)
        run = LongRun(1, services=4, minutes=10, strikes=0.1)
        assert run.play() == []
        return len(run.account.points)

    assert calls(850) == calls(0)


def test_a_stack_that_is_too_deep_ends_the_run() -> None:
    with pytest.raises(StackTooDeep):
        without_frames(RecursionError("maximum recursion depth exceeded"))


@pytest.mark.slow
def test_hours_of_everything_at_once_break_no_rule() -> None:
    """The seed is another one every time; a seed that fails is printed."""
    seed = _seed(random.SystemRandom().randrange(1_000_000))
    assert _wrong(LongRun(seed, SERVICES, HOURS * 60)) == ""
