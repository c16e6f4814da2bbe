"""The account's schedules and groups, as requests write and read them; each change is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from embedded.clock.clock import Clock
from embedded.services.read_lag import Reads
from embedded.services.scheduler.schedule import DEFAULT_GROUP, Group, Schedule


class Store:
    """The schedules by `GROUP/NAME`, the groups by name; `tokens` has who made each schedule."""

    def __init__(
        self,
        clock: Clock,
        trusts: Callable[[str, str], bool],
        *,
        written: Callable[[Schedule], None],
        removed: Callable[[Schedule], None],
    ) -> None:
        """`trusts` says whether a role may be assumed by a service."""
        self._clock = clock
        self._written = written
        self._removed = removed
        self.trusts = trusts
        self.reads: Reads[Schedule | None] = Reads(clock)
        self.schedules: dict[str, Schedule] = {}
        self.groups = {DEFAULT_GROUP: Group(DEFAULT_GROUP, clock.now())}
        self.tokens: dict[str, tuple[str | None, dict[str, Any]]] = {}

    def now(self) -> datetime:
        return self._clock.now()

    def put(self, schedule: Schedule) -> None:
        """Keep a schedule in the place of the one of its name."""
        self.reads.changes(schedule.key, self.schedules.get(schedule.key))
        self.schedules[schedule.key] = schedule
        self._written(schedule)

    def remove(self, schedule: Schedule) -> None:
        self.reads.changes(schedule.key, schedule)
        del self.schedules[schedule.key]
        self.tokens.pop(schedule.key, None)
        self._removed(schedule)

    def read(self, key: str) -> Schedule | None:
        """What a read of `GROUP/NAME` shows."""
        return self.reads.read(key, self.schedules.get(key))

    def read_all(self) -> Iterator[Schedule]:
        """What a list shows, oldest first."""
        keys = dict.fromkeys((*self.schedules, *self.reads.names))
        found = [each for each in map(self.read, keys) if each is not None]
        yield from sorted(found, key=lambda each: each.created)
