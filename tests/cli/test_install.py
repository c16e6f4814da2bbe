"""What the Makefile installs before anything else: its exit code, and what it says."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.wheels import wheel

INSTALL = Path(__file__).parents[2] / "cli" / "install.py"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment that is there already, as after a first installation."""
    folder = tmp_path_factory.mktemp("installed")
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    return folder


def install(
    folder: Path, requirements: str, wheels: Path | None = None
) -> subprocess.CompletedProcess[str]:
    pinned = folder / "pinned.txt"
    pinned.write_text(requirements, "utf-8")
    command = [sys.executable, str(INSTALL), str(folder), str(pinned)]
    environment = os.environ | {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels or folder)}
    return subprocess.run(command, text=True, capture_output=True, check=False, env=environment)


def test_an_installation_that_succeeds_ends_with_0(folder: Path) -> None:
    assert install(folder, "# nothing\n").returncode == 0


def test_one_that_fails_says_in_one_sentence_why_and_what_to_do(folder: Path) -> None:
    done = install(folder, "no-such-distribution==1.0\n")
    assert done.returncode == 1
    *_, last = done.stderr.splitlines()
    assert "no-such-distribution" in last
    assert "Next: " in last


def test_what_has_the_bytes_that_are_pinned_is_installed(folder: Path, tmp_path: Path) -> None:
    done = install(folder, f"tiny==1.0 --hash=sha256:{wheel(tmp_path)}\n", tmp_path)
    assert done.returncode == 0, done.stderr
    assert list(folder.glob("lib/python3*/site-packages/tiny.py"))


def test_what_has_other_bytes_than_those_that_are_pinned_is_not_installed(
    folder: Path, tmp_path: Path
) -> None:
    wheel(tmp_path, name="other")
    pinned = "0" * 64
    done = install(folder, f"other==1.0 --hash=sha256:{pinned}\n", tmp_path)
    assert done.returncode == 1
    *_, last = done.stderr.splitlines()
    assert "other" in last
    assert f"Expected sha256 {pinned}" in last
    assert "Next: find out why the bytes are others" in last
    assert not list(folder.glob("lib/python3*/site-packages/other.py"))


def test_what_has_no_hash_is_not_installed(folder: Path, tmp_path: Path) -> None:
    wheel(tmp_path, name="bare")
    done = install(folder, "bare==1.0\n", tmp_path)
    assert done.returncode == 1
    assert "Hashes are required" in done.stderr
    assert not list(folder.glob("lib/python3*/site-packages/bare.py"))
