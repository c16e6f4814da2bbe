"""Slipway's functions as a test wants them: those of a rehearsed account, or replies of its own."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from cli.dashboard.stages import Open, Stages
from cli.exits import Declined
from cli.functions import Functions

SAM = "Ops/sam"
Reply = Callable[[str, dict[str, Any]], Any]


@dataclass
class Scripted:
    """In place of `cli.functions.Functions`: it keeps what it was asked."""

    reply: Reply
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def call(self, function: str, payload: Mapping[str, Any]) -> dict[str, Any]:
        asked = json.loads(json.dumps(payload))
        self.calls.append((function, asked))
        reply: dict[str, Any] = json.loads(json.dumps(self.reply(function, asked)))
        if "error" in reply:
            raise Declined(reply["error"])
        return reply

    def identity(self) -> str:
        return SAM

    @property
    def changes(self) -> list[tuple[str, dict[str, Any]]]:
        """The calls that would change something."""
        return [call for call in self.calls if call[0] != "status" and "plan" not in call[1]]


def opened(**functions: Scripted) -> dict[str, tuple[str, Open]]:
    """Stages by name, for `Stages` and for `serving`."""
    return {name: (name, _giving(found)) for name, found in functions.items()}


def stages(**functions: Scripted) -> Stages:
    return Stages(opened(**functions))


def _giving(found: Scripted) -> Open:
    return lambda: cast("Functions", found)
