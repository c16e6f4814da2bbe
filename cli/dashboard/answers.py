"""question -> the latest answer: AWS is asked in threads, and a reader waits as long as he wants.

An answer that is fresh enough is given at once. Else the question is asked once, however many
readers wait for it. A reader whose patience ends first gets what was known before.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from chalicelib.errors import DeployerError

Reply = Mapping[str, Any]
_KEPT = 500  # answers; the oldest ones are forgotten


@dataclass(frozen=True)
class Question:
    """A call of a function of Slipway in a stage; `payload` is JSON."""

    stage: str
    function: str
    payload: str

    @staticmethod
    def of(stage: str, function: str, payload: Mapping[str, Any]) -> Question:
        return Question(stage, function, json.dumps(payload, sort_keys=True))


@dataclass(frozen=True)
class Answer:
    """The newest reply, and why a newer one is missing; both are empty while nothing came yet.

    `asked` is when the reply was asked for, in seconds of the clock that `Answers` has.
    """

    reply: Reply | None = None
    error: str = ""
    asked: float = 0.0

    @property
    def awaited(self) -> bool:
        return self.reply is None and not self.error


Ask = Callable[[Question], Reply]


class Answers:
    """The answers of this run, for one event loop."""

    def __init__(self, ask: Ask, clock: Callable[[], float] = time.monotonic) -> None:
        self._ask = ask
        self._clock = clock
        self._known: OrderedDict[Question, Answer] = OrderedDict()
        self._stale: set[Question] = set()
        self._asking: dict[Question, asyncio.Task[Answer]] = {}

    async def get(self, question: Question, *, fresh: float, patience: float) -> Answer:
        """Return an answer at most `fresh` seconds old, or after `patience` seconds what is known.

        A question that fails keeps the reply that it had before, beside the error.
        """
        known = self.known(question)
        usable = not known.awaited and question not in self._stale
        if usable and self._clock() - known.asked <= fresh:
            return known
        task = self._asking.get(question)
        if task is None:
            task = asyncio.create_task(self._answered(question))
            self._asking[question] = task
        done, _ = await asyncio.wait({task}, timeout=patience)
        return task.result() if done else known

    def known(self, question: Question) -> Answer:
        """Return what is known already; nothing is asked."""
        return self._known.get(question, Answer())

    def forget(self, stage: str) -> None:
        """Ask again for all of a stage: something was changed there."""
        self._stale |= {question for question in self._known if question.stage == stage}
        for question in [question for question in self._asking if question.stage == stage]:
            del self._asking[question]  # what it brings may be older than the change

    async def _answered(self, question: Question) -> Answer:
        asked, me, answer = self._clock(), asyncio.current_task(), None
        try:
            answer = Answer(await asyncio.to_thread(self._ask, question), asked=asked)
        except DeployerError as error:
            before = self.known(question)
            answer = Answer(before.reply, str(error), asked)
        finally:  # also after a fault of ours, so that the next reader asks again
            if self._asking.get(question) is me:
                del self._asking[question]
                if answer is not None:
                    self._keep(question, answer)
        return answer

    def _keep(self, question: Question, answer: Answer) -> None:
        self._stale.discard(question)
        self._known[question] = answer
        self._known.move_to_end(question)
        while len(self._known) > _KEPT:
            self._known.popitem(last=False)
