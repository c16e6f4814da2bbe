"""The one clock of the embedded AWS.

Unit tests use a `VirtualClock`. A `RunningClock` runs as fast as real time, or N times as fast.
Simulated time is UTC. Everything that waits in the embedded AWS (task lifecycles, Step Functions'
Wait, schedules, Lambda deadlines) waits on this clock.
"""

from __future__ import annotations

import heapq
import itertools
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

_SHARED = struct.Struct("<ddd")  # simulated epoch seconds, monotonic seconds, rate


@dataclass(order=True)
class Timer:
    """A call that is due at a simulated time; `cancel` makes it do nothing."""

    due: float
    number: int
    action: Callable[[], None] = field(compare=False)
    cancelled: bool = field(default=False, compare=False)

    def cancel(self) -> None:
        self.cancelled = True


class Clock(Protocol):
    """What the simulated services may ask of time."""

    def now(self) -> datetime: ...
    def call_later(self, seconds: float, action: Callable[[], None]) -> Timer: ...


class _Timers:
    def __init__(self) -> None:
        self._heap: list[Timer] = []
        self._numbers = itertools.count()

    def add(self, due: float, action: Callable[[], None]) -> Timer:
        timer = Timer(due, next(self._numbers), action)
        heapq.heappush(self._heap, timer)
        return timer

    def next_due(self) -> float | None:
        while self._heap and self._heap[0].cancelled:
            heapq.heappop(self._heap)
        return self._heap[0].due if self._heap else None

    def pop_due(self, now: float) -> Timer | None:
        due = self.next_due()
        return heapq.heappop(self._heap) if due is not None and due <= now else None


class VirtualClock:
    """Time that moves only when told to, on one thread: exact and repeatable."""

    def __init__(self, start: datetime = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)) -> None:
        self._now = start.timestamp()
        self._timers = _Timers()

    def now(self) -> datetime:
        return datetime.fromtimestamp(self._now, UTC)

    def call_later(self, seconds: float, action: Callable[[], None]) -> Timer:
        return self._timers.add(self._now + max(0.0, seconds), action)

    def next_due(self) -> datetime | None:
        """When the next timer fires; None when nothing is waiting."""
        due = self._timers.next_due()
        return None if due is None else datetime.fromtimestamp(due, UTC)

    def advance(self, seconds: float) -> None:
        """Move on by `seconds`, firing every timer on the way at exactly its own time."""
        end = self._now + seconds
        while (timer := self._timers.pop_due(end)) is not None:
            self._now = max(self._now, timer.due)
            timer.action()
        self._now = max(self._now, end)  # an action may itself have let time pass

    def advance_until(self, reached: Callable[[], bool], limit: float) -> bool:
        """Fire timers one by one until `reached()`; False when `limit` seconds pass without it."""
        end = self._now + limit
        while not reached():
            timer = self._timers.pop_due(end)
            if timer is None:
                self._now = max(self._now, end)
                return reached()
            self._now = max(self._now, timer.due)
            timer.action()
        return True


class RunningClock:
    """Time that runs by itself, `rate` times as fast as real time.

    Timers fire on the clock's own thread and hold `lock`, the lock of the embedded AWS, so that a
    service never changes while a request reads it. While anybody is inside `realtime()` (a Lambda
    invocation is in flight) the rate is 1, so that time-outs and durations are true.
    """

    def __init__(
        self,
        rate: float = 1.0,
        start: datetime | None = None,
        lock: threading.RLock | None = None,
    ) -> None:
        self.rate = rate
        self.lock = lock or threading.RLock()
        self._timers = _Timers()
        self._changed = threading.Condition()
        self._anchor_simulated = start.timestamp() if start else time.time()
        self._anchor_monotonic = time.monotonic()
        self._current_rate = rate
        self._in_realtime = 0
        self._shared: Path | None = None
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="clock", daemon=True)
        self._thread.start()

    def now(self) -> datetime:
        return datetime.fromtimestamp(self._seconds(), UTC)

    def call_later(self, seconds: float, action: Callable[[], None]) -> Timer:
        with self._changed:
            timer = self._timers.add(self._seconds() + max(0.0, seconds), action)
            self._changed.notify_all()
        return timer

    def sleep(self, seconds: float) -> None:
        """Block the caller until `seconds` of simulated time have passed (or the clock stops)."""
        until = self._seconds() + seconds
        with self._changed:
            while not self._stopped and (left := until - self._seconds()) > 0:
                self._changed.wait(left / self._current_rate)

    @contextmanager
    def realtime(self) -> Iterator[None]:
        """Run at 1x for as long as any caller is inside."""
        self._enter_realtime(1)
        try:
            yield
        finally:
            self._enter_realtime(-1)

    def share(self, path: Path) -> None:
        """Write this clock's time to `path`, for other processes; `shared_now` reads it."""
        with self._changed:
            self._shared = path
            self._publish()

    def stop(self) -> None:
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        self._thread.join(timeout=5)

    def _seconds(self) -> float:
        elapsed = time.monotonic() - self._anchor_monotonic
        return self._anchor_simulated + elapsed * self._current_rate

    def _enter_realtime(self, step: int) -> None:
        with self._changed:
            now = self._seconds()
            self._in_realtime += step
            self._anchor_simulated, self._anchor_monotonic = now, time.monotonic()
            self._current_rate = 1.0 if self._in_realtime and self.rate > 1 else self.rate
            self._publish()
            self._changed.notify_all()

    def _publish(self) -> None:
        if self._shared is not None:
            packed = _SHARED.pack(
                self._anchor_simulated, self._anchor_monotonic, self._current_rate
            )
            with self._shared.open("r+b" if self._shared.exists() else "w+b") as file:
                file.write(packed)

    def _run(self) -> None:
        while True:
            with self._changed:
                if self._stopped:
                    return
                due = self._timers.next_due()
                left = None if due is None else due - self._seconds()
                if left is None or left > 0:
                    self._changed.wait(None if left is None else left / self._current_rate)
                    continue
            with self.lock:
                with self._changed:
                    timer = self._timers.pop_due(self._seconds())
                if timer is not None and not timer.cancelled:
                    timer.action()


def shared_now(path: Path) -> float:
    """The time of the clock that writes to `path` in another process here, in epoch seconds."""
    simulated, monotonic, rate = _SHARED.unpack(path.read_bytes()[: _SHARED.size])
    return float(simulated + (time.monotonic() - monotonic) * rate)


def seconds_between(earlier: datetime, later: datetime) -> float:
    return (later - earlier) / timedelta(seconds=1)
