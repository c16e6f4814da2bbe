"""The version by which a stack tells what it was packaged from."""

from __future__ import annotations

import subprocess
from pathlib import Path

from cli.package.version import version

WRITTEN = '[project]\nname = "slipway"\nversion = "1.2.3"\n'


def git(folder: Path, *arguments: str) -> str:
    who = ["-c", "user.name=Sam", "-c", "user.email=sam@example.com"]
    command = ["git", "-C", str(folder), *who, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def test_the_version_names_the_commit(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(WRITTEN)
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "--message", "Begin")
    assert version(tmp_path) == f"1.2.3+{git(tmp_path, 'rev-parse', '--short=12', 'HEAD')}"


def test_without_git_the_version_stands_alone(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(WRITTEN)
    assert version(tmp_path) == "1.2.3"


def test_a_commit_of_a_folder_above_is_not_taken(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "commit", "--quiet", "--allow-empty", "--message", "Begin")
    inner = tmp_path / "inner"
    inner.mkdir()
    (inner / "pyproject.toml").write_text(WRITTEN)
    assert version(inner) == "1.2.3"
