"""`.ci/release` and `.ci/publish`, run with a stand-in for `make` and for `gh`."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.github.runner import PROJECT

_MAKE = """#!/bin/sh
mkdir -p out/dev
echo template > out/dev/sam.json
echo zip > out/dev/deployment.zip
echo libraries > out/sbom.cdx.json
"""
_GH = """#!/bin/sh
printf '%s\\n' "$@" > "$SAID"
"""
_CHANGELOG = """# Changelog

## [Unreleased]

- not yet

## [0.1.0] - 2026-11-30

### Added

- the first version

## [0.0.1] - 2026-11-01

- older

[0.1.0]: https://example.com
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / ".ci").mkdir()
    for name in ("release", "publish"):
        shutil.copy(PROJECT / ".ci" / name, tmp_path / ".ci" / name)
    (tmp_path / "bin").mkdir()
    for name, text in (("make", _MAKE), ("gh", _GH)):
        (tmp_path / "bin" / name).write_text(text)
        (tmp_path / "bin" / name).chmod(0o755)
    (tmp_path / "pyproject.toml").write_text('[project]\nversion = "0.1.0"\n')
    (tmp_path / "CHANGELOG.md").write_text(_CHANGELOG)
    return tmp_path


def run(place: Path, script: str, tag: str) -> subprocess.CompletedProcess[str]:
    environment = {
        "PATH": f"{place / 'bin'}:{os.environ['PATH']}",
        "TAG": tag,
        "SAID": str(place / "said"),
    }
    return subprocess.run(
        [place / ".ci" / script], env=environment, capture_output=True, text=True, check=False
    )


def test_a_release_offers_the_package_its_libraries_and_checksums(place: Path) -> None:
    done = run(place, "release", "v0.1.0")
    assert done.returncode == 0, done.stderr
    files = place / "out" / "release"
    named = {"SHA256SUMS", "deployment.zip", "sam.json", "sbom.cdx.json"}
    assert {path.name for path in files.iterdir()} == named
    checked = subprocess.run(
        ["sha256sum", "--check", "SHA256SUMS"],
        cwd=files,
        capture_output=True,
        text=True,
        check=True,
    )
    assert checked.stdout.count(": OK") == len(named) - 1
    notes = (place / "out" / "release-notes.md").read_text("utf-8")
    assert "the first version" in notes
    assert not any(text in notes for text in ("not yet", "older", "https://example.com"))


def test_a_tag_that_is_not_the_version_is_refused(place: Path) -> None:
    done = run(place, "release", "v0.2.0")
    assert done.returncode == 1
    assert "the tag is 'v0.2.0', and pyproject.toml has the version 0.1.0" in done.stderr.lower()
    assert not (place / "out" / "release").exists()


def test_a_version_that_the_changelog_does_not_know_is_refused(place: Path) -> None:
    text = _CHANGELOG.replace("[0.1.0] -", "[0.1.1] -")
    (place / "CHANGELOG.md").write_text(text)
    done = run(place, "release", "v0.1.0")
    assert done.returncode == 1
    assert "says nothing under '## [0.1.0]'" in done.stderr


def test_what_is_published_are_the_files_whose_checksums_are_right(place: Path) -> None:
    run(place, "release", "v0.1.0")
    done = run(place, "publish", "v0.1.0")
    assert done.returncode == 0, done.stderr
    said = (place / "said").read_text("utf-8").split("\n")
    assert said[:4] == ["release", "create", "v0.1.0", "--verify-tag"]
    assert "out/release/SHA256SUMS" in said
    (place / "said").unlink()
    (place / "out" / "release" / "sam.json").write_text("another")
    assert run(place, "publish", "v0.1.0").returncode != 0
    assert not (place / "said").exists()
