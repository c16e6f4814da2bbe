"""How the deliveries of an event bus can go wrong, for tests of what depends on them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from embedded.services.events.targets import Event


@dataclass(frozen=True)
class Disturbance:
    """The shares (0 to 1) of the deliveries that are lost, doubled, and late.

    A late delivery waits up to `late_seconds` (simulated), so that a later event overtakes it.
    """

    drop: float = 0.0
    duplicate: float = 0.0
    late: float = 0.0
    late_seconds: float = 30.0
    seed: int = 0
    matching: Callable[[Event], bool] = lambda _: True
