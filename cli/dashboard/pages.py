"""path -> page: the questions that a path needs, and the values of its template.

A click is answered from what was read lately, and waits for nothing else longer than a moment. What
has not come yet is shown as awaited. The stream of changes then brings what is new.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from chalicelib.errors import Refused
from chalicelib.model.deployments import OPEN
from cli.dashboard import board, figures, service
from cli.dashboard.answers import Answer, Answers, Question
from cli.dashboard.deployment import story
from cli.dashboard.stages import BOARD, FIGURES, Stages

BOARD_PAUSE, SERVICE_PAUSE, OPEN_PAUSE, CLOSED_PAUSE = 5.0, 4.0, 2.0, 30.0  # seconds
FIGURES_PAUSE = 300.0  # seconds: they change slowly, and are many reads of the ledger
_LONGEST_PATH = 1_500


@dataclass(frozen=True)
class Page:
    """A template and its values. After `pause` seconds, AWS may know something newer.

    `awaited` says that something is missing which AWS has not answered yet. `at` is the time of
    the newest answer, by the clock of AWS (ISO 8601, UTC).
    """

    template: str
    title: str
    pause: float
    awaited: bool
    at: str
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Manner:
    """How a page is read: it waits for AWS `patience` seconds, and an answer of `old` will do."""

    patience: float
    old: float = 0.0


CLICK = Manner(patience=0.15, old=60.0)
STREAM = Manner(patience=1.0)  # one slow stage holds up no other


class Unknown(Refused):
    """The path names nothing."""


class Pages:
    """Makes the page of a path."""

    def __init__(self, stages: Stages, answers: Answers) -> None:
        self._stages = stages
        self._answers = answers

    async def page(self, path: str, manner: Manner) -> Page:
        """Return the page of a path.

        Raises:
            Unknown: when there is no such page or stage.
        """
        match [unquote(part) for part in path[:_LONGEST_PATH].strip("/").split("/")]:
            case [""]:
                return await self._board(manner)
            case ["service", stage, cluster, name] if stage in self._stages.names:
                return await self._service(stage, f"{cluster}/{name}", manner)
            case ["deployment", stage, deployment] if stage in self._stages.names:
                return await self._deployment(stage, deployment, manner)
            case ["figures"]:
                return await self._figures(figures.DAYS[0], manner)
            case ["figures", days] if days in map(str, figures.DAYS):
                return await self._figures(int(days), manner)
            case ["service" | "deployment", stage, *_]:
                known = ", ".join(self._stages.names)
                raise Unknown(f"There is no stage {stage!r} here; the stages are {known}")
            case _:
                raise Unknown("There is no such page. Next: go back to the board")

    async def _board(self, manner: Manner) -> Page:
        found = await self._of_all(BOARD, {}, BOARD_PAUSE, manner)
        stages = [
            board.Stage(name, self._stages.stage(name), answer) for name, answer in found.items()
        ]
        values = {"matrix": board.matrix(stages)}
        awaited = any(answer.awaited for answer in found.values())
        return Page("board.html", "Board", BOARD_PAUSE, awaited, _at(*found.values()), values)

    async def _figures(self, days: int, manner: Manner) -> Page:
        found = await self._of_all(FIGURES, {"days": days}, FIGURES_PAUSE, manner)
        values = {"view": figures.view(found, days)}
        awaited = any(answer.awaited for answer in found.values())
        return Page("figures.html", "Figures", FIGURES_PAUSE, awaited, _at(*found.values()), values)

    async def _of_all(
        self, function: str, asked: Mapping[str, Any], fresh: float, manner: Manner
    ) -> Mapping[str, Answer]:
        """What each stage answers, side by side."""
        names = self._stages.names
        asking = (self._ask(name, function, asked, fresh=fresh, manner=manner) for name in names)
        return dict(zip(names, await asyncio.gather(*asking), strict=True))

    async def _service(self, stage: str, name: str, manner: Manner) -> Page:
        status, row = await asyncio.gather(
            self._status(stage, {"service": name, "now": True}, SERVICE_PAUSE, manner),
            self._status(stage, {"service": name, "board": True}, SERVICE_PAUSE, manner),
        )
        known = _row_of(self._answers.known(Question.of(stage, BOARD, {})), name)
        found = service.view(stage, name, status, row if row.reply or row.error else known)
        awaited = status.awaited or row.awaited
        return Page("service.html", name, SERVICE_PAUSE, awaited, _at(status, row), {"view": found})

    async def _deployment(self, stage: str, deployment: str, manner: Manner) -> Page:
        began = time.monotonic()
        answer = await self._status(stage, {"deployment": deployment}, OPEN_PAUSE, manner)
        record = (answer.reply or {"deployments": [None]})["deployments"][0]
        now, pause = Answer(), OPEN_PAUSE
        if record is not None and record["status"] not in OPEN:
            pause = CLOSED_PAUSE
        elif record is not None:
            looked = {"service": record["service"], "now": True}
            rest = max(0.0, manner.patience - (time.monotonic() - began))
            now = await self._status(stage, looked, OPEN_PAUSE, Manner(rest, manner.old))
        view = story(stage, deployment, answer, now, self._running(stage, record))
        title = f"{view.version} · {view.service}" if view.service else deployment
        return Page(
            "deployment.html", title, pause, answer.awaited, _at(answer, now), {"view": view}
        )

    def _running(self, stage: str, record: Mapping[str, Any] | None) -> str | None:
        """The deployment that brought what the record's service runs, as far as it was read."""
        if record is None:
            return None
        name = record["service"]
        row = self._answers.known(Question.of(stage, "status", {"service": name, "board": True}))
        whole = self._answers.known(Question.of(stage, BOARD, {}))
        newest = max(row, _row_of(whole, name), key=_at)
        rows = (newest.reply or {"board": []})["board"]
        return (rows[0].get("runs") or {}).get("deployment") if rows else None

    async def _status(
        self, stage: str, asked: Mapping[str, Any], fresh: float, manner: Manner
    ) -> Answer:
        return await self._ask(stage, "status", asked, fresh=fresh, manner=manner)

    async def _ask(
        self, stage: str, function: str, asked: Mapping[str, Any], *, fresh: float, manner: Manner
    ) -> Answer:
        question = Question.of(stage, function, asked)
        # A little fresher than the pause: the stream then never gets what it has seen already.
        fresh = max(fresh * 0.9, manner.old)
        return await self._answers.get(question, fresh=fresh, patience=manner.patience)


def _row_of(board_answer: Answer, name: str) -> Answer:
    """The row of one service in a board that was read before."""
    if board_answer.reply is None:
        return Answer()
    rows = [row for row in board_answer.reply["board"] if row["service"] == name]
    return Answer({"board": rows, "at": board_answer.reply["at"]}) if rows else Answer()


def _at(*answers: Answer) -> str:
    return max((str(answer.reply["at"]) for answer in answers if answer.reply), default="")
