"""`.ci/credentials.py`: a key in a file, or an explanation of nothing, stops `make check`."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from tests.github.runner import PROJECT


@pytest.fixture
def check(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    place = PROJECT / ".ci" / "credentials.py"
    spec = importlib.util.spec_from_file_location("credentials_check", place)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "EXPLAINED", {})
    return module


def test_a_long_lived_key_is_found(
    check: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    key = "AKIA" + "QWERTYUIOPASDFGH"
    spoilt = tmp_path / "config.py"
    spoilt.write_text(f'key = "{key}"\n')
    monkeypatch.setattr(check, "files", lambda: [str(spoilt)])
    assert check.main() == 1
    said = capsys.readouterr().err
    assert f"{spoilt}:1: AWS Access Key." in said
    assert key not in said


def test_what_is_explained_is_let_through_and_an_explanation_of_nothing_is_not(
    check: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    clean = tmp_path / "clean.py"
    clean.write_text("nothing = 1\n")
    monkeypatch.setattr(check, "files", lambda: [str(clean)])
    assert check.main() == 0
    monkeypatch.setattr(check, "EXPLAINED", {(str(clean), "AWS Access Key"): "made up"})
    assert check.main() == 1
    assert "explains nothing" in capsys.readouterr().err
