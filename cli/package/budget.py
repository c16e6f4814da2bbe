"""`python -m cli.package.budget STAGE`: whether the package has stayed as small as it was.

The budget is `[tool.slipway.budget]` in pyproject.toml: bytes of the zip, bytes unpacked, and the
modules that are loaded when Init is over. All functions share one app.py, so they load the same
modules. Sizes and counts are the same on every machine; times are `make bench-lambda`'s.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from collections.abc import Mapping
from pathlib import Path

from cli.project import PROJECT, without_package
from cli.terminal import ends_in_a_sentence

# As Lambda: the package alone, without this machine's site-packages, settings and credentials.
PYTHON = (sys.executable, "-I", "-S", "-B")
ENVIRONMENT = {
    "AWS_LAMBDA_RUNTIME_API": "127.0.0.1:9001",
    "AWS_REGION": "us-west-2",
    "AWS_DEFAULT_REGION": "us-west-2",
    "AWS_EC2_METADATA_DISABLED": "true",
    "PATH": os.defpath,
}


@ends_in_a_sentence
def main(arguments: list[str]) -> int:
    """0 when everything is within the budget; 1, with a line for each excess, when not."""
    parser = argparse.ArgumentParser(prog="python -m cli.package.budget", description=__doc__)
    parser.add_argument("stage", help="an environment that `make package` has packaged")
    stage = parser.parse_args(arguments).stage
    settings = tomllib.loads((PROJECT / "pyproject.toml").read_text("utf-8"))
    spent = measured(PROJECT / "out" / stage / "deployment.zip")
    if found := excesses(spent, settings["tool"]["slipway"]["budget"]):
        print("\n".join(found), file=sys.stderr)
        return 1
    print(f"Within the budget: {', '.join(f'{name} {n:,}' for name, n in spent.items())}")
    return 0


def measured(archive: Path) -> dict[str, int]:
    """What the package takes, by the budget's names."""
    if not archive.exists():
        raise without_package(archive.parent.name, archive)
    with tempfile.TemporaryDirectory() as tree, zipfile.ZipFile(archive) as zipped:
        zipped.extractall(tree)
        return {
            "zip_bytes": archive.stat().st_size,
            "unzipped_bytes": sum(entry.file_size for entry in zipped.infolist()),
            "modules": len(modules(Path(tree))),
        }


def modules(tree: Path) -> list[str]:
    """The modules that are loaded once the unpacked package's app.py is imported."""
    done = importing(tree, "print('\\n'.join(sys.modules))")
    return done.stdout.split()


def importing(tree: Path, then: str = "", *options: str) -> subprocess.CompletedProcess[str]:
    """Import app.py as Lambda does, in a process of its own, and run `then` in it."""
    code = f"import sys; sys.path.insert(0, {str(tree)!r}); import app; {then}"
    command = [*PYTHON, *options, "-c", code]
    return subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, check=True)


def excesses(spent: Mapping[str, int], budget: Mapping[str, int]) -> list[str]:
    """A sentence for everything that takes more than it may."""
    return [
        f"{name}: {spent[name]:,}, the budget is {allowed:,}. Import or ship less, or raise it in "
        "pyproject.toml and say why."
        for name, allowed in budget.items()
        if spent[name] > allowed
    ]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
