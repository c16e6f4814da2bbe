"""A name of slipway.toml instead of stage, profile and region."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cli import completion
from tests.cli.verbs.conftest import Slipway

NAMED = """
[[stage]]
stage = "dev"
name = "dev-eu"
profile = "company"
region = "eu-central-1"
"""


@pytest.fixture
def sessions(
    slipway: Slipway, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> list[tuple[str | None, ...]]:
    """Profile and region of each session that is made; the file has one stage."""
    (tmp_path / "slipway.toml").write_text(NAMED, "utf-8")
    monkeypatch.setenv("SLIPWAY_CONFIG", str(tmp_path / "slipway.toml"))
    made: list[tuple[str | None, ...]] = []

    def noted(*where: str | None) -> Any:
        made.append(where)
        return slipway.session

    monkeypatch.setattr("cli.connect.session_of", noted)
    return made


def test_a_name_chooses_stage_profile_and_region_and_an_option_wins(
    slipway: Slipway, sessions: list[tuple[str | None, ...]]
) -> None:
    assert slipway("status", "--stage", "dev-eu") == 0
    assert slipway("status", "--stage", "dev-eu", "--profile", "mine") == 0
    assert slipway("status", "--stage", "dev") == 0
    assert sessions == [("company", "eu-central-1"), ("mine", "eu-central-1"), (None, None)]


def test_the_same_as_one_command_has_the_name_that_was_typed(
    slipway: Slipway, sessions: list[tuple[str | None, ...]], answers: Any
) -> None:
    answers("the database moves", "y")
    assert slipway("hold", "backend", "--stage", "dev-eu") == 0
    assert slipway.complained.rstrip().endswith("--yes --stage dev-eu")


def test_the_tab_key_knows_the_names(sessions: list[tuple[str | None, ...]]) -> None:
    assert completion.stages("dev") == ["dev-eu"]
    assert completion.stages("prod") == []


def test_the_tab_key_says_nothing_of_a_wrong_file(
    sessions: list[tuple[str | None, ...]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "slipway.toml").write_text("[[stage", "utf-8")
    assert completion.stages("") == []
    assert capsys.readouterr() == ("", "")
