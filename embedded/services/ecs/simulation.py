"""What all parts of a simulated ECS share: clock, durations, faults, identifiers, outputs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from embedded.clock.clock import Clock, Timer
from embedded.services.ecs.faults import Faults
from embedded.services.ecs.names import Ids, Place
from embedded.services.ecs.timings import Timings

Emit = Callable[[dict[str, Any]], None]
AboutImage = Callable[[Place, str], str | None]
Behind = Callable[[Timings, Place, str], Timings]
Caller = Callable[[str], str]  # an access key → the ARN of whose it is
HookFunction = Callable[[dict[str, Any]], object]  # the payload → the answer
# A function's ARN, the payload, and what takes the answer: at any time, from any thread.
InvokeLambda = Callable[[str, dict[str, Any], Callable[[object], None]], None]


class LogWriter(Protocol):
    """Where containers with the `awslogs` driver write; a missing log group is no error."""

    def __call__(
        self, place: Place, group: str, stream: str, lines: tuple[str, ...], now: datetime
    ) -> None: ...


def no_logs(place: Place, group: str, stream: str, lines: tuple[str, ...], now: datetime) -> None:
    """Drop log lines: there is no CloudWatch Logs."""


@dataclass
class Simulation:
    clock: Clock
    emit: Emit
    timings: Timings = field(default_factory=Timings)
    faults: Faults = field(default_factory=Faults)
    ids: Ids = field(default_factory=Ids)
    write_logs: LogWriter = no_logs
    pull_problem: AboutImage | None = None  # why an image cannot be pulled; None where it can
    image_digest: AboutImage | None = None  # the digest that an image's tag names
    behind: Behind | None = None  # the timings of tasks in a target group that has settings
    caller: Caller | None = None
    calling: str | None = None  # the ARN of who makes the request that is being answered
    short_arns: set[str] = field(default_factory=set)  # CLUSTER/SERVICE of services of before 2019
    breaker_beyond_rolling: bool = False  # acts on BLUE_GREEN, LINEAR and CANARY too
    hook_functions: dict[str, HookFunction] = field(default_factory=dict)  # by ARN
    invoke_lambda: InvokeLambda | None = None  # for functions that are not among these
    silent: set[str] = field(default_factory=set)  # CLUSTER/SERVICE of which no event arrives
    changed: Callable[[], None] | None = None  # called after whatever `later` has done
    ended: bool = False

    def now(self) -> datetime:
        return self.clock.now()

    def digest(self, place: Place, image: str) -> str | None:
        """The digest in `image`, or the one that its tag names where that is known."""
        named = image.partition("@")[2]
        if named or self.image_digest is None:
            return named or None
        return self.image_digest(place, image)

    def timings_behind(self, place: Place, target_group: str) -> Timings:
        """How long things take for tasks in this target group."""
        if self.behind is None:
            return self.timings
        return self.behind(self.timings, place, target_group)

    def later(self, seconds: float, action: Callable[[], None]) -> Timer:
        """Act after `seconds`, unless the simulation has ended by then."""
        return self.clock.call_later(seconds, lambda: None if self.ended else self._act(action))

    def _act(self, action: Callable[[], None]) -> None:
        action()
        if self.changed is not None:
            self.changed()
