"""The commands of docs/github.md, run in one shell in their order, print what the page shows."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from embedded.account import EmbeddedAws
from tests.bootstrap.templates import environment
from tests.cli.packages import written
from tests.github.runner import PROJECT

PAGE = (PROJECT / "docs" / "github.md").read_text("utf-8")
# Not here: GitHub's command line, and packaging, which has tests of its own.
_ELSEWHERE = r"""
gh() { :; }
make() { python -m cli.stack "${2#STAGE=}" --out "$OUT" --set "NotifyEmail=${3#NOTIFY=}"; }
"""
_PACKAGING = "Packaged dev: "


def blocks() -> list[tuple[str, list[str]]]:
    """(commands, the lines that they print) of each block of a terminal."""
    found = []
    for text in re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL):
        commands, printed, continued = [], [], False
        for line in text.splitlines():
            if line.startswith("$ ") or continued:
                commands.append(line.removeprefix("$ "))
                continued = line.endswith("\\")
            else:
                printed.append(line)
        found.append(("\n".join(commands), printed))
    return found


def test_whoever_follows_the_page_sees_what_it_prints(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    package = written(tmp_path_factory, "dev")
    (tmp_path / "dev").mkdir()
    for name in ("sam.json", "deployment.zip"):
        shutil.copy(package.directory / name, tmp_path / "dev")
    script = _ELSEWHERE + "".join(
        f"{commands}\necho end of block {number}\n" for number, (commands, _) in enumerate(blocks())
    )
    with EmbeddedAws(rate=60) as aws:
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=PROJECT,
            env=environment(aws) | {"OUT": str(tmp_path), "REPO": "octo-org/conflicto"},
            capture_output=True,
            text=True,
            check=False,
        )
        stacks = {one["StackName"] for one in aws.client("cloudformation").list_stacks()[
            "StackSummaries"]}  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    parts = re.split(r"end of block \d+\n", done.stdout)
    for (commands, lines), said in zip(blocks(), parts, strict=False):
        if commands.startswith("gh "):
            continue
        for line in lines:
            if not line.startswith(_PACKAGING):
                # The random part of a load balancer's name differs.
                pattern = re.sub(r"[A-Z0-9]{12}", "[A-Z0-9]{12}", re.escape(line))
                assert re.search(f"^{pattern}$", said, re.MULTILINE), (line, said)
    assert stacks == {
        "conflicto-backend-dev-repository",
        "conflicto-dev",
        "slipway-dev",
        "slipway-github-dev",
        "slipway-github-staging",
        "slipway-deployer-dev",
    }
