"""`slipway stats` at a rehearsed account: real pushes, a real failure, a real rollback by hand."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cli import exits
from embedded.services.ecs import Crash
from tests.cli.verbs.conftest import Slipway
from tests.dialect.account import SERVICE, SERVICE_NAME
from tests.dialect.rehearsed import RehearsedAccount


@pytest.fixture
def story(account: RehearsedAccount, slipway: Slipway) -> Slipway:
    """Two pushes are live, one crashes and is rolled back, and the second is left by hand."""
    account.settle(SERVICE, account.push("aaa1111"))
    account.advance(60)
    account.breaks("bad0000", Crash(exit_code=1, after=2))
    account.settle(SERVICE, account.push("bad0000"))
    account.advance(60)
    account.settle(SERVICE, account.push("ccc3333"))
    account.advance(600)
    assert slipway("rollback", "backend", "--yes", "--why", "errors", "--wait") == exits.LIVE
    return slipway


def test_a_line_has_the_four_figures_of_what_happened(story: Slipway) -> None:
    assert story("stats") == exits.LIVE
    head, line, empty, below = story.said.splitlines()
    titles = ["SERVICE", "DEPLOYMENTS", "LEAD TIME", "FAILED", "RESTORE", "BY WEEK"]
    assert [word.strip() for word in head.split("  ") if word] == titles
    assert line.startswith(f"{SERVICE_NAME}  0.47 a week  ")
    assert "  67 % (2 of 3)  " in line
    assert " (of 2)" in line
    assert empty == ""
    assert below.startswith("The last 30 days. ")


def test_json_has_the_counts_and_the_seconds(story: Slipway) -> None:
    found = story.json("stats", SERVICE_NAME, "--days", "7")
    assert found.keys() == {"at", "days", "services", "all"}
    (service,) = found["services"]
    its = found["all"]
    assert service == {"service": SERVICE, **its, "unreadable": 0}
    assert (its["deployments"], its["changes"], its["failed"]) == (2, 3, 2)
    assert (its["lead_time"]["count"], its["time_to_restore"]["count"]) == (2, 2)
    assert 20 < its["lead_time"]["median"] < 120
    assert its["time_to_restore"]["p90"] > 600
    assert [week["deployments"] for week in its["weeks"]] == [2]


def test_all_stages_have_a_line_together(
    story: Slipway, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "slipway.toml"
    file.write_text('[[stage]]\nstage = "dev"\nname = "us"\n[[stage]]\nstage = "dev"\n', "utf-8")
    monkeypatch.setenv("SLIPWAY_CONFIG", os.fspath(file))
    monkeypatch.setattr("cli.stages.session_of", lambda *_: story.session)
    monkeypatch.setattr("cli.stages.asking_nobody", lambda session: session)
    assert story("stats", "--all-stages") == exits.LIVE
    last = story.said.splitlines()[-1]
    assert last.startswith("All stages: 0.93 a week · lead time ")
    assert " · failed 67 % (4 of 6) · restore " in last


@pytest.mark.parametrize("days", ["0", "401", "many"])
def test_a_period_that_the_ledger_does_not_have_is_refused(slipway: Slipway, days: str) -> None:
    assert slipway("stats", "--days", days) == exits.USAGE
    assert slipway.lambda_.calls == []
