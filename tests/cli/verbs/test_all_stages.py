"""`--all-stages`: every stage of slipway.toml under its name, and those that do not answer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cli import exits
from tests.cli.verbs.conftest import Slipway
from tests.dialect.account import SERVICE, SERVICE_NAME
from tests.dialect.rehearsed import RehearsedAccount

ANSWERS = '[[stage]]\nstage = "dev"\nname = "us"\n[[stage]]\nstage = "dev"\n'
DOES_NOT = '[[stage]]\nstage = "prod"\nname = "elsewhere"\n'


@pytest.fixture
def file(slipway: Slipway, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The file with two stages of the rehearsed account, which answer."""
    found = tmp_path / "slipway.toml"
    found.write_text(ANSWERS, "utf-8")
    monkeypatch.setenv("SLIPWAY_CONFIG", str(found))
    monkeypatch.setattr("cli.stages.session_of", lambda *_: slipway.session)
    monkeypatch.setattr("cli.stages.asking_nobody", lambda session: session)
    return found


@pytest.mark.parametrize("words", [("status", "--all-stages"), ("--all-stages",)], ids=" ".join)
def test_the_board_of_each_stage_stands_under_its_name(
    account: RehearsedAccount, slipway: Slipway, file: Path, words: tuple[str, ...]
) -> None:
    account.settle(SERVICE, account.push("abc1234"))
    assert slipway(*words) == 0
    lines = slipway.said.splitlines()
    headings = {lines[number] for number in (0, 5)}
    assert headings == {"us  (stage dev, us-west-2)", "dev  (us-west-2)"}
    rows = [line for line in lines if line.startswith(SERVICE_NAME)]
    assert len(rows) == 2
    assert all("abc1234" in row for row in rows)
    assert slipway.complained == ""


def test_a_stage_that_does_not_answer_is_one_line_at_the_end_and_the_exit_code_is_1(
    slipway: Slipway, file: Path
) -> None:
    file.write_text(DOES_NOT + ANSWERS, "utf-8")
    assert slipway("status", "--all-stages") == exits.FAILED
    *before, empty, last = slipway.said.splitlines()
    assert sum(line.startswith(SERVICE_NAME) for line in before) == 2
    assert empty == ""
    assert last.startswith("elsewhere: There is no function slipway-prod-status in us-west-2")
    assert "Next: " in last


def test_json_has_every_stage_in_the_order_of_the_file(slipway: Slipway, file: Path) -> None:
    file.write_text(DOES_NOT + ANSWERS, "utf-8")
    first, second, third = slipway.json("status", "--all-stages")["stages"]
    assert first.keys() == {"name", "stage", "region", "error"}
    assert [(each["name"], each["stage"]) for each in (first, second, third)] == [
        ("elsewhere", "prod"),
        ("us", "dev"),
        ("dev", "dev"),
    ]
    for each in (second, third):
        assert each.keys() == {"name", "stage", "region", "at", "board"}
        assert each["board"][0]["service"] == SERVICE


@pytest.mark.parametrize(
    ("words", "keys"),
    [
        (("history", "backend"), {"at", "service", "deployments"}),
        (("why",), {"at", "service", "failed", "live"}),
    ],
    ids=["history", "why"],
)
def test_the_history_and_the_last_failure_of_each_stage_are_told_too(
    account: RehearsedAccount,
    slipway: Slipway,
    file: Path,
    words: tuple[str, ...],
    keys: set[str],
) -> None:
    account.settle(SERVICE, account.push("abc1234"))
    assert slipway(*words, "--all-stages") == 0
    assert slipway.said.count("abc1234") == 2
    for each in slipway.json(*words, "--all-stages")["stages"]:
        assert each.keys() == keys | {"name", "stage", "region"}


@pytest.mark.parametrize("option", ["--stage", "--profile", "--region"])
def test_an_option_that_chooses_one_stage_is_a_usage_error(
    slipway: Slipway, file: Path, option: str
) -> None:
    assert slipway("status", "--all-stages", option, "x") == exits.USAGE
    assert f"--all-stages and {option} do not go together" in slipway.complained


def test_without_a_file_the_usage_error_says_what_to_write_and_where(slipway: Slipway) -> None:
    assert slipway("--all-stages") == exits.USAGE
    first, *example = slipway.complained.splitlines()
    assert first.startswith("No stages are configured. Next: write them into ")
    assert example[0] == "[[stage]]"
    assert example[1].startswith('stage = "prod"')


def test_before_a_verb_the_option_is_refused(slipway: Slipway, capsys: Any) -> None:
    assert slipway("--all-stages", "status") == exits.USAGE
    assert "Write --all-stages behind status" in slipway.complained


def test_without_anything_the_help_is_shown(slipway: Slipway) -> None:
    assert slipway() == exits.USAGE
    assert "Usage: slipway" in slipway.said + slipway.complained
