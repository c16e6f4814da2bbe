"""Answers: AWS is asked once for many readers, and nobody waits longer than he wants."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from chalicelib.errors import Refused
from cli.dashboard.answers import Answer, Answers, Question, Reply

BOARD = Question.of("dev", "board", {})
OTHER = Question.of("prod", "board", {})
LONG = 30.0  # seconds of patience: enough for any machine


@dataclass
class Aws:
    """Replies with how often it was asked. While `shut`, a question waits until it is opened."""

    now: float = 1_000.0
    asked: list[Question] = field(default_factory=list)
    failing: str = ""
    gate: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.gate.set()

    def ask(self, question: Question) -> Reply:
        self.asked.append(question)
        number = len(self.asked)
        assert self.gate.wait(LONG)
        if self.failing:
            raise Refused(self.failing)
        return {"number": number}

    @contextmanager
    def shut(self) -> Iterator[None]:
        self.gate.clear()
        try:
            yield
        finally:
            self.gate.set()


def played(act: Callable[[Answers, Aws], Coroutine[Any, Any, None]]) -> None:
    """Run an act with answers of a new AWS, on a clock that stands still."""
    aws = Aws()

    async def whole() -> None:
        await act(Answers(aws.ask, lambda: aws.now), aws)

    asyncio.run(whole())


def test_many_readers_of_one_question_ask_aws_once() -> None:
    async def act(answers: Answers, aws: Aws) -> None:
        with aws.shut():
            readers = [
                asyncio.create_task(answers.get(BOARD, fresh=5, patience=LONG)) for _ in range(9)
            ]
            await asyncio.sleep(0)  # each reader runs until it waits
        assert [answer.reply for answer in await asyncio.gather(*readers)] == [{"number": 1}] * 9
        assert aws.asked == [BOARD]

    played(act)


def test_a_fresh_answer_is_given_again_and_an_old_one_is_asked_for_again() -> None:
    async def act(answers: Answers, aws: Aws) -> None:
        async def number() -> object:
            return ((await answers.get(BOARD, fresh=5, patience=LONG)).reply or {})["number"]

        assert await number() == 1
        aws.now += 5
        assert await number() == 1
        aws.now += 0.1
        assert await number() == 2

    played(act)


def test_a_reader_whose_patience_ends_gets_what_was_known_and_the_answer_still_arrives() -> None:
    async def act(answers: Answers, aws: Aws) -> None:
        with aws.shut():
            assert await answers.get(BOARD, fresh=5, patience=0) == Answer()
        first = await answers.get(BOARD, fresh=5, patience=LONG)
        aws.now += 60
        with aws.shut():
            assert await answers.get(BOARD, fresh=5, patience=0) == first
        assert (await answers.get(BOARD, fresh=5, patience=LONG)).reply == {"number": 2}
        assert len(aws.asked) == 2

    played(act)


def test_a_slow_stage_holds_up_no_other_one() -> None:
    async def act(answers: Answers, aws: Aws) -> None:
        with aws.shut():
            assert await answers.get(BOARD, fresh=5, patience=0) == Answer()
            assert await answers.get(OTHER, fresh=5, patience=0) == Answer()
        found = [await answers.get(one, fresh=5, patience=LONG) for one in (BOARD, OTHER)]
        assert all(answer.reply for answer in found)
        assert sorted(one.stage for one in aws.asked) == ["dev", "prod"]

    played(act)


def test_an_error_is_told_beside_the_reply_that_was_known_before() -> None:
    async def act(answers: Answers, aws: Aws) -> None:
        await answers.get(BOARD, fresh=5, patience=LONG)
        aws.now, aws.failing = aws.now + 60, "AWS cannot be reached"
        told = await answers.get(BOARD, fresh=5, patience=LONG)
        assert told == Answer({"number": 1}, "AWS cannot be reached", aws.now)
        aws.now, aws.failing = aws.now + 60, ""
        assert (await answers.get(BOARD, fresh=5, patience=LONG)).error == ""

    played(act)


def test_an_error_is_an_answer_too_so_aws_is_not_asked_again_at_once() -> None:
    async def act(answers: Answers, aws: Aws) -> None:
        aws.failing = "no"
        for _ in range(3):
            told = await answers.get(BOARD, fresh=5, patience=LONG)
            assert (told.reply, told.error, told.awaited) == (None, "no", False)
        assert len(aws.asked) == 1

    played(act)


def test_a_fault_of_ours_is_raised_and_the_next_reader_asks_again() -> None:
    async def act(answers: Answers, aws: Aws) -> None:
        asked = aws.ask

        def broken(question: Question) -> Reply:
            asked(question)
            raise ZeroDivisionError

        answers._ask = broken
        with pytest.raises(ZeroDivisionError):
            await answers.get(BOARD, fresh=5, patience=LONG)
        answers._ask = asked
        assert (await answers.get(BOARD, fresh=5, patience=LONG)).reply == {"number": 2}

    played(act)


def test_after_an_act_only_the_answers_of_its_stage_are_asked_for_again() -> None:
    async def act(answers: Answers, aws: Aws) -> None:
        for one in (BOARD, OTHER):
            await answers.get(one, fresh=5, patience=LONG)
        answers.forget("dev")
        assert (await answers.get(BOARD, fresh=5, patience=LONG)).reply == {"number": 3}
        assert (await answers.get(OTHER, fresh=5, patience=LONG)).reply == {"number": 2}

    played(act)


def test_what_was_asked_before_an_act_is_not_kept_after_it() -> None:
    async def act(answers: Answers, aws: Aws) -> None:
        with aws.shut():
            before = asyncio.create_task(answers.get(BOARD, fresh=5, patience=LONG))
            while not aws.asked:
                await asyncio.sleep(0)
            answers.forget("dev")
            after = asyncio.create_task(answers.get(BOARD, fresh=5, patience=LONG))
            while len(aws.asked) == 1:
                await asyncio.sleep(0)
        assert (await before).reply == {"number": 1}
        assert (await after).reply == {"number": 2}
        assert answers.known(BOARD).reply == {"number": 2}

    played(act)


def test_the_oldest_answers_are_forgotten_so_memory_stays_small() -> None:
    async def act(answers: Answers, aws: Aws) -> None:
        for number in range(520):
            one = Question.of("dev", "status", {"deployment": str(number)})
            await answers.get(one, fresh=5, patience=LONG)
        assert len(answers._known) == 500
        assert answers.known(Question.of("dev", "status", {"deployment": "0"})) == Answer()

    played(act)
