"""EventBridge delivers events twice, late, in another order, or not at all."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from tests.dialect.ran import is_run
from tests.reliability.faults import EVENT_KINDS
from tests.reliability.invocations import RetriedAccount

_LATE = 120  # seconds that an event is held back at most, for the next one to overtake it
_AGAIN = 300  # seconds until a duplicate


@dataclass
class EventFaultAccount(RetriedAccount):
    """Events are numbered in the order of the run; `event_faults` strike at a number.

    Where `chance` is given, it chooses a fault, or none, at each call and each event. `struck`
    counts the faults that took effect. `run_events` tell of `before` and `after` tasks, delivered
    or not.
    """

    event_faults: dict[int, str] = field(default_factory=dict)
    chance: Callable[[tuple[str, ...]], str | None] | None = None
    heard: list[str] = field(default_factory=list)
    struck: int = 0
    run_events: list[dict[str, Any]] = field(default_factory=list)
    _held_back: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def on_event(self, event: dict[str, Any]) -> None:
        if is_run(event):
            self.run_events.append(event)
        for function, pattern in self.rules.items():
            if self.deliver and pattern.matches_event(event):
                self._deliver(function, json.loads(json.dumps(event)))

    def _deliver(self, function: str, event: dict[str, Any]) -> None:
        number = len(self.heard)
        self.heard.append(f"{number}-{function}-{event['detail-type'].replace(' ', '-')}")
        overtaken, self._held_back = self._held_back, []
        kind = self.event_faults.get(number) or (self.chance and self.chance(EVENT_KINDS))
        self.struck += kind is not None
        match kind:
            case "dropped":
                pass
            case "swapped":
                self._held_back = [(function, event)]
                self._in(_LATE, partial(self._overdue, number, function, event))
            case "duplicated":
                for seconds in (1, 1, _AGAIN):
                    self._in(seconds, partial(self.nudge, function, event))
            case _:
                self._in(1, partial(self.nudge, function, event))
        for late in overtaken:
            self._in(1, partial(self.nudge, *late))

    def _overdue(self, number: int, function: str, event: dict[str, Any]) -> None:
        """No event came after the one that was held back."""
        if len(self.heard) == number + 1 and self._held_back:
            self._held_back = []
            self.nudge(function, event)
