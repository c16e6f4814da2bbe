"""Puts moto on the clock of the embedded AWS, so that it writes and waits in simulated time.

moto reads time through `moto.core.utils` (nearly every backend) and, in its Step Functions
interpreter, through the `time`, `datetime` and `threading` modules that each file imported. Within
`moto_on(clock)`, those names are bound to substitutes that ask the clock.
"""

from __future__ import annotations

import datetime as dt
import importlib
import sys
import threading
import time as real_time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from types import ModuleType, SimpleNamespace
from typing import Any
from unittest.mock import patch

from embedded.clock.clock import RunningClock


class ClockEvent:
    """`threading.Event` whose time-outs are simulated seconds.

    moto's interpreter interrupts a Wait with `set` and, at once, `clear`. That still wakes whoever
    waits, as it does with the original.
    """

    def __init__(self, clock: RunningClock) -> None:
        self._clock = clock
        self._condition = threading.Condition()
        self._flag = False
        self._times_set = 0

    def is_set(self) -> bool:
        return self._flag

    def set(self) -> None:
        with self._condition:
            self._flag = True
            self._times_set += 1
            self._condition.notify_all()

    def clear(self) -> None:
        with self._condition:
            self._flag = False

    def wait(self, timeout: float | None = None) -> bool:
        expired = threading.Event()
        timer = None if timeout is None else self._clock.call_later(timeout, self._wake(expired))
        with self._condition:
            before = self._times_set
            while not (self._flag or self._times_set > before or expired.is_set()):
                self._condition.wait()
            was_set = self._flag or self._times_set > before
        if timer is not None:
            timer.cancel()
        return was_set

    def _wake(self, expired: threading.Event) -> Callable[[], None]:
        def wake() -> None:
            with self._condition:
                expired.set()
                self._condition.notify_all()

        return wake


def clock_thread(clock: RunningClock) -> type[threading.Thread]:
    """`threading.Thread` whose `join(timeout)` counts simulated seconds."""

    class ClockThread(threading.Thread):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self._ended = ClockEvent(clock)

        def run(self) -> None:
            try:
                super().run()
            finally:
                self._ended.set()

        def join(self, timeout: float | None = None) -> None:
            if timeout is None or self._ended.wait(timeout):
                super().join()

    return ClockThread


class _InstanceOfDatetime(type):
    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, dt.datetime)


def clock_datetime(clock: RunningClock) -> type[dt.datetime]:
    """`datetime.datetime` whose `now` and `utcnow` are the clock's; naive times are UTC."""

    class ClockDatetime(dt.datetime, metaclass=_InstanceOfDatetime):
        @classmethod
        def now(cls, tz: dt.tzinfo | None = None) -> Any:
            now = clock.now()
            return now.astimezone(tz) if tz else now.replace(tzinfo=None)

        @classmethod
        def utcnow(cls) -> Any:
            return clock.now().replace(tzinfo=None)

    return ClockDatetime


@contextmanager
def moto_on(clock: RunningClock) -> Iterator[None]:
    """Run moto on `clock` until the end of the block."""
    event, thread = (lambda: ClockEvent(clock)), clock_thread(clock)
    substitutes: dict[Any, Any] = {
        real_time: _like(real_time, time=lambda: clock.now().timestamp(), sleep=clock.sleep),
        dt: _like(dt, datetime=clock_datetime(clock)),
        threading: _like(threading, Event=event, Thread=thread),
        threading.Event: event,
        threading.Thread: thread,
    }
    with ExitStack() as patches:
        core = importlib.import_module("moto.core.utils")
        patches.enter_context(patch.object(core, "datetime", substitutes[dt]))
        for module in interpreter_modules():
            for name in ("time", "datetime", "threading", "Event", "Thread"):
                original = vars(module).get(name)
                if isinstance(original, ModuleType | type) and original in substitutes:
                    patches.enter_context(patch.object(module, name, substitutes[original]))
        yield


def interpreter_modules() -> list[ModuleType]:
    """Every module of moto's Step Functions interpreter; importing its backend imports them all."""
    importlib.import_module("moto.stepfunctions.parser.models")
    return [module for name, module in sys.modules.items() if name.startswith("moto.stepfunctions")]


def _like(module: ModuleType, **replaced: Any) -> SimpleNamespace:
    return SimpleNamespace(**{**vars(module), **replaced})
