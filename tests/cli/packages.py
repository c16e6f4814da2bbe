"""What `make package` writes for every stage, once for all tests and all of their processes."""

from __future__ import annotations

import json
import os
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
    """One stage's two files, and the policies that its template carries."""

    stage: str
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
    out = root / "stages"
    with locked(root / "stages.lock"):
        if not (out / stage / "deployment.zip").exists():
            package(PROJECT, stage, out, "x86_64", CACHE)
    text = (PROJECT / "chalicelib" / "targets.toml").read_text("utf-8")
    return Written(stage, out / stage, generate(load_targets(text, stage)))
