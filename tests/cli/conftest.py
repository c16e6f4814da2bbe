"""What `make package STAGE=dev` makes, read for the tests of its template and of its zip."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cli.package.expansion import expand
from tests.cli.packages import written

FUNCTIONS = (
    "on_image_push",
    "on_service_change",
    "watch",
    "deploy",
    "rollback",
    "hold",
    "release",
    "status",
    "sweep",
)
OPTIONAL = ("tidy",)  # only where a target has `keep_revisions`


@dataclass(frozen=True)
class Packaged:
    """The two files, read, and the copy of the project that they were made of."""

    project: Path
    directory: Path
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


@pytest.fixture(scope="session")
def packaged(tmp_path_factory: pytest.TempPathFactory) -> Packaged:
    made = written(tmp_path_factory, "dev")
    template = made.template
    return Packaged(made.project, made.directory, template, expand(template), made.archive)


@pytest.fixture(scope="session")
def unzipped(packaged: Packaged, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As Lambda unpacks it."""
    tree = tmp_path_factory.mktemp("task")
    with zipfile.ZipFile(packaged.archive) as zipped:
        zipped.extractall(tree)
    return tree
