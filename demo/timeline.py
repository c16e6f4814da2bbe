"""What happens in the embedded AWS, as lines that a person enjoys reading.

Events, invocations and notices are collected as they happen and printed in the order of simulated
time, each with the minutes and seconds since the story's act began.
"""

from __future__ import annotations

import itertools
import re
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.panel import Panel
from rich.text import Text

from embedded.account import EmbeddedAws
from embedded.services.lambda_.function import InvocationRecord
from embedded.services.sns import Notice

_LABEL = 21
_STYLES = {
    "SUCCESSFUL": "bold green",
    "ROLLBACK_SUCCESSFUL": "bold yellow",
    "ROLLBACK_IN_PROGRESS": "bold red",
    "FAILED": "bold red",
    "ROLLBACK_FAILED": "bold red",
}
_ORDER = (
    "PROVISIONING", "PENDING", "ACTIVATING", "RUNNING", "DEACTIVATING", "STOPPING",
    "DEPROVISIONING",
)  # fmt: skip


@dataclass(frozen=True)
class Line:
    """One line of the timeline, at a simulated moment."""

    at: datetime
    label: str
    text: str
    style: str = ""
    notice: Notice | None = None


@dataclass
class Tasks:
    """The state of every task, from ECS' task events, as one line."""

    states: dict[str, tuple[str, str]] = field(default_factory=dict)
    shown: str = ""

    def see(self, detail: dict[str, Any]) -> Iterator[tuple[str, str]]:
        """(text, style) of the lines that one event is worth."""
        revision = ":" + detail["taskDefinitionArn"].rsplit(":", 1)[1]
        task, state = detail["taskArn"], detail["lastStatus"]
        if state == "STOPPED":
            self.states.pop(task, None)
            if why := _why_stopped(detail):
                yield f"a task of {revision} stopped: {why}", "red"
        else:
            self.states[task] = (revision, state)
        now = self._line()
        if now != self.shown:
            self.shown = now
            yield now, ""

    def _line(self) -> str:
        counted = Counter(self.states.values())
        revisions = sorted({revision for revision, _ in counted}, key=_number)
        return "     ".join(
            f"{revision} "
            + " ".join(
                f"{state.lower()} {'●' * count}"
                for state in _ORDER
                if (count := counted[revision, state])
            )
            for revision in revisions
        )


def _short(reason: str) -> str:
    """Deployment ids by their last digits: nobody reads the other fifteen."""
    return re.sub(r"ecs-svc/\d*(\d{4})", r"ecs-svc/…\1", reason)


def _number(revision: str) -> int:
    return int(revision.rsplit(":", 1)[1])


def _why_stopped(detail: dict[str, Any]) -> str:
    """Why, when the task did not stop because it was replaced."""
    if detail.get("stopCode") == "ServiceSchedulerInitiated":
        return ""
    codes = [
        f"{container['name']} exited with code {container['exitCode']}"
        for container in detail.get("containers", ())
        if container.get("exitCode") is not None
    ]
    return ", ".join(codes) or str(detail.get("stoppedReason", ""))


class Timeline:
    """Prints what happens in `aws` from now on, whenever `show` is called.

    Of ECS' events, those of `cluster` only.
    """

    def __init__(self, aws: EmbeddedAws, console: Console, cluster: str) -> None:
        self._cluster = f"/{cluster}/"
        self._aws = aws
        self._console = console
        self._tasks = Tasks()
        self._lock = threading.Lock()
        self._lines: list[Line] = []
        self._invocations = len(aws.invocations)
        self._notices = len(aws.notices())
        self._zero = aws.clock.now()
        aws.subscribe(self._on_event)

    def restart(self) -> None:
        """Count the minutes and seconds from now."""
        self._zero = self._aws.clock.now()

    def forget(self) -> None:
        """Drop what has happened so far: the story begins now."""
        with self._lock:
            self._lines.clear()
        self.restart()

    def say(self, label: str, text: str, style: str = "cyan") -> None:
        """Add a line of the story's own: what a person does."""
        with self._lock:
            self._lines.append(Line(self._aws.clock.now(), label, text, style))
        self.show()

    def show(self) -> None:
        """Print what has come since the last call."""
        with self._lock:
            lines, self._lines = self._lines, []
        for record in self._aws.invocations[self._invocations :]:
            self._invocations += 1
            lines += _invocation(record)
        for notice in self._aws.notices()[self._notices :]:
            self._notices += 1
            lines.append(Line(notice.at, "notice", notice.subject or "", notice=notice))
        for line in _settled(sorted(lines, key=lambda line: line.at)):
            self._print(line)

    def _print(self, line: Line) -> None:
        minutes, seconds = divmod(int((line.at - self._zero).total_seconds()), 60)
        text = Text.assemble(
            (f"  {max(0, minutes):02d}:{seconds:02d}  ", "dim"),
            (f"{line.label:<{_LABEL}}", line.style or "blue"),
            (line.text, line.style if line.style != "cyan" else ""),
        )
        self._console.print(text, no_wrap=True, overflow="ellipsis", crop=True)
        if line.notice is not None and line.notice.attributes.get("status") != "IN_PROGRESS":
            self._console.print(_panel(line.notice))

    def _on_event(self, event: dict[str, Any]) -> None:
        if event["source"] == "aws.ecs" and self._cluster not in event["resources"][0]:
            return
        with self._lock:
            self._lines += self._words(event)

    def _words(self, event: dict[str, Any]) -> Iterator[Line]:
        at, detail = self._aws.clock.now(), event["detail"]
        kind = event["detail-type"]
        if kind == "ECR Image Action":
            name = f"{detail['repository-name']}:{detail.get('image-tag', '(no tag)')}"
            yield Line(at, "ECR event", f"{detail['action-type']} {name}", "magenta")
        elif kind == "ECS Deployment State Change":
            bad = detail["eventType"] == "ERROR"
            name = detail["eventName"].removeprefix("SERVICE_")
            yield Line(
                at, "ECS event", f"{name}: {_short(detail['reason'])}", "red" if bad else "magenta"
            )
        elif kind == "ECS Service Action" and detail["eventType"] != "INFO":
            text = f"{detail['eventName']}: {detail.get('reason', '')}"
            yield Line(at, "ECS event", text, "red")
        elif kind == "ECS Task State Change":
            for text, style in self._tasks.see(detail):
                yield Line(at, "tasks", text, style)


def _settled(lines: list[Line]) -> Iterator[Line]:
    """Of tasks that move in one second, only where they came to."""
    for line, later in itertools.pairwise(lines):
        both_move = line.label == later.label == "tasks" and not line.style and not later.style
        if not both_move or (later.at - line.at).total_seconds() >= 1:
            yield line
    yield from lines[-1:]


def _invocation(record: InvocationRecord) -> Iterator[Line]:
    """What one function did, where it did something; polls that saw no news stay silent."""
    function = record.function.split("-", 2)[-1]
    if record.error:
        yield Line(record.started, f"λ {function}", f"{record.error}: {record.response}", "red")
        return
    took = f"({record.duration_ms:.0f} ms{', cold start' if record.cold else ''})"
    for outcome in (record.response or {}).get("outcomes", ()):
        said = outcome.get("reason", "") if outcome["outcome"] == "ignored" else outcome["status"]
        if outcome["outcome"] != "ignored" or function == "on_image_push":
            text = f"{outcome['outcome']}: {said}  {took}"
            yield Line(record.started, f"λ {function}", text, "dim")


def _panel(notice: Notice) -> Panel:
    style = _STYLES.get(notice.attributes.get("status", ""), "blue")
    return Panel(
        Text(notice.body),
        title=Text(f"✉  {notice.subject}", style=style),
        title_align="left",
        border_style=style.removeprefix("bold "),
        padding=(0, 2),
    )
