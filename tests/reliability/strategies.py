"""The flows of services whose rollouts move traffic, wait for hooks and people, or are Express."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from embedded.services.ecs import Crash
from example import conflicto
from example.strategies import FUNCTIONS, balanced, hook, pause
from tests.dialect.account import BY_HAND
from tests.reliability.account import FaultyAccount
from tests.reliability.flow import (
    BAD,
    FIRST,
    GOOD,
    NEWER,
    NOT_SUPERSEDED,
    SUPERSEDED,
    Flow,
)
from tests.reliability.history import CLOSED
from tests.reliability.people import go_back, push, push_bad, push_newer

BLUE_GREEN: Mapping[str, Any] = {"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 1}
LINEAR: Mapping[str, Any] = {
    "strategy": "LINEAR",
    "linearConfiguration": {"stepPercent": 50.0, "stepBakeTimeInMinutes": 1},
    "bakeTimeInMinutes": 1,
}
CANARY: Mapping[str, Any] = {
    "strategy": "CANARY",
    "canaryConfiguration": {"canaryPercent": 10.0, "canaryBakeTimeInMinutes": 1},
    "bakeTimeInMinutes": 1,
}
_WATCHED: Mapping[str, Any] = {"bakeTimeInMinutes": 3}
_STEPS: Mapping[str, Any] = {
    "strategy": "LINEAR",
    "linearConfiguration": {"stepPercent": 50.0, "stepBakeTimeInMinutes": 0},
    "bakeTimeInMinutes": 1,
}
_PAUSE_MINUTES = 60  # until ECS rolls it back by itself
_UNDER_TRAFFIC = {BAD: Crash(exit_code=1, after=20, under_traffic=True)}
_NEWER_SECONDS = 60  # green has a tenth of the traffic by then


def served(strategy: Mapping[str, Any], name: str = "backend", **more: Any) -> dict[str, Any]:
    """The settings of `conflicto.add_service` for a service whose traffic ECS shifts."""
    settings = balanced(strategy, **more)
    for balancer in settings["loadBalancers"]:
        balancer["containerName"] = f"conflicto-{name}"
    return settings


def paused(record: Mapping[str, Any]) -> bool:
    """Whether ECS waits for a person in the rollout of a record, as far as the record tells."""
    known = record.get("pause") or {}
    return record["status"] == "IN_PROGRESS" and bool(known) and not known.get("ended")


def _continued(account: FaultyAccount) -> None:
    account.push(GOOD)
    _answered(account, GOOD, "newest")


def _refused(account: FaultyAccount) -> None:
    account.push(GOOD)
    _answered(account, GOOD, "none")


def _newer_waits(account: FaultyAccount) -> None:
    """A newer image is pushed during the pause; it pauses in its turn."""
    account.push(GOOD)
    account.when(lambda: _waiting(account, GOOD), lambda: account.push(NEWER))
    _answered(account, GOOD, "newest", after=120)
    _answered(account, NEWER, "newest")


def _each_continued(account: FaultyAccount) -> None:
    """ECS waits for a person before each part of the traffic."""
    account.push(GOOD)
    _each_answered(account, frozenset())


def _each_answered(account: FaultyAccount, before: frozenset[str]) -> None:
    """Plan that a person continues each pause, except those of these hooks."""

    def waits() -> dict[str, Any] | None:
        record = _waiting(account, GOOD)
        return record if record and not before & set(record["pause"]["hooks"]) else None

    def answer() -> None:
        record = waits()
        if record is not None:
            _answer(account, record, "newest")
            _each_answered(account, before | set(record["pause"]["hooks"]))

    def over() -> bool:
        return any(record["status"] in CLOSED for record in account.records())

    account.when(lambda: waits() or over(), answer)


def _waiting(account: FaultyAccount, build: str) -> dict[str, Any] | None:
    """The record of a build while ECS waits for a person in its rollout."""
    digest = conflicto.digest_of(build)
    known = (record for record in account.records() if record["digest"] == digest)
    return next(filter(paused, known), None)


def _answered(account: FaultyAccount, build: str, deploy: str, after: float = 1) -> None:
    """Plan that a person answers so many seconds after Slipway knows of the pause."""

    def answer() -> None:
        record = _waiting(account, build)
        if record is not None:
            _answer(account, record, deploy)

    account.when(lambda: _waiting(account, build), lambda: account.later(after, answer))


def _answer(account: FaultyAccount, record: Mapping[str, Any], deploy: str) -> None:
    named = {"deployment": record["id"], "stage": record["pause"]["stage"]}
    account.insist("release", {**named, **BY_HAND, "deploy": deploy})


STRATEGIES: dict[str, Flow] = {
    "blue-green": Flow(push, ((GOOD, "SUCCESSFUL"),), service=served(BLUE_GREEN)),
    "linear": Flow(push, ((GOOD, "SUCCESSFUL"),), service=served(LINEAR)),
    "canary": Flow(push, ((GOOD, "SUCCESSFUL"),), service=served(CANARY)),
    "crash under traffic": Flow(
        push_bad,
        ((BAD, "ROLLBACK_SUCCESSFUL"),),
        service=served(CANARY, **_WATCHED),
        breaks=_UNDER_TRAFFIC,
    ),
    "hook fails": Flow(
        push_bad,
        ((BAD, "ROLLBACK_SUCCESSFUL"),),
        service=served(LINEAR, **hook("fails")),
        functions=FUNCTIONS,
    ),
    "superseded under traffic": Flow(
        push_newer(_NEWER_SECONDS),
        SUPERSEDED,
        otherwise=NOT_SUPERSEDED,
        service=served(CANARY, **_WATCHED),
    ),
    "pause continued": Flow(
        _continued,
        ((GOOD, "SUCCESSFUL"),),
        service=served(BLUE_GREEN, **pause(_PAUSE_MINUTES)),
        refuses=False,
    ),
    "pause rolled back": Flow(
        _refused,
        ((GOOD, "ROLLBACK_SUCCESSFUL"),),
        service=served(BLUE_GREEN, **pause(_PAUSE_MINUTES)),
        refuses=False,
    ),
    "push while paused": Flow(
        _newer_waits,
        ((GOOD, "SUPERSEDED"), (NEWER, "SUCCESSFUL")),  # the newer goes once the pause is over
        otherwise=(
            ((GOOD, "SUCCESSFUL"), (NEWER, "SUCCESSFUL")),  # it was live before the newer began
        ),
        service=served(BLUE_GREEN, **pause(_PAUSE_MINUTES)),
        refuses=False,
    ),
    "pause at each step": Flow(
        _each_continued,
        ((GOOD, "SUCCESSFUL"),),
        service=served(_STEPS, **pause(_PAUSE_MINUTES, "PRE_PRODUCTION_TRAFFIC_SHIFT")),
        refuses=False,
    ),
    "express": Flow(push, ((GOOD, "SUCCESSFUL"),), express=True),
    "express set back": Flow(
        go_back(), ((GOOD, "SUCCESSFUL"), (FIRST, "SUCCESSFUL")), express=True
    ),
}
