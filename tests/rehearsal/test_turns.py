"""Pieces of work that take simulated time, side by side."""

from __future__ import annotations

from embedded.clock.clock import VirtualClock
from rehearsal.turns import TimedOut, Turns


def test_one_works_while_the_other_sleeps_and_each_wakes_at_its_own_time() -> None:
    clock = VirtualClock()
    turns, start = Turns(clock), clock.now()
    told: list[tuple[str, float]] = []

    def work(name: str, seconds: float) -> None:
        for _ in range(2):
            turns.sleep(seconds)
            told.append((name, (clock.now() - start).total_seconds()))

    turns.begin(lambda: work("slow", 3), 60)
    turns.begin(lambda: work("quick", 1), 60)
    assert told == []
    clock.advance(10)
    assert told == [("quick", 1), ("quick", 2), ("slow", 3), ("slow", 6)]
    assert (turns.running, turns.most) == (0, 2)


def test_work_that_takes_too_long_is_ended_at_its_deadline_whatever_it_catches() -> None:
    clock = VirtualClock()
    turns, start = Turns(clock), clock.now()
    told: list[str | float] = []

    def work() -> None:
        try:
            try:
                turns.sleep(100)
            except Exception:
                told.append("survived")
        except TimedOut:
            told.append((clock.now() - start).total_seconds())

    turns.begin(work, 30)
    clock.advance(200)
    assert told == [30]


def test_who_is_not_such_work_does_not_sleep() -> None:
    clock = VirtualClock()
    Turns(clock).sleep(100)
    assert clock.next_due() is None
