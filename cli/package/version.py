"""This checkout -> its version, by which a stack tells what it was packaged from."""

from __future__ import annotations

import subprocess
import tomllib
from importlib import metadata
from pathlib import Path

from cli.project import PROJECT

_PACKAGE = "slipway"


def version(project: Path = PROJECT) -> str:
    """As "0.1.0+1a2b3c4d5e6f", the version and Git's commit; without Git, the version alone.

    It is empty where nothing says a version. Changes that are not committed do not show.
    """
    commit = _commit(project)
    return f"{_number(project)}{f'+{commit}' if commit else ''}"


def _number(project: Path) -> str:
    try:
        text = (project / "pyproject.toml").read_text("utf-8")
        return str(tomllib.loads(text)["project"]["version"])
    except (OSError, ValueError, KeyError):
        pass
    try:
        return metadata.version(_PACKAGE)
    except metadata.PackageNotFoundError:
        return ""


def _commit(project: Path) -> str:
    if not (project / ".git").exists():  # Git would look in the folders above
        return ""
    command = ["git", "-C", str(project), "rev-parse", "--short=12", "HEAD"]
    try:
        ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=5)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return ended.stdout.strip() if ended.returncode == 0 else ""
