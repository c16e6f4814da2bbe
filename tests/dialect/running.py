"""The dialect where targets have `before` and `after`: what their commands do, and what ran."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from embedded.services.ecs import Exits, Fault, Lag
from tests.dialect.account import CLUSTER, FAMILY
from tests.dialect.ran import Ran, at_once, misreported, ran, repeated, uncounted
from tests.dialect.rehearsed import TARGETS, RehearsedAccount, rehearsed
from tests.fixtures.stored import plain

BEFORE = TARGETS + 'before = {command = ["manage", "migrate"], timeout = "5m"}\n'
AFTER = TARGETS + 'after = {command = ["smoke", "--all"], timeout = "3m"}\n'
BOTH = BEFORE + AFTER.removeprefix(TARGETS)
MIGRATES, SMOKES = ("manage", "migrate"), ("smoke", "--all")
# SLIPWAY_SEED=2 plays them with another lag than 1.
_LAG = Lag(seed=f"before {os.environ.get('SLIPWAY_SEED', '1')}")
LAGS = pytest.mark.parametrize("lag", [None, _LAG], ids=["at-once", "lagging"])


@contextmanager
def deploying(targets: str, lag: Lag | None = None, **service: Any) -> Iterator[RehearsedAccount]:
    """The team's account; in the end no command ran twice, or beside another, or is told wrongly.

    That is told by what the embedded ECS ran.
    """
    with rehearsed(targets, lag, **service) as account:
        yield account
        account.advance(1800)
        runs = ran(account.events)
        owner = {record["id"]: record["service"] for record in account.records()}
        assert repeated(runs) == []
        for service_name in set(owner.values()):
            own = [run for run in runs if owner[run.deployment] == service_name]
            assert list(at_once(run for run in own if run.kind == "before")) == []
        assert list(misreported(account.records(), runs)) == []
        assert list(uncounted(heads(account), runs)) == []


def heads(account: RehearsedAccount) -> dict[str, dict[str, Any]]:
    items = map(plain, account.stored())
    return {item["service"]: item for item in items if item["sk"] == "HEAD"}


def ends(account: RehearsedAccount, command: str, **how: Any) -> None:
    """Say how the programs of this command end, in tasks that start from now on."""
    account.ecs.faults.run(Exits(**how), command=command)


def commands(account: RehearsedAccount) -> list[tuple[str, ...]]:
    """The commands that ran, oldest first."""
    return [run.command for run in ran(account.events)]


def until_it_runs(account: RehearsedAccount, kind: str = "before") -> Ran:
    """Wait until a task of this kind runs; that task."""

    def found() -> list[Ran]:
        return [one for one in ran(account.events) if one.kind == kind and one.ended is None]

    assert account.until(lambda: bool(found()), 600)
    return found()[-1]


def last_body(account: RehearsedAccount) -> str:
    return str(account.notices()[-1]["body"])


def strikes(account: RehearsedAccount, fault: Fault) -> None:
    """From now on, this fault strikes the tasks that run commands of the backend."""
    account.ecs.faults.service(f"{CLUSTER}/family:{FAMILY}", fault)
