"""Reads of rules' targets and of schedules that lag behind writes. Off unless asked for.

AWS says that a change of targets may take a short time to take effect (API reference, PutTargets).
Inferred, and harsh on purpose: how old an answer may be, and that a later read may be older than an
earlier one. What an answer says was true once: nothing is made up. Writes see the present.
`embedded/services/ecs/lag.py` has the same for ECS.
"""

from __future__ import annotations

import copy
import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from embedded.clock.clock import Clock

_State = TypeVar("_State")


@dataclass(frozen=True)
class ReadLag:
    """Reads show a state of up to `seconds` ago, drawn from a generator with this `seed`.

    The share `fresh` of the reads shows the present.
    """

    seconds: float = 5.0
    seed: int | str = 0
    fresh: float = 0.25


class Reads(Generic[_State]):
    """What reads of things are answered, each thing by its name."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lag: ReadLag | None = None
        self._random = random.Random(0)
        self._past: dict[str, list[tuple[datetime, _State]]] = {}  # when each state ended

    def lag(self, lag: ReadLag | None = None) -> None:
        """Lag from now on; without an argument, no longer."""
        self._lag = lag
        self._random = random.Random(lag.seed if lag else 0)
        self._past.clear()

    def changes(self, name: str, before: _State) -> None:
        """Remember what `name` was until now: the caller is about to change it."""
        if self._lag is not None:
            self._past.setdefault(name, []).append((self._clock.now(), copy.deepcopy(before)))

    def read(self, name: str, present: _State) -> _State:
        """What a read of `name` shows: what it is, or what it was some seconds ago."""
        lag = self._lag
        if lag is None or self._random.random() < lag.fresh:
            return present
        moment = self._clock.now() - timedelta(seconds=self._random.uniform(0, lag.seconds))
        past = self._past.get(name, [])
        return next((state for ended, state in past if ended > moment), present)

    @property
    def names(self) -> list[str]:
        """Of all things that have changed while reads lag, the first change first."""
        return list(self._past)
