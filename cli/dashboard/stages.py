"""stage -> its functions: the stages that the dashboard shows, each with its own credentials."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from cli.board import whole_board
from cli.dashboard.answers import Question, Reply
from cli.figures import read

if TYPE_CHECKING:
    from cli.functions import Functions

BOARD = "board"  # asks `status` for all pages of the board
FIGURES = "figures"  # asks `status` for all pages of outcomes
Open = Callable[[], "Functions"]


class Stages:
    """The stages by name, in the order of the columns; each is opened when it is first asked."""

    def __init__(self, opened: Mapping[str, tuple[str, Open]]) -> None:
        """`opened` gives for each name the stack's stage, and how its functions are reached."""
        self._opened = opened
        self._functions: dict[str, Functions] = {}
        self._identities: dict[str, str] = {}
        self._locks = {name: threading.Lock() for name in opened}

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._opened)

    def stage(self, name: str) -> str:
        """The stage of the stack that is called so."""
        return self._opened[name][0]

    def ask(self, question: Question) -> Reply:
        """Return the reply to a question.

        Raises:
            Refused: when there are no credentials, or Slipway's function does not answer.
        """
        return self.call(question.stage, question.function, json.loads(question.payload))

    def call(self, name: str, function: str, payload: Mapping[str, Any]) -> Reply:
        """Call a function of a stage; `board` and `figures` stand for all pages of these."""
        functions = self._reached(name)
        if function == FIGURES:
            found = read(functions, payload["days"])
            return {"at": found.told["at"], "found": found}
        if function == BOARD:
            return whole_board(functions)
        return functions.call(function, payload)

    def identity(self, name: str) -> str:
        """Who the person is to AWS in this stage; AWS is asked once."""
        functions = self._reached(name)
        with self._locks[name]:  # a session is not for many threads; a client is
            if name not in self._identities:
                self._identities[name] = functions.identity()
            return self._identities[name]

    def _reached(self, name: str) -> Functions:
        with self._locks[name]:
            if name not in self._functions:
                self._functions[name] = self._opened[name][1]()
            return self._functions[name]
