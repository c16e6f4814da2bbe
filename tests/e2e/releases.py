"""A package -> the package of the release after it, as far as stored data goes.

The release after knows one more schema with one more field, of HEAD and of records. It is made of
this release's own package, so no test needs an older one: this release is then "the one before".
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
    _add_field(code / "model" / "deployments.py")
    _append(code / "model" / "stored.py", _SCHEMA)
    if writes:
        _append(code / "aws" / "ledger.py", _WRITES)
    archive.compile_tree(tree)
    made = directory / "deployment.zip"
    archive.append_tree(made, tree)
    shutil.rmtree(tree)
    return made


def _add_field(module: Path) -> None:
    """Give HEAD and record a field with a default, first of all of theirs."""
    lines = module.read_text("utf-8").splitlines()
    for model in ("Deployment", "Head"):
        (at,) = [n for n, line in enumerate(lines) if line == f"class {model}(Frozen):"]
        docstring = next(n for n in range(at + 1, len(lines)) if lines[n].endswith('"""'))
        lines.insert(docstring + 1, f'    {FIELD}: str = ""')
    module.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _append(module: Path, text: str) -> None:
    module.write_text(module.read_text("utf-8") + text, encoding="utf-8")


SCHEMA = str(NEWEST + 1)
