"""What the shell offers after TAB, and that a second TAB asks nobody."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cli import completion
from tests.cli.verbs.conftest import Slipway, aws_error
from tests.dialect.account import SERVICE
from tests.dialect.rehearsed import RehearsedAccount


@pytest.fixture(autouse=True)
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path


def context(**typed: str) -> Any:
    """What typer tells of the words before."""
    return SimpleNamespace(params={"stage": "dev", **typed})


def test_the_services_whose_name_contains_what_was_typed(slipway: Slipway) -> None:
    assert completion.services(context(), "back") == [SERVICE]
    assert completion.services(context(), "front") == []
    assert len(slipway.lambda_.calls) == 1


def test_the_tags_of_the_service_that_stands_before(
    account: RehearsedAccount, slipway: Slipway
) -> None:
    account.settle(SERVICE, account.push("abc1234"))
    assert completion.tags(context(service="backend"), "abc") == ["abc1234"]
    assert completion.tags(context(service="backend"), "x") == []
    assert completion.tags(context(), "abc") == []


def test_an_error_offers_nothing_and_says_nothing(
    slipway: Slipway, capsys: pytest.CaptureFixture[str], cache: Path
) -> None:
    slipway.lambda_.failing["status"] = aws_error("AccessDeniedException")
    assert completion.services(context(), "back") == []
    assert capsys.readouterr() == ("", "")
    (cache / "slipway").mkdir(exist_ok=True)
    (cache / "slipway" / "names.json").write_text("no JSON", "utf-8")
    assert completion.services(context(), "back") == []
