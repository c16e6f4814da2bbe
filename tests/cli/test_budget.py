"""The budget: what counts, and that the package is within it."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from cli.package import budget
from cli.package.budget import excesses, importing, measured, modules
from tests.cli.conftest import Packaged
from tests.cli.packages import PROJECT

BUDGET = tomllib.loads((PROJECT / "pyproject.toml").read_text("utf-8"))["tool"]["slipway"]["budget"]


def test_what_is_shipped_is_within_the_budget_and_not_far_below_it(packaged: Packaged) -> None:
    spent = measured(packaged.archive)
    assert excesses(spent, BUDGET) == []
    assert all(spent[name] > 0.9 * allowed for name, allowed in BUDGET.items()), spent


@pytest.mark.parametrize("name", BUDGET)
def test_one_more_than_the_budget_is_named_with_what_to_do(name: str) -> None:
    (said,) = excesses({**BUDGET, name: BUDGET[name] + 1}, BUDGET)
    assert said.startswith(f"{name}: {BUDGET[name] + 1:,}, the budget is {BUDGET[name]:,}.")
    assert "pyproject.toml" in said


def test_the_command_fails_with_a_line_for_each_excess(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(budget, "measured", lambda _: dict.fromkeys(BUDGET, 10**9))
    assert budget.main(["dev"]) == 1
    assert len(capsys.readouterr().err.splitlines()) == len(BUDGET)


def test_what_only_some_events_need_is_not_imported(unzipped: Path) -> None:
    loaded = set(modules(unzipped))
    assert {"chalicelib.flow.watch", "boto3", "pydantic"} <= loaded
    unused = ("event_handler", "utilities.parser", "utilities.data_classes", "utilities.parameters")
    assert loaded & {f"aws_lambda_powertools.{name}" for name in unused} == set()
    assert not {name for name in loaded if name.startswith(("aws_xray_sdk", "pydantic.v1"))}


def test_after_init_only_new_garbage_is_looked_for_and_the_two_usual_clients_are_made(
    unzipped: Path,
) -> None:
    then = (
        "import gc; from chalicelib.aws import clients; "
        "print(gc.isenabled(), gc.get_freeze_count() > 10_000, "
        "clients._client.cache_info().currsize)"
    )
    assert importing(unzipped, then).stdout.split() == ["True", "True", "2"]
