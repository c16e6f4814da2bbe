"""The CloudTrail of the embedded AWS: every API call, its caller, its time, its outcome."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Record:
    """`outcome` is the HTTP status; `error` names what a fault or IAM answered instead of moto."""

    service: str
    operation: str
    principal: str
    at: datetime
    outcome: int
    error: str | None = None


class Recorder:
    """Keeps every call of a run."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._records: list[Record] = []

    def add(self, record: Record) -> None:
        with self._lock:
            self._records.append(record)

    @property
    def calls(self) -> list[Record]:
        with self._lock:
            return list(self._records)

    def select(
        self,
        service: str | None = None,
        operation: str | None = None,
        principal: str | None = None,
    ) -> list[Record]:
        """The calls that match everything given, oldest first."""
        wanted = {"service": service, "operation": operation, "principal": principal}
        return [
            call
            for call in self.calls
            if all(value is None or getattr(call, key) == value for key, value in wanted.items())
        ]

    def count(
        self,
        service: str | None = None,
        operation: str | None = None,
        principal: str | None = None,
    ) -> int:
        return len(self.select(service, operation, principal))

    def counts(self) -> Counter[tuple[str, str, str]]:
        """How often each (service, operation, principal) was called."""
        return Counter((call.service, call.operation, call.principal) for call in self.calls)

    def clear(self) -> None:
        with self._lock:
            self._records.clear()
