"""What the Makefile installs before anything else: its exit code, and what it says."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

INSTALL = Path(__file__).parents[2] / "cli" / "install.py"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment that is there already, as after a first installation."""
    folder = tmp_path_factory.mktemp("installed")
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    return folder


def install(folder: Path, requirements: str) -> subprocess.CompletedProcess[str]:
    pinned = folder / "pinned.txt"
    pinned.write_text(requirements, "utf-8")
    command = [sys.executable, str(INSTALL), str(folder), str(pinned)]
    environment = os.environ | {"PIP_NO_INDEX": "1"}  # nothing is fetched
    return subprocess.run(command, text=True, capture_output=True, check=False, env=environment)


def test_an_installation_that_succeeds_ends_with_0(folder: Path) -> None:
    assert install(folder, "# nothing\n").returncode == 0


def test_one_that_fails_says_in_one_sentence_why_and_what_to_do(folder: Path) -> None:
    done = install(folder, "no-such-distribution==1.0\n")
    assert done.returncode == 1
    *_, last = done.stderr.splitlines()
    assert "no-such-distribution" in last
    assert "Next: " in last
