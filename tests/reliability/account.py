"""Slipway in the team's account on a bad day: what people do, and when all is quiet again.

`invocations`, `deliveries` and `calls` beside this file say how Lambda and Step Functions,
EventBridge, and the calls of AWS behave.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from chalicelib.model.targets import Target
from embedded.services.ecs import Lag
from example import conflicto
from rehearsal.rehearsal import rehearse
from tests.dialect.account import CLUSTER, REPOSITORY
from tests.fixtures.stored import plain
from tests.reliability.calls import CallFaultAccount
from tests.reliability.faults import Killed, deep_stack, without_frames
from tests.reliability.rules_and_schedules import key_of

_SWEEP_SECONDS = 600
_FIRST_SWEEP = 180


@dataclass(frozen=True)
class Push:
    """One push, whether or not Slipway heard of it."""

    at: datetime
    repository: str
    digest: str


@dataclass
class FaultyAccount(CallFaultAccount):
    """The account of the dialect, with the faults that the test chooses.

    `touched` says when somebody last acted on a service beside Slipway. `refusals` are the errors
    with which functions answered people for good.
    """

    pushes: list[Push] = field(default_factory=list)
    touched: dict[str, datetime] = field(default_factory=dict)
    refusals: list[str] = field(default_factory=list)
    planned: int = 0
    _looked: int = -1

    # What people do

    def push(self, *tags: str, build: str | None = None, repository: str = REPOSITORY) -> str:
        digest = conflicto.digest_of(build or tags[0])
        self.pushes.append(Push(self.clock.now(), repository, digest))
        return super().push(*tags, build=build, repository=repository)

    def later(self, seconds: float, act: Callable[[], object]) -> None:
        """Plan an act in `seconds`; the run does not end before it."""
        self.planned += 1

        def happens() -> None:
            self.planned -= 1
            act()

        self.clock.call_later(seconds, happens)

    def when(self, reached: Callable[[], object], act: Callable[[], object]) -> None:
        """Plan an act for the moment when `reached()`; it is asked every second."""

        def look() -> None:
            if reached():
                act()
            else:
                self.later(1, look)

        self.later(1, look)

    def insist(self, function: str, payload: Mapping[str, Any], tries: int = 60) -> None:
        """Somebody invokes a function, and tries again every minute until it answers."""
        reply: dict[str, Any] | None = None
        try:
            reply = self.invoke(function, payload)
        except (Exception, Killed) as error:
            self.crashes.append(without_frames(error))
        if reply is None or "Ask again" in reply.get("error", ""):
            if not tries:
                raise TimeoutError(f"{function} was not answered: {reply}")
            self.later(60, lambda: self.insist(function, payload, tries - 1))
        elif "error" in reply:
            self.refusals.append(f"{function} was refused: {reply['error']}")

    def touch(self, service: str) -> None:
        """Somebody acts on the service beside Slipway."""
        self.touched[service] = self.clock.now()

    def console(self, service: str, operation: str, **request: Any) -> None:
        """Somebody changes the service in the console."""
        self.touch(service)
        cluster, name = service.split("/")
        act = getattr(self.client("ecs"), operation)
        act(cluster=cluster, service=name, **request)

    def beside(self, name: str, act: Callable[[], object]) -> None:
        """Somebody changes a rule, or a `GROUP/NAME` schedule, beside Slipway."""
        kind, target = key_of(name)
        with self.rewriting(kind, name, target):
            act()

    # What there is to see

    def heads(self) -> dict[str, dict[str, Any]]:
        """HEAD of each service."""
        items = [plain(item) for item in self.stored()]
        return {item["pk"]: item for item in items if item["sk"] == "HEAD"}

    def quiet(self) -> bool:
        """Whether only the sweep will act again, and it has nothing to do."""
        if (
            self.planned
            or self._waiting
            or self.under_way
            or "RUNNING" in self.watchers.executions.values()
        ):
            return False
        if self._looked == len(self.points):
            return False  # the same as before
        self._looked = len(self.points)
        return not self.lost() and not any("open" in record for record in self.records())

    def lost(self) -> list[tuple[str, Push]]:
        """The newest push of every target that the sweep has still to find.

        A push from before the first meeting is never found: meeting a service deploys nothing.
        """
        newest = {push.repository: push for push in self.pushes}
        known = {(record["service"], record["digest"]) for record in self.records()}
        heads = self.heads()
        return [
            (target.name, push)
            for target in followed()
            if (push := newest.get(target.repository)) is not None
            and (target.name, push.digest) not in known
            and not (target.name in heads and _since(heads[target.name]) > push.at)
        ]

    def rest(self, limit: float = 4 * 3600) -> bool:
        """Let time pass until all is quiet, then another hour of sweeps; whether it was."""
        if not self.until(self.quiet, limit):
            return False
        self.advance(3600)
        return True

    # How it begins

    def begin_events(self, *, met: bool = True) -> None:
        """From now on events are delivered and the sweep runs; Slipway has `met` the services."""
        self.advance(240)
        if met:
            self.sweep()
            self.points.clear()
        self.advance(60)
        self.deliver = True
        self.clock.call_later(_FIRST_SWEEP, self._every_ten_minutes)

    def _every_ten_minutes(self) -> None:
        self.clock.call_later(_SWEEP_SECONDS, self._every_ten_minutes)
        self.nudge("sweep", self.scheduled())


def _since(head: Mapping[str, Any]) -> datetime:
    """The sweep looks for lost pushes from this moment on."""
    return max(datetime.fromisoformat(head[name]) for name in ("met", "order"))


def followed() -> Sequence[Target]:
    """The targets of the rehearsal that runs."""
    from chalicelib import wiring  # noqa: PLC0415 - its targets are those of this rehearsal

    return wiring.targets().all


@contextmanager
def faulty(targets: str, lag: Lag | None = None) -> Iterator[FaultyAccount]:
    """An account without services yet; no event is delivered before `begin_events`."""
    with deep_stack(), rehearse(targets, FaultyAccount, lag=lag) as account:
        account.deliver = False
        account.client("ecs").create_cluster(clusterName=CLUSTER)
        waits = SimpleNamespace(sleep=lambda seconds: account.hang(1.0 if seconds else 0.0))
        with patch("botocore.endpoint.time", waits):
            yield account
