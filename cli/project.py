"""This repository: where it is, and which environments its targets.toml has."""

from __future__ import annotations

import tomllib
from pathlib import Path

from chalicelib.errors import Refused
from chalicelib.model.meant import meant as names_like

PROJECT = Path(__file__).resolve().parents[1]
TARGETS = Path("chalicelib", "targets.toml")  # of the checkout in which a person works


def environments(targets: Path) -> list[str]:
    """The names of a targets.toml's environments; none when the file cannot be read."""
    try:
        return list(tomllib.loads(targets.read_text("utf-8")).get("environment", {}))
    except (OSError, ValueError):  # told by whoever needs the file
        return []


def meant(stage: str, project: Path = PROJECT) -> str:
    """The question " Did you mean STAGE=prod?", empty where no environment's name is similar."""
    known = environments(project / "chalicelib" / "targets.toml")
    near = names_like(stage, known)
    return f" Did you mean STAGE={near[0]}?" if near and stage not in known else ""


def without_package(stage: str, path: Path) -> Refused:
    """The error that a file of the stage's package is not there."""
    return Refused(f"{path} does not exist.{meant(stage) or f' Next: make package STAGE={stage}'}")
