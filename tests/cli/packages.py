"""What `make package` writes for every stage, once for all tests and all of their processes."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from chalicelib.model.targets import load_targets
from cli.package.build import package
from cli.package.dependencies import locked
from cli.package.policies import Policies, generate

PROJECT = Path(__file__).parents[2]
CACHE = PROJECT / "out" / ".cache"
STAGES = ("dev", "staging", "prod")


@dataclass(frozen=True)
class Written:
    """One stage's two files, the policies in its template, and the project that it was made of."""

    stage: str
    project: Path
    directory: Path
    policies: Policies

    @property
    def archive(self) -> Path:
        return self.directory / "deployment.zip"

    @property
    def template(self) -> dict[str, Any]:
        read: dict[str, Any] = json.loads((self.directory / "sam.json").read_text("utf-8"))
        return read


def written(factory: pytest.TempPathFactory, stage: str) -> Written:
    """The stage's package; the first process to ask for it makes it, the others wait."""
    mine = factory.getbasetemp()
    root = mine.parent if "PYTEST_XDIST_WORKER" in os.environ else mine
    out, project = root / "stages", root / "project"
    with locked(root / "stages.lock"):
        if not project.exists():
            copy_project(project)  # so that nobody changes it while the tests run
        if not (out / stage / "deployment.zip").exists():
            package(project, stage, out, "x86_64", CACHE)
    text = (project / "chalicelib" / "targets.toml").read_text("utf-8")
    return Written(stage, project, out / stage, generate(load_targets(text, stage)))


def copy_project(copy: Path) -> None:
    """What packaging reads, where a test may spoil it."""
    copy.mkdir()
    for name in ("app.py", "requirements.txt"):
        shutil.copy(PROJECT / name, copy)
    for name in ("chalicelib", ".chalice"):
        shutil.copytree(PROJECT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
