"""A team's day for the dashboard's pictures: five services, rehearsed on a virtual clock.

`python -m demo screenshots` plays it. What the pages show is what Slipway's own functions reply.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, cast

from chalicelib.errors import Refused
from cli.dashboard.stages import Open
from cli.functions import Functions
from embedded.services.ecs import Crash, SlowStart
from example import conflicto
from example.strategies import balanced
from rehearsal.rehearsal import Rehearsal, rehearse

NAMES = ("backend", "web", "worker", "search", "mail")
_LOG = (
    "Booting worker with pid: 8",
    "Connecting to conflicto-orders.cluster-c9x.us-west-2.rds.amazonaws.com:5432",
    "django.core.exceptions.ImproperlyConfigured: ORDERS_QUEUE_URL is not set",
)
_TARGET = """
[[target]]
repository = "conflicto-{name}-{{env}}"
cluster    = "conflicto-{{env}}"
service    = "conflicto-{name}-service-{{env}}"
log_groups = ["/ecs/conflicto-{name}-{{env}}"]
pass_roles = ["arn:aws:iam::*:role/conflicto-*"]
"""
_CANARY = {
    "strategy": "CANARY",
    "canaryConfiguration": {"canaryPercent": 10.0, "canaryBakeTimeInMinutes": 2},
    "bakeTimeInMinutes": 2,
}
_HOUR = 3_600.0
_MORNING = (  # hours until a push, the service, its tag
    (1.5, "backend", "4be71d0"),
    (0.7, "web", "91c0aa3"),
    (2.1, "worker", "7d20f5e"),
    (0.4, "search", "c3388b1"),
    (1.2, "backend", "a92c4f7"),
    (0.2, "mail", "5e0d9b2"),
)


class Team:
    """What happens to the services, push by push."""

    def __init__(self, account: Rehearsal) -> None:
        self.account = account

    def start(self) -> None:
        """Make the cluster and its services."""
        self.account.client("ecs").create_cluster(clusterName="conflicto-dev")
        self.account.deliver = False
        for name in NAMES:
            more = balanced(_CANARY) if name == "web" else {"desiredCount": 3}
            conflicto.add_service(self.account.client, name, "gunicorn_fargate", **more)
        self.account.advance(300)
        self.account.deliver = True

    def push(self, name: str, tag: str) -> str:
        return conflicto.push(self.account.client, f"conflicto-{name}-dev", [tag])

    def live(self, name: str, tag: str) -> str:
        """Push, and wait for the end; the deployment's id."""
        return str(self.account.settle(service(name), self.push(name, tag))["deployment"])

    def morning(self) -> None:
        """A push now and then; all are well."""
        for hours, name, tag in _MORNING:
            self.account.advance(hours * _HOUR)
            self.live(name, tag)

    def noon(self) -> None:
        """One push crashes, one service is rolled back by hand, and a push waits behind that."""
        self.account.ecs.faults.image(
            conflicto.digest_of("e61b3c8"), Crash(exit_code=1, after=3, logs=_LOG)
        )
        self.live("backend", "e61b3c8")
        self.live("worker", "d41f6a9")
        why = {"by": "Admin/on-call", "why": "orders are charged twice"}
        self.account.invoke("rollback", {"service": service("worker"), **why})
        self.account.advance(240)
        self.push("worker", "f0c7e15")
        self.account.advance(90)

    def now(self) -> None:
        """A rollout moves its first traffic, and another one starts slowly."""
        self.account.ecs.faults.image(conflicto.digest_of("b7745d2"), SlowStart(60))
        self.push("web", "2f8e6b4")
        self.account.advance(150)
        self.push("search", "b7745d2")
        self.account.advance(40)


@contextmanager
def day() -> Iterator[tuple[Team, dict[str, tuple[str, Open]]]]:
    """The team's dev at this moment, and its stages; of prod, only the board is known."""
    with _team() as earlier:
        earlier.morning()
        board = json.dumps(earlier.account.invoke("status", {"board": True}))
    with _team() as team:
        team.morning()
        team.noon()
        team.now()
        kept = json.loads(board.replace("-dev", "-prod"))
        kept["at"] = team.account.clock.now().isoformat()
        prod = _Kept(kept)
        yield team, {"dev": ("dev", _given(_Live(team.account))), "prod": ("prod", _given(prod))}


def service(name: str) -> str:
    return f"conflicto-dev/conflicto-{name}-service-dev"


@contextmanager
def _team() -> Iterator[Team]:
    targets = "".join(_TARGET.format(name=name) for name in NAMES) + "\n[environment.dev]\n"
    with rehearse(targets, Rehearsal) as account:
        team = Team(account)
        team.start()
        yield team


class _Live:
    """The functions of the rehearsal, one call at a time."""

    def __init__(self, account: Rehearsal) -> None:
        self._account = account
        self._one = threading.Lock()

    def call(self, function: str, payload: Mapping[str, Any]) -> dict[str, Any]:
        with self._one:
            reply = self._account.invoke(function, payload)
        return dict(json.loads(json.dumps(reply)))

    def identity(self) -> str:
        return "Admin/on-call"


class _Kept:
    """A board of earlier the same day."""

    def __init__(self, board: dict[str, Any]) -> None:
        self._board = board

    def call(self, _: str, payload: Mapping[str, Any]) -> dict[str, Any]:
        if "board" not in payload or "service" in payload:
            raise Refused("Of this stage, the pictures show only the board")
        return self._board

    def identity(self) -> str:
        return "Admin/on-call"


def _given(functions: _Live | _Kept) -> Open:
    return lambda: cast("Functions", functions)
