"""The wheel: what is in it, and that it runs where nothing else is installed."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

from tests.cli.packages import PROJECT

_PIP = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = (*_PIP, "wheel", "--no-deps", "--no-build-isolation", "-w", str(folder), str(PROJECT))
    subprocess.run(build, check=True, capture_output=True)
    (made,) = folder.glob("slipway-*.whl")
    return made


def test_it_has_the_command_and_what_it_imports_and_no_targets_of_this_checkout(
    wheel: Path,
) -> None:
    with zipfile.ZipFile(wheel) as zipped:
        names = zipped.namelist()
    rooms = {name.split("/")[0] for name in names if not name.startswith("slipway-")}
    assert rooms == {"cli", "chalicelib"}
    assert "cli/verbs/rollback.py" in names
    assert "chalicelib/targets.toml" not in names


def test_installed_in_an_empty_environment_it_runs(wheel: Path, tmp_path: Path) -> None:
    venv.create(tmp_path / "venv", with_pip=True)
    here = tmp_path / "venv" / "bin"
    install = (str(here / "pip"), *_PIP[3:], "install", str(wheel))
    subprocess.run(install, check=True, capture_output=True, cwd=tmp_path)
    environment = {"PATH": os.defpath, "HOME": str(tmp_path), "COLUMNS": "100"}

    def slipway(*words: str) -> subprocess.CompletedProcess[str]:
        command = [str(here / "slipway"), *words]
        return subprocess.run(
            command, env=environment, cwd=tmp_path, text=True, capture_output=True, check=False
        )

    helped = slipway("--help")
    assert helped.returncode == 0, helped.stderr
    assert "rollback" in helped.stdout
    assert slipway("--version").stdout == "slipway 0.1.0\n"
    asked = slipway("status")
    assert (asked.returncode, asked.stdout) == (2, "")
    assert asked.stderr.startswith("Which stage? Next: --stage dev")
    without = slipway("status", "--stage", "dev", "--region", "us-west-2")
    assert without.returncode == 1
    assert without.stderr.startswith("No AWS credentials are set.")
