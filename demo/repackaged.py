"""One more line in the targets file -> another package of Slipway, made while the demo is told."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Self

from chalicelib.errors import Refused
from cli.project import PROJECT, TARGETS
from cli.terminal import progress

BEFORE = 'before = {command = ["python", "manage.py", "migrate"]}'
_ENVIRONMENT = "[environment.dev]"
_OUT = Path("out/demo")
_NEEDED = ("app.py", "requirements.txt", ".chalice", "chalicelib")


def with_before(targets: str) -> str:
    """Return the text of a targets file in which the targets of dev have a `before`.

    One that is there already stays.

    Raises:
        Refused: when the file has no environment dev.
    """
    if _ENVIRONMENT not in targets.splitlines():
        raise Refused(f"{TARGETS} has no {_ENVIRONMENT}, which the demo adds `before` to.")
    if "before" in tomllib.loads(targets)["environment"]["dev"]:
        return targets
    return targets.replace(f"{_ENVIRONMENT}\n", f"{_ENVIRONMENT}\n{BEFORE}\n", 1)


class Repackaged:
    """Runs `make package STAGE=dev` for a copy of the project whose targets have a `before`.

    It needs a package that was made already, for the same processor and from the same libraries.
    """

    def __init__(self, package: Path) -> None:
        self._package = package

    def __enter__(self) -> Self:
        out, cache = _OUT.resolve(), (self._package.parent / ".cache").resolve()
        project = out / "project"
        shutil.rmtree(project, ignore_errors=True)
        for name in _NEEDED:
            _copy(PROJECT / name, project / name)
        targets = project / TARGETS
        targets.write_text(with_before(targets.read_text("utf-8")), "utf-8")
        command = [sys.executable, "-m", "cli.package", "dev", "--project", str(project)]
        command += ["--out", str(out), "--cache", str(cache), "--arch", self._architecture()]
        self.process = subprocess.Popen(
            command,
            cwd=PROJECT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,  # Ctrl-C ends the demo, which then ends this in silence
        )
        return self

    def __exit__(self, *_: object) -> None:
        with self.process:  # this waits for its end, and closes what it wrote to
            if self.process.poll() is None:
                os.killpg(self.process.pid, signal.SIGKILL)  # and what it has started itself

    def made(self) -> Path:
        """Return the folder of the new package, once that is made.

        Raises:
            Refused: with what the packager said, when it failed.
        """
        with progress("Packaging dev"):
            _, said = self.process.communicate()
        if self.process.returncode:
            raise Refused(f"The demo could not package dev with a `before`: {said.strip()}")
        return _OUT / "dev"

    def _architecture(self) -> str:
        template = json.loads((self._package / "sam.json").read_text("utf-8"))
        settings = (resource.get("Properties", {}) for resource in template["Resources"].values())
        [architecture] = next(each["Architectures"] for each in settings if "Architectures" in each)
        return str(architecture)


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)
