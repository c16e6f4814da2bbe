"""Pieces of work that take simulated time, side by side, on a virtual clock.

Each piece of work is a thread, but only one of them runs at any moment. The clock stands still
until that one sleeps or ends. So it is exact and repeatable what many functions do at once.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from embedded.clock.clock import VirtualClock


class TimedOut(BaseException):
    """The deadline has come. It is no Exception, so that work cannot catch it by mistake."""


class Turns:
    """Runs work on `clock`; `most` is the largest number of pieces that ran at once."""

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self._local = threading.local()
        self._yielded = _Signal()
        self.running = 0
        self.most = 0

    def begin(self, work: Callable[[], None], seconds: float) -> None:
        """Start `work`, which may take so many seconds; return once it sleeps or has ended."""
        self.running += 1
        self.most = max(self.most, self.running)
        deadline = self._clock.now() + timedelta(seconds=seconds)
        thread = threading.Thread(target=self._run, args=(work, deadline), daemon=True)
        thread.start()
        self._yielded.wait()

    def sleep(self, seconds: float) -> None:
        """Let other work run for so long. It does nothing for a caller that is no work.

        Raises:
            TimedOut: the work's time is over.
        """
        deadline: datetime | None = getattr(self._local, "deadline", None)
        if deadline is None:
            return
        left = (deadline - self._clock.now()).total_seconds()
        go = _Signal()
        self._clock.call_later(min(seconds, left), lambda: self._resume(go))
        self._yielded.set()
        go.wait()
        if seconds >= left:
            raise TimedOut

    def _run(self, work: Callable[[], None], deadline: datetime) -> None:
        self._local.deadline = deadline
        try:
            work()
        finally:
            self.running -= 1
            self._yielded.set()

    def _resume(self, go: _Signal) -> None:
        go.set()
        self._yielded.wait()


class _Signal:
    """One thread sets it and another waits for it; each `set` ends one `wait`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lock.acquire()

    def set(self) -> None:
        self._lock.release()

    def wait(self) -> None:
        self._lock.acquire()
