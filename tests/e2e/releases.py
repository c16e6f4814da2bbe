"""A package -> the package of the next release, as far as stored data goes.

The next release knows one more schema: HEAD and records have one more field. It is made from this
release's package, so no test needs an older package.
"""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

from chalicelib.model.stored import NEWEST
from cli.package import archive
from cli.package.build import Package

FIELD = "of_the_next_release"
_SCHEMA = f"""
NEWEST += 1
for _next in (Head, Deployment):
    KINDS[_next].names[NEWEST] = "{FIELD}"
"""
_WRITES = f"""
_stored = stored


def stored(model):
    return _stored(model.model_copy(update={{"{FIELD}": "written"}}))
"""


def release_after(package: Package, directory: Path, *, writes: bool) -> Path:
    """The zip of the next release; `writes`: every item that it writes uses the new field."""
    tree = directory / "tree"
    with zipfile.ZipFile(package.archive) as zipped:
        zipped.extractall(tree)
    code = tree / "chalicelib"
    for pyc in code.rglob("*.pyc"):
        pyc.unlink()
    _add_field(code / "model" / "deployments.py", "Deployment")
    _add_field(code / "model" / "heads.py", "Head")
    _append(code / "model" / "stored.py", _SCHEMA)
    if writes:
        _append(code / "aws" / "ledger.py", _WRITES)
    archive.compile_tree(tree)
    made = directory / "deployment.zip"
    archive.append_tree(made, tree)
    shutil.rmtree(tree)
    return made


def _add_field(module: Path, model: str) -> None:
    """Give the model a first field, with a default."""
    lines = module.read_text("utf-8").splitlines()
    at = lines.index(f"class {model}(Frozen):")
    docstring = next(n for n in range(at + 1, len(lines)) if lines[n].endswith('"""'))
    lines.insert(docstring + 1, f'    {FIELD}: str = ""')
    module.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _append(module: Path, text: str) -> None:
    module.write_text(module.read_text("utf-8") + text, encoding="utf-8")


SCHEMA = str(NEWEST + 1)
