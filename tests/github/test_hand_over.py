"""`.ci/package` and `.ci/deploy`, run with a stand-in for `make`: nothing else is deployed."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.github.runner import PROJECT

# It packages two files, and writes down what it was asked.
_MAKE = """#!/bin/sh
echo "$@" >> "$SAID"
case "$*" in *\\ package\\ *)
  mkdir -p out/dev; echo template > out/dev/sam.json; echo zip > out/dev/deployment.zip
esac
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """What the jobs check out, packaged."""
    (tmp_path / ".ci").mkdir()
    (tmp_path / "bin").mkdir()
    for name in ("package", "deploy"):
        shutil.copy(PROJECT / ".ci" / name, tmp_path / ".ci" / name)
    (tmp_path / "bin" / "make").write_text(_MAKE)
    (tmp_path / "bin" / "make").chmod(0o755)
    assert run(tmp_path, "package").returncode == 0
    return tmp_path


def run(
    place: Path, script: str, digest: str = "", stage: str = "dev"
) -> subprocess.CompletedProcess[str]:
    environment = {
        "PATH": f"{place / 'bin'}:{os.environ['PATH']}",
        "STAGE": stage,
        "DIGEST": digest,
        "GITHUB_OUTPUT": str(place / "output"),
        "SAID": str(place / "said"),
    }
    command = [place / ".ci" / script]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def said(place: Path) -> list[str]:
    return (place / "said").read_text("utf-8").splitlines()


def told(place: Path) -> str:
    name, _, digest = (place / "output").read_text("utf-8").strip().partition("=")
    assert name == "digest"
    return digest


def test_what_was_packaged_is_deployed(place: Path) -> None:
    done = run(place, "deploy", told(place))
    assert done.returncode == 0, done.stderr
    assert said(place)[-1] == "--silent deploy-packaged STAGE=dev"


@pytest.mark.parametrize("name", ["sam.json", "deployment.zip"])
def test_a_package_with_another_file_is_not_deployed(place: Path, name: str) -> None:
    (place / "out" / "dev" / name).write_text("planted")
    refused(place, told(place))


def test_a_package_of_which_nothing_was_told_is_not_deployed(place: Path) -> None:
    refused(place, "")


def test_a_package_that_lacks_a_file_is_not_deployed(place: Path) -> None:
    (place / "out" / "dev" / "sam.json").unlink()
    refused(place, told(place))


@pytest.mark.parametrize("script", ["package", "deploy"])
def test_a_stage_that_is_no_name_reaches_no_command(place: Path, script: str) -> None:
    done = run(place, script, told(place), stage="$(shell touch planted)")
    assert done.returncode == 1
    assert "STAGE is '$(shell touch planted)'" in done.stderr
    assert said(place) == ["--silent package STAGE=dev"]


def refused(place: Path, digest: str) -> None:
    assert run(place, "deploy", digest).returncode != 0
    assert said(place) == ["--silent package STAGE=dev"]
