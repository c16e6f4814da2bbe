"""The timeline: its clock never runs backwards, and nothing is lost in a narrow terminal."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from rich.console import Console

from demo.timeline import Timeline
from embedded.services.lambda_.function import InvocationRecord
from embedded.services.sns import Notice

START = datetime(2026, 3, 2, 10, tzinfo=UTC)
SERVICE = "conflicto-dev/conflicto-backend-service-dev"
BODY = f"""\
{SERVICE}: bad5678 failed and was rolled back.

What failed:
- 4 tasks, 14:44:44 to 14:45:01 UTC: container conflicto-backend exited with code 1 (ran 6 s)

Digest:     sha256:{"c22d07d8" * 8}
"""


def after(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


@dataclass
class Account:
    """An account in which only a test makes things happen, at whatever times it likes."""

    time: datetime = START
    invocations: list[InvocationRecord] = field(default_factory=list)
    published: list[Notice] = field(default_factory=list)
    listeners: list[Callable[[dict[str, Any]], None]] = field(default_factory=list)

    @property
    def clock(self) -> Account:
        return self

    def now(self) -> datetime:
        return self.time

    def notices(self) -> list[Notice]:
        return self.published

    def subscribe(self, listener: Callable[[dict[str, Any]], None]) -> None:
        self.listeners.append(listener)

    def push(self, tag: str) -> None:
        detail = {"action-type": "PUSH", "repository-name": "backend", "image-tag": tag}
        self.hears({"source": "aws.ecr", "detail-type": "ECR Image Action", "detail": detail})

    def hears(self, event: dict[str, Any]) -> None:
        for listener in self.listeners:
            listener(event)

    def task(self, at: float, state: str, code: int | None = None, **more: Any) -> None:
        """The only task of revision 4 that RunTask started is in this state, from then on."""
        self.time = after(at)
        command = {"name": "backend", "command": ["manage.py", "migrate"]}
        detail = {
            "taskArn": "arn:aws:ecs:x:1:task/conflicto-dev/1",
            "taskDefinitionArn": "arn:aws:ecs:x:1:task-definition/backend:4",
            "group": "family:backend",
            "lastStatus": state,
            "overrides": {"containerOverrides": [command]},
            "containers": [{"name": "backend"} | ({} if code is None else {"exitCode": code})],
            **more,
        }
        event = {"source": "aws.ecs", "detail-type": "ECS Task State Change", "detail": detail}
        self.hears({**event, "resources": [detail["taskArn"]]})

    def invoke(self, began: float, seconds: float, reason: str, outcome: str = "ignored") -> None:
        """A function that began then, and whose end is reported now."""
        self.invocations.append(
            InvocationRecord(
                function="slipway-dev-on_image_push",
                request_id="r",
                started=after(began),
                duration_ms=seconds * 1000,
                init_ms=None,
                error=None,
                payload={},
                response={"outcomes": [{"outcome": outcome, "reason": reason}]},
                memory_mb=None,
                lines=(),
            )
        )

    def publish(self, at: float, subject: str, status: str, body: str = "") -> None:
        self.published.append(Notice("t", subject, body, {"status": status}, after(at)))


class Screen:
    """A timeline of an account on a terminal so many columns wide."""

    def __init__(self, width: int = 80) -> None:
        self.account = Account()
        self._output = io.StringIO()
        console = Console(file=self._output, width=width, highlight=False)
        self.timeline = Timeline(self.account, console, "conflicto-dev")

    @property
    def lines(self) -> list[str]:
        return [line.rstrip() for line in self._output.getvalue().splitlines()]

    def clock(self) -> list[str]:
        return re.findall(r"^\d\d:\d\d", self._output.getvalue(), flags=re.M)


def test_what_is_reported_late_is_printed_in_the_order_of_its_time() -> None:
    screen = Screen()
    screen.account.time = after(9)
    screen.account.publish(4, "being deployed", "IN_PROGRESS")
    screen.account.invoke(1, 2, "not a tag that deploys")
    screen.account.publish(8, "a later notice", "IN_PROGRESS")
    screen.account.publish(6, "an earlier notice", "IN_PROGRESS")
    screen.timeline.finish()
    assert [line[:5] for line in screen.lines] == ["00:03", "00:04", "00:06", "00:08"]
    assert "not a tag that deploys" in screen.lines[0]
    assert "a later notice" in screen.lines[-1]


def test_a_line_waits_a_moment_for_what_happened_before_it() -> None:
    screen = Screen()
    screen.account.time = after(5)
    screen.account.push("second")
    screen.timeline.show()
    assert screen.lines == []
    screen.account.publish(4, "first", "IN_PROGRESS")
    screen.account.time = after(6.5)
    screen.timeline.show()
    assert [line.split()[-1] for line in screen.lines] == ["first", "backend:second"]


def test_a_hook_that_waits_for_a_person_is_shown_with_its_stage() -> None:
    screen = Screen()
    detail = {
        "eventType": "INFO",
        "eventName": "HOOK_AWAITING_ACTION",
        "lifecycleStage": "POST_SCALE_UP",
        "clusterArn": "arn:aws:ecs:us-west-2:123456789012:cluster/conflicto-dev",
    }
    hook = {"source": "aws.ecs", "detail-type": "ECS Hook State Change", "detail": detail}
    screen.account.hears({**hook, "resources": [f"arn:aws:ecs:x:1:service-deployment/{SERVICE}/1"]})
    screen.timeline.finish()
    assert screen.lines[-1].endswith("HOOK_AWAITING_ACTION in stage POST_SCALE_UP")


def test_a_standalone_task_has_lines_of_its_own_with_its_command_and_its_end() -> None:
    screen = Screen()
    for at, state in enumerate(("PROVISIONING", "PENDING", "RUNNING")):
        screen.account.task(2 * at, state)
    screen.account.task(9, "DEPROVISIONING", 1)
    screen.account.task(12, "STOPPED", 1)
    screen.timeline.finish()
    assert [line.split(maxsplit=1)[1] for line in screen.lines] == [
        "task                 :4 manage.py migrate: provisioning ●",
        "task                 :4 manage.py migrate: pending ●",
        "task                 :4 manage.py migrate: running ●",
        "task                 :4 manage.py migrate: exited with code 1",
    ]


def test_a_standalone_task_that_never_ran_says_why() -> None:
    screen = Screen(120)
    screen.account.task(0, "PENDING")
    screen.account.task(3, "STOPPED", stoppedReason="CannotPullContainerError: not found")
    screen.timeline.finish()
    assert screen.lines[-1].endswith("migrate: CannotPullContainerError: not found")


@pytest.mark.parametrize(
    ("status", "framed"),
    [("PREPARING", False), ("IN_PROGRESS", False), ("FAILED", True), ("HELD", True)],
)
def test_a_notice_that_something_begins_is_told_by_its_subject_alone(
    status: str, framed: bool
) -> None:
    screen = Screen()
    screen.account.publish(1, "a subject", status, BODY)
    screen.timeline.finish()
    assert screen.lines[0].endswith("a subject")
    assert any(line.startswith("╭") for line in screen.lines) is framed


@pytest.mark.parametrize("late", [0, 1, 7])
def test_the_clock_never_runs_backwards_however_late_a_line_comes(late: float) -> None:
    screen = Screen()
    screen.account.time = after(10)
    screen.account.push("first")
    screen.timeline.finish()
    screen.account.publish(late, "late", "IN_PROGRESS")
    screen.timeline.finish()
    assert screen.clock() == ["00:10", "00:10"]
    assert screen.lines[-1].endswith("late")


def test_the_clock_goes_on_from_one_act_to_the_next() -> None:
    screen = Screen()
    for seconds in (3, 65, 130):
        screen.account.time = after(seconds)
        screen.timeline.say("a person", "does something")
        screen.timeline.finish()
    assert screen.clock() == ["00:03", "01:05", "02:10"]


def test_what_happened_before_the_story_is_dropped_and_the_clock_begins_there() -> None:
    screen = Screen()
    screen.account.push("before")
    screen.account.time = after(50)
    screen.timeline.forget()
    screen.account.push("after")
    screen.timeline.finish()
    assert screen.clock() == ["00:00"]
    assert "after" in screen.lines[0]


@pytest.mark.parametrize("width", [75, 80, 120])
def test_nothing_is_cut_and_a_long_line_goes_on_below_its_own_text(width: int) -> None:
    screen = Screen(width)
    words = "the tag 'latest' is outside the rule " + " ".join(f"word{n}" for n in range(30))
    screen.account.invoke(0, 1, words)
    screen.account.publish(2, f"{SERVICE}: bad5678 failed", "ROLLBACK_SUCCESSFUL", BODY)
    screen.timeline.finish()
    text = "\n".join(screen.lines)
    assert "…" not in text
    assert max(len(line) for line in screen.lines) <= width
    first, second, *_ = screen.lines
    assert second.startswith(" " * first.index("ignored:") + "word")
    assert all(f"word{n}" in text for n in range(30))
    framed = re.sub(r"\s*│\n│\s*", "", text)
    assert "c22d07d8" * 8 in framed
    (failed,) = [n for n, line in enumerate(screen.lines) if "- 4 tasks" in line]
    if width < 120:
        assert screen.lines[failed + 1].startswith("│    ")


def test_what_a_sweep_tells_has_a_reason_and_no_status() -> None:
    screen = Screen()
    screen.account.invoke(0, 1, "nothing is deployed on meeting it", outcome="met")
    screen.timeline.finish()
    assert "met: nothing is deployed on meeting it" in screen.lines[0]
