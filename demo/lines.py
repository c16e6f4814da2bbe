"""Events, invocations and notices of the embedded AWS -> lines for a person to read."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from embedded.services.lambda_.function import InvocationRecord
from embedded.services.sns import Notice

_TASK_STATES = (
    "PROVISIONING", "PENDING", "ACTIVATING", "RUNNING", "DEACTIVATING", "STOPPING",
    "DEPROVISIONING",
)  # fmt: skip
_MOVING = ("task", "tasks")  # the labels of lines that tell states of tasks


@dataclass(frozen=True)
class Line:
    """One line of the timeline, at a simulated moment."""

    at: datetime
    label: str
    text: str
    style: str = ""
    notice: Notice | None = None


@dataclass
class Words:
    """Puts the events of the event bus into lines; remembers the states of the tasks.

    A service's tasks are counted together. A standalone task has lines of its own, the last of
    which says how its command ended.
    """

    states: dict[str, tuple[str, str]] = field(default_factory=dict)
    last: str = ""
    ended: set[str] = field(default_factory=set)

    def of_event(self, at: datetime, event: dict[str, Any]) -> Iterator[Line]:
        """The lines that an event is worth, none for most kinds."""
        detail = event["detail"]
        match event["detail-type"]:
            case "ECR Image Action":
                name = f"{detail['repository-name']}:{detail.get('image-tag', '(no tag)')}"
                yield Line(at, "ECR event", f"{detail['action-type']} {name}", "magenta")
            case "ECS Deployment State Change":
                style = "red" if detail["eventType"] == "ERROR" else "magenta"
                yield Line(at, "ECS event", _named_event(detail), style)
            case "ECS Hook State Change":
                style = "red" if detail["eventType"] == "ERROR" else "magenta"
                stage = detail["lifecycleStage"]
                yield Line(at, "ECS event", f"{detail['eventName']} in stage {stage}", style)
            case "ECS Service Action" if detail["eventType"] != "INFO":
                yield Line(at, "ECS event", _named_event(detail), "red")
            case "ECS Task State Change" if detail["group"].startswith("service:"):
                yield from self._of_task(at, detail)
            case "ECS Task State Change":
                yield from self._of_standalone(at, detail)

    def _of_task(self, at: datetime, detail: dict[str, Any]) -> Iterator[Line]:
        revision = f":{_revision(detail)}"
        task, state = detail["taskArn"], detail["lastStatus"]
        if state == "STOPPED":
            self.states.pop(task, None)
            if why := _why_stopped(detail):
                yield Line(at, "tasks", f"a task of {revision} stopped: {why}", "red")
        else:
            self.states[task] = (revision, state)
        now = self._all_tasks()
        if now != self.last:
            self.last = now
            if now:
                yield Line(at, "tasks", now)

    def _of_standalone(self, at: datetime, detail: dict[str, Any]) -> Iterator[Line]:
        task, state = detail["taskArn"], detail["lastStatus"]
        name = f":{_revision(detail)} {_command(detail)}"
        if task in self.ended:
            return
        if (codes := _exit_codes(detail)) or state == "STOPPED":
            self.ended.add(task)
            containers = detail["containers"]
            well = {each.get("exitCode") for each in containers} == {0}
            if codes and len(containers) == 1:
                codes = f"exited with code {containers[0]['exitCode']}"
            why = codes or detail.get("stoppedReason", "")
            yield Line(at, "task", f"{name}: {why}", "" if well else "red")
        else:
            yield Line(at, "task", f"{name}: {state.lower()} ●")

    def _all_tasks(self) -> str:
        """How many tasks of each revision are in each state."""
        counted = Counter(self.states.values())
        revisions = sorted({revision for revision, _ in counted}, key=_number)
        return "     ".join(
            f"{revision} "
            + " ".join(
                f"{state.lower()} {'●' * count}"
                for state in _TASK_STATES
                if (count := counted[revision, state])
            )
            for revision in revisions
        )


def of_notice(notice: Notice) -> Line:
    return Line(notice.at, "notice", notice.subject or "", notice=notice)


def of_invocation(record: InvocationRecord) -> Iterator[Line]:
    """What a function did, at the time when it ended; nothing for a poll that found no news."""
    function = record.function.split("-", 2)[-1]
    ended = record.started + timedelta(milliseconds=record.duration_ms + (record.init_ms or 0))
    if record.error:
        yield Line(ended, f"λ {function}", f"{record.error}: {record.response}", "red")
        return
    took = f"({record.duration_ms:.0f} ms{', cold start' if record.cold else ''})"
    for outcome in (record.response or {}).get("outcomes", ()):
        if outcome["outcome"] != "ignored" or function == "on_image_push":
            said = outcome.get("status") or outcome.get("reason", "")
            yield Line(ended, f"λ {function}", f"{outcome['outcome']}: {said}  {took}", "dim")


def without_passing_states(lines: Sequence[Line]) -> Iterator[Line]:
    """Of tasks that move several times within a second, only where they came to."""
    for line, later in itertools.pairwise(lines):
        both_move = line.label == later.label in _MOVING and not line.style and not later.style
        if not both_move or (later.at - line.at).total_seconds() >= 1:
            yield line
    yield from lines[-1:]


def _named_event(detail: dict[str, Any]) -> str:
    """The event's name and reason, without the deployment's id of 19 digits."""
    name = detail["eventName"].removeprefix("SERVICE_")
    reason = re.sub(r"( to deploymentId)? ecs-svc/\d+", "", detail.get("reason", ""))
    return f"{name}: {reason}" if reason else name


def _number(revision: str) -> int:
    return int(revision.rsplit(":", 1)[1])


def _revision(detail: dict[str, Any]) -> str:
    return str(detail["taskDefinitionArn"].rsplit(":", 1)[1])


def _command(detail: dict[str, Any]) -> str:
    """The command that a standalone task runs instead of its image's; else its group."""
    overrides = detail.get("overrides", {}).get("containerOverrides", ())
    commands = [" ".join(each["command"]) for each in overrides if each.get("command")]
    return ", ".join(commands) or str(detail["group"])


def _exit_codes(detail: dict[str, Any]) -> str:
    return ", ".join(
        f"{container['name']} exited with code {container['exitCode']}"
        for container in detail.get("containers", ())
        if container.get("exitCode") is not None
    )


def _why_stopped(detail: dict[str, Any]) -> str:
    """Why, when the task did not stop because it was replaced."""
    if detail.get("stopCode") == "ServiceSchedulerInitiated":
        return ""
    return _exit_codes(detail) or str(detail.get("stoppedReason", ""))
