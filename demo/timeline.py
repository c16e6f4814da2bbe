"""What happens in the embedded AWS, printed in the order of simulated time.

Each line begins with the minutes and seconds since the story began, which never run backwards. A
line is held back for a moment, since what happened before it may be reported after it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from rich.console import Console
from rich.table import Table
from rich.text import Text

from demo.lines import Line, Words, of_invocation, of_notice, without_passing_states
from demo.panel import panel, style_of
from embedded.services.lambda_.function import InvocationRecord
from embedded.services.sns import Notice

_LABEL = 19  # columns: "λ on_service_change"
_PERSON = "cyan"
_HELD_BACK = timedelta(seconds=1)
_BEGINS = ("PREPARING", "IN_PROGRESS")  # their notices are told by the subject alone
_END = datetime.max.replace(tzinfo=UTC)


class Clock(Protocol):
    """The simulated time."""

    def now(self) -> datetime: ...


class Account(Protocol):
    """What a timeline watches: the embedded AWS, or a test's."""

    @property
    def clock(self) -> Clock: ...
    @property
    def invocations(self) -> Sequence[InvocationRecord]: ...
    def notices(self) -> Sequence[Notice]: ...
    def subscribe(self, listener: Callable[[dict[str, Any]], None]) -> None: ...


class Timeline:
    """Prints what happens in `aws` from now on, whenever `show` is called.

    Of ECS' events, those of `cluster` only.
    """

    def __init__(self, aws: Account, console: Console, cluster: str) -> None:
        self._aws = aws
        self._console = console
        self._cluster = f"/{cluster}/"
        self._words = Words()
        self._lock = threading.Lock()
        self._lines: list[Line] = []
        self._invocations = len(aws.invocations)
        self._notices = len(aws.notices())
        self._zero = self._shown = aws.clock.now()
        aws.subscribe(self._on_event)

    def forget(self) -> None:
        """Drop what has happened so far, and begin to count the seconds."""
        with self._lock:
            self._lines.clear()
        self._zero = self._shown = self._aws.clock.now()

    def say(self, label: str, text: str, style: str = _PERSON) -> None:
        """Add a line of the story's own: what a person does."""
        with self._lock:
            self._lines.append(Line(self._aws.clock.now(), label, text, style))
        self.show()

    def show(self) -> None:
        """Print what happened until a moment ago."""
        self._print_until(self._aws.clock.now() - _HELD_BACK)

    def finish(self) -> None:
        """Print everything that has happened."""
        self._print_until(_END)

    def _print_until(self, moment: datetime) -> None:
        with self._lock:
            self._collect()
            due = sorted((each for each in self._lines if each.at <= moment), key=_time)
            self._lines = [each for each in self._lines if each.at > moment]
        for line in without_passing_states(due):
            self._print(line)

    def _collect(self) -> None:
        for record in self._aws.invocations[self._invocations :]:
            self._invocations += 1
            self._lines += of_invocation(record)
        for notice in self._aws.notices()[self._notices :]:
            self._notices += 1
            self._lines.append(of_notice(notice))

    def _print(self, line: Line) -> None:
        self._shown = max(self._shown, line.at)  # a line that comes too late still follows
        minutes, seconds = divmod(int((self._shown - self._zero).total_seconds()), 60)
        said = "" if line.style == _PERSON else line.style  # of a person, only the label stands out
        if line.notice:
            said = style_of(line.notice)
        row = Table.grid(padding=(0, 2, 0, 0))
        row.add_column(width=5)
        row.add_column(width=_LABEL)
        row.add_column(overflow="fold")
        row.add_row(
            Text(f"{minutes:02d}:{seconds:02d}", "dim"),
            Text(line.label, line.style or "blue"),
            Text(line.text, said),
        )
        self._console.print(row)
        if line.notice and line.notice.attributes.get("status") not in _BEGINS:
            self._console.print(panel(line.notice, self._console.width))

    def _on_event(self, event: dict[str, Any]) -> None:
        if event["source"] == "aws.ecs" and self._cluster not in event["resources"][0]:
            return
        with self._lock:
            self._lines += self._words.of_event(self._aws.clock.now(), event)


def _time(line: Line) -> datetime:
    return line.at
