"""Runs a step as GitHub's runner does: its environment, the files for its outputs, its log.

The parser is after actions/runner, ActionCommand: a line that begins with `::` (spaces aside) is a
command, and `##[` is one anywhere in a line; a carriage return ends a line.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

import pytest

PROJECT = Path(__file__).parents[2]
AWAIT = PROJECT / ".github" / "actions" / "await-deployment" / "await.sh"
SCRIPTS = PROJECT / ".github" / "scripts"


@dataclass(frozen=True)
class Command:
    """One workflow command, decoded."""

    name: str
    properties: str
    message: str


@dataclass(frozen=True)
class Step:
    """What a step left behind."""

    code: int
    log: str
    outputs: dict[str, str]
    summary: str

    @property
    def commands(self) -> list[Command]:
        return [found for line in re.split(r"\r\n|\r|\n", self.log) if (found := _command(line))]

    @property
    def errors(self) -> list[str]:
        return [command.message for command in self.commands if command.name == "error"]


Runs = Callable[..., Step]  # a fixture's: runs a script with these replies and inputs


def run(script: Path, place: Path, environment: dict[str, str], *arguments: str) -> Step:
    """Run a script of the project as a step; `place` is a directory of the test's own."""
    if shutil.which("jq") is None:
        pytest.skip("needs jq, which GitHub's runners have")
    files = {name: place / name for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
    for path in files.values():
        path.write_text("")
    done = subprocess.run(
        [str(script), *arguments],
        cwd=place,
        env={
            "GITHUB_SHA": "abc1234def5678abc1234def5678abc1234def56",
            "GITHUB_REPOSITORY": "octo-org/conflicto",
            "GITHUB_SERVER_URL": "https://github.com",
            "GITHUB_RUN_ID": "42",
            "GITHUB_RUN_ATTEMPT": "1",
            "GITHUB_ACTOR": "sam",
            "RUNNER_TEMP": str(place),
            **environment,
            **{name: str(path) for name, path in files.items()},
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        check=False,
        timeout=240,
    )
    lines = files["GITHUB_OUTPUT"].read_text("utf-8").splitlines()
    outputs = dict(line.split("=", 1) for line in lines)
    summary = files["GITHUB_STEP_SUMMARY"].read_text("utf-8")
    return Step(done.returncode, done.stdout.decode("utf-8", "replace"), outputs, summary)


def bare() -> dict[str, str]:
    """This machine's environment without anything of AWS."""
    return {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}


def _command(line: str) -> Command | None:
    if "##[" in line:
        return Command("##[", "", line)
    found = re.match(r"\s*::([^\s:]+)(?: (.*?))?::(.*)$", line)
    if found is None:
        return None
    return Command(found[1], unquote(found[2] or ""), unquote(found[3]))
