"""The account's schedules: requests write and read them, and the clock fires them.

The way of an invocation: `_wait` sets a timer for the next time; `_fire` puts an invocation into a
queue, where the schedule is ENABLED; one thread invokes the targets in order (`targets.py`). A
failure that may pass is tried again, later and later; every other one goes into `failures` and to
the target's dead-letter queue.

Documented ("Schedule types", "Schedule states", "Flexible time windows", "Deleting a schedule"): a
DISABLED schedule invokes nothing; an invocation comes within the flexible time window; a schedule
with ActionAfterCompletion DELETE is gone after its last invocation.
Inferred: without a window an invocation is on time, though AWS promises the minute only; the waits
between attempts; a one-time schedule that was DISABLED at its time, or written after it, invokes
nothing and is not deleted.
"""

from __future__ import annotations

import json
import logging
import queue
import random
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from moto.core.request import Request

from embedded.calls.call import Call, Reply, error_reply
from embedded.clock.clock import RunningClock, Timer, seconds_between
from embedded.gate.clients import Clients
from embedded.services.read_lag import ReadLag
from embedded.services.scheduler.api import OPERATIONS
from embedded.services.scheduler.refusals import Refused
from embedded.services.scheduler.schedule import Schedule
from embedded.services.scheduler.store import Store
from embedded.services.scheduler.targets import (
    Invocation,
    invoke,
    may_be_tried_again,
    send_letter,
)

log = logging.getLogger(__name__)

_FIRST_WAIT, _LONGEST_WAIT = 1.0, 3600.0


@dataclass(frozen=True)
class FailedInvocation:
    """An invocation that Scheduler gave up after so many attempts."""

    schedule: str
    target: str
    error: str
    attempts: int


class Scheduler:
    """Answers requests about schedules, and invokes their targets."""

    def __init__(
        self, clock: RunningClock, clients: Clients, trusts: Callable[[str, str], bool]
    ) -> None:
        """`trusts` says whether a role may be assumed by a service."""
        self._clock = clock
        self._clients = clients
        self._timers: dict[str, Timer] = {}
        self._queue: queue.Queue[Invocation | None] = queue.Queue()
        self._pending = 0
        self._random = random.Random(0)
        self._thread = threading.Thread(target=self._invoke_all, name="scheduler", daemon=True)
        self._store = Store(clock, trusts, written=self._written, removed=self._forget)
        self.failures: list[FailedInvocation] = []

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        with self._clock.lock:
            for timer in self._timers.values():
                timer.cancel()
        self._queue.put(None)
        self._thread.join()

    @property
    def idle(self) -> bool:
        """Whether every invocation that is due has been made, or waits for another attempt."""
        return self._pending == 0

    @property
    def handlers(self) -> dict[tuple[str, str], Callable[[Call, Request], Reply]]:
        """What answers the requests, by service and operation."""
        return {("scheduler", operation): self._answer for operation in OPERATIONS}

    def lag_reads(self, lag: ReadLag | None = None) -> None:
        """Let reads of schedules lag behind writes; without an argument, no longer."""
        self._store.reads.lag(lag)

    def _answer(self, call: Call, _request: Request) -> Reply:
        try:
            with self._clock.lock:
                answer = OPERATIONS[call.operation](self._store, call.parameters)
        except Refused as error:
            return error_reply("scheduler", error.code, error.message, error.status)
        return Reply(200, json.dumps(answer).encode(), (("Content-Type", "application/json"),))

    def _written(self, schedule: Schedule) -> None:
        self._wait(schedule, schedule.due_first())

    def _forget(self, schedule: Schedule) -> None:
        if timer := self._timers.pop(schedule.key, None):
            timer.cancel()

    def _wait(self, schedule: Schedule, due: datetime | None) -> None:
        self._forget(schedule)
        if due is not None:
            late = self._random.uniform(0, schedule.window)
            left = seconds_between(self._clock.now(), due) + late
            fire = partial(self._fire, schedule, due)
            self._timers[schedule.key] = self._clock.call_later(left, fire)

    def _fire(self, schedule: Schedule, due: datetime) -> None:
        following = schedule.due_after(due)
        self._wait(schedule, following)
        if schedule.state != "ENABLED":
            return
        self._enqueue(Invocation(schedule, due, uuid.uuid4().hex))
        if following is None and schedule.deletes_itself:
            self._store.remove(schedule)

    def _enqueue(self, invocation: Invocation) -> None:
        with self._clock.lock:
            self._pending += 1
        self._queue.put(invocation)

    def _invoke_all(self) -> None:
        while (invocation := self._queue.get()) is not None:
            try:
                invoke(self._clients, invocation)
            except Exception as error:
                self._failed(invocation, error)
            finally:
                with self._clock.lock:
                    self._pending -= 1

    def _failed(self, invocation: Invocation, error: Exception) -> None:
        schedule, attempt = invocation.schedule, invocation.attempt
        wait = min(_LONGEST_WAIT, _FIRST_WAIT * 2.0 ** (attempt - 1))
        age = seconds_between(invocation.due, self._clock.now()) + wait
        again = attempt <= schedule.attempts and age <= schedule.oldest
        if again and may_be_tried_again(error):
            following = replace(invocation, attempt=attempt + 1)
            self._clock.call_later(wait, partial(self._enqueue, following))
            return
        words = f"{type(error).__name__}: {error}"
        self.failures.append(FailedInvocation(schedule.arn, schedule.target["Arn"], words, attempt))
        log.warning("Scheduler could not invoke %s: %s", schedule.target["Arn"], words)
        try:
            send_letter(self._clients, invocation, error)
        except Exception:
            log.exception("Scheduler could not reach the dead-letter queue of %s", schedule.arn)
