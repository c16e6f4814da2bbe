"""A tree of files -> a zip with compiled code; the same files always make the same bytes."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

# Where Lambda unpacks a function: compiled code names its source by this path in a traceback.
TASK_ROOT = "/var/task"
_FILE = 0o100644 << 16  # a regular file that everybody may read, which Lambda requires
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest date that a zip can hold


def compile_tree(tree: Path) -> None:
    """Add `.pyc` files: they halve a cold start.

    Unchecked hashes, since a zip's dates mean nothing; the hash seed is fixed, since the order of a
    frozen set is part of the compiled bytes.
    """
    command = [sys.executable, "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash"]
    command += ["-s", str(tree), "-p", TASK_ROOT, str(tree)]
    subprocess.run(command, env=os.environ | {"PYTHONHASHSEED": "0"}, check=True)


def append_tree(archive: Path, tree: Path) -> None:
    """Append every file of the tree to the zip, by name; make the zip if there is none."""
    files = sorted(path for path in tree.rglob("*") if path.is_file())
    with zipfile.ZipFile(archive, "a") as zipped:
        for path in files:
            entry = zipfile.ZipInfo(path.relative_to(tree).as_posix(), _EPOCH)
            entry.external_attr = _FILE
            entry.compress_type = zipfile.ZIP_DEFLATED
            zipped.writestr(entry, path.read_bytes())
