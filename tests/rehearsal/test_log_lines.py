"""Where the last log lines of a failed container may go: as far as `log_lines` says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from embedded.services.ecs import Crash
from tests.dialect.account import SERVICE
from tests.dialect.rehearsed import TARGETS, RehearsedAccount, rehearsed

LINE = "SettingsError: the queue `orders` is not there"


@contextmanager
def failed(log_lines: str) -> Iterator[RehearsedAccount]:
    """The team's account after a push whose container logs `LINE` and crashes."""
    with rehearsed(f'{TARGETS}\nlog_lines = "{log_lines}"\n') as account:
        account.breaks("bad0000", Crash(exit_code=3, logs=(LINE,)))
        record = account.settle(SERVICE, account.push("bad0000"))
        assert record["status"] == "ROLLBACK_SUCCESSFUL"
        assert "exited with code 3" in record["case"]
        assert LINE not in record["case"]
        yield account


def told(account: RehearsedAccount) -> str:
    return json.dumps([notice["body"] for notice in account.notices()])


def test_by_default_people_are_told_the_lines() -> None:
    with failed("notices") as account:
        assert LINE in told(account)
        assert account.deployments(SERVICE)[0]["log"].endswith(f"\n  {LINE}")


def test_lines_for_status_only_are_in_no_notice() -> None:
    with failed("status") as account:
        assert "exited with code 3" in told(account)
        assert LINE not in told(account)
        assert account.deployments(SERVICE)[0]["log"].endswith(f"\n  {LINE}")


def test_lines_that_may_go_nowhere_are_not_even_read() -> None:
    with failed("never") as account:
        assert "logs:GetLogEvents" not in account.calls
        assert LINE not in told(account)
        assert '`log_lines = "never"`' in account.deployments(SERVICE)[0]["log"]
        granted = str(account.permissions.policies)
        assert "logs:GetLogEvents" not in granted


@pytest.mark.parametrize("log_lines", ["notices", "status", "never"])
def test_the_ledger_holds_no_line_that_may_go_nowhere(log_lines: str) -> None:
    with failed(log_lines) as account:
        assert (LINE in json.dumps(account.records(), default=str)) == (log_lines != "never")
