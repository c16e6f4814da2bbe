"""What `make package STAGE=dev` makes, once for all tests and all of their processes."""

from __future__ import annotations

import json
import shutil
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cli.package.build import package
from cli.package.dependencies import locked
from cli.package.expansion import expand

PROJECT = Path(__file__).parents[2]
CACHE = PROJECT / "out" / ".cache"
FUNCTIONS = (
    "on_image_push",
    "on_service_change",
    "watch",
    "deploy",
    "rollback",
    "status",
    "sweep",
)


@dataclass(frozen=True)
class Packaged:
    """The two files, read, and the copy of the project that they were made of."""

    project: Path
    out: Path
    template: dict[str, Any]
    expanded: dict[str, Any]
    archive: Path

    def resource(self, name: str) -> dict[str, Any]:
        """A resource's properties, after expansion."""
        properties: dict[str, Any] = self.expanded["Resources"][name]["Properties"]
        return properties

    def of_type(self, kind: str) -> dict[str, dict[str, Any]]:
        """Properties by logical id, after expansion."""
        return {
            name: resource["Properties"]
            for name, resource in self.expanded["Resources"].items()
            if resource["Type"] == kind
        }


def copy_project(copy: Path) -> None:
    """What packaging reads, where a test may spoil it."""
    copy.mkdir()
    for name in ("app.py", "requirements.txt"):
        shutil.copy(PROJECT / name, copy)
    for name in ("chalicelib", ".chalice"):
        shutil.copytree(PROJECT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))


@pytest.fixture(scope="session")
def packaged(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Packaged:
    mine = tmp_path_factory.getbasetemp()
    root = mine if worker_id == "master" else mine.parent  # which xdist's processes share
    project, out = root / "project", root / "packaged"
    with locked(root / "packaged.lock"):
        if not (out / "dev" / "deployment.zip").exists():
            copy_project(project)  # so that nobody changes it while the tests run
            package(project, "dev", out, "x86_64", CACHE)
    template = json.loads((out / "dev" / "sam.json").read_text("utf-8"))
    return Packaged(project, out, template, expand(template), out / "dev" / "deployment.zip")


@pytest.fixture(scope="session")
def unzipped(packaged: Packaged, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As Lambda unpacks it."""
    tree = tmp_path_factory.mktemp("task")
    with zipfile.ZipFile(packaged.archive) as zipped:
        zipped.extractall(tree)
    return tree
