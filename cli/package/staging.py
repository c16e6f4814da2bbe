"""The project -> the tree that Chalice packages for one stage, and what Chalice makes of it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from chalicelib.errors import Refused
from chalicelib.model.targets import Targets
from cli.package import configuration
from cli.package.names import policy_file
from cli.package.policies import Policies

CHALICE = "import sys; from chalice.cli import main; sys.exit(main())"


def stage_tree(
    project: Path, tree: Path, targets: Targets, policies: Policies, architecture: str
) -> None:
    """Write the tree anew: the code, this stage's targets, policies and configuration.

    Without requirements.txt on purpose: Chalice would fetch the dependencies at every change of
    the code; `dependencies` keeps them.
    """
    shutil.rmtree(tree, ignore_errors=True)
    tree.mkdir(parents=True)
    shutil.copy(project / "app.py", tree)
    ignored = shutil.ignore_patterns("__pycache__", "*.pyc", ".*")
    shutil.copytree(project / "chalicelib", tree / "chalicelib", ignore=ignored)
    (tree / "chalicelib" / "targets.toml").write_text(as_toml(targets), encoding="utf-8")
    _write_settings(project / ".chalice", tree / ".chalice", targets.stage, policies, architecture)


def chalice_package(tree: Path, stage: str) -> dict[str, Any]:
    """Run `chalice package` in the tree; return the template that it wrote.

    Raises:
        Refused: with Chalice's own last line.
    """
    command = [sys.executable, "-c", CHALICE, "package", "--stage", stage]
    command += ["--merge-template", ".chalice/resources.json", "package"]
    # The region is only looked up, never called; .pyc files would be packaged.
    environment = os.environ | {"AWS_DEFAULT_REGION": "us-east-1", "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        command, cwd=tree, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        last = (done.stderr.strip() or done.stdout.strip() or "it said nothing").splitlines()[-1]
        raise Refused(f"chalice package failed in {tree}: {last}")
    template: dict[str, Any] = json.loads((tree / "package" / "sam.json").read_text("utf-8"))
    return template


def as_toml(targets: Targets) -> str:
    """A targets.toml with only these targets, names filled in: `load_targets` reads it back."""
    lines = [f"# Written when packaging: the targets of {targets.stage}, and of no other stage."]
    for target in targets.all:
        lines += ["", "[[target]]"]
        keys = target.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        lines += [f"{key} = {_toml(value)}" for key, value in keys.items()]
    channels = targets.notices.model_dump(mode="json", exclude_defaults=True)
    if channels:
        lines += ["", "[notices]", *(f"{key} = {_toml(value)}" for key, value in channels.items())]
    return "\n".join(lines) + "\n"


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return (
            "{"
            + ", ".join(f"{json.dumps(key)} = {_toml(item)}" for key, item in value.items())
            + "}"
        )
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    # A JSON text, number or boolean is TOML's too, but for one character that must be escaped and
    # for surrogates, which TOML does not know.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _write_settings(
    source: Path, chalice: Path, stage: str, policies: Policies, architecture: str
) -> None:
    chalice.mkdir()
    text = (source / "config.json").read_text("utf-8")
    config = configuration.chalice_config(text, stage, architecture)
    names = configuration.functions(config, stage)
    resources = (source / "resources.yaml").read_text("utf-8")
    _write(chalice / "config.json", config)
    _write(chalice / "resources.json", configuration.merge_template(resources, stage, names))
    for function in names:
        # Chalice wants a policy even for a function that is left out of the template.
        nothing = {"Version": "2012-10-17", "Statement": list[Any]()}
        _write(chalice / policy_file(function), policies.documents.get(function, nothing))


def _write(path: Path, document: dict[str, Any]) -> None:
    path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
