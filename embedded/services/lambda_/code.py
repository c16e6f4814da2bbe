"""What a function's process can import: its own unpacked package, then the Lambda runtime."""

from __future__ import annotations

import calendar
import importlib.util
import io
import os
import zipfile
from collections.abc import Iterable
from pathlib import Path

# What /var/runtime has on Lambda: the runtime, and an SDK that the function's own copy hides.
_RUNTIME = (
    "awslambdaric",
    "runtime_client",
    "simplejson",
    "snapshot_restore_py",
    "boto3",
    "botocore",
    "s3transfer",
    "urllib3",
    "jmespath",
    "dateutil",
    "six",
)


def unzip(code: bytes, root: Path) -> None:
    """Unpack as Lambda does, with the files' times: they decide whether a .pyc is valid."""
    partial = root.with_name(root.name + ".partial")
    with zipfile.ZipFile(io.BytesIO(code)) as archive:
        archive.extractall(partial)
        for entry in archive.infolist():
            path = partial / entry.filename
            modified = calendar.timegm((*entry.date_time, 0, 0, 0))
            if path.is_file():
                path.chmod(0o555 if entry.external_attr >> 16 & 0o100 else 0o444)
            os.utime(path, (modified, modified))
    partial.rename(root)


def link_runtime(path: Path) -> None:
    """Fill `path` with links to what Lambda's runtime directory has, and to nothing else."""
    path.mkdir(parents=True)
    for source in _installed(_RUNTIME):
        (path / source.name).symlink_to(source)


def _installed(names: Iterable[str]) -> Iterable[Path]:
    for name in names:
        spec = importlib.util.find_spec(name)
        if spec is None or spec.origin is None:
            raise RuntimeError(f"The Lambda runtime needs {name}; install requirements-dev.txt")
        origin = Path(spec.origin)
        yield origin.parent if origin.name == "__init__.py" else origin
