"""requirements.txt -> what Lambda runs of it: fetched, trimmed, compiled and zipped once."""

from __future__ import annotations

import fcntl
import hashlib
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from chalicelib.errors import Refused
from cli.install import INSTALL, reason
from cli.package import archive, licences, trimming

# Lambda's Amazon Linux 2 (Python 3.11) has glibc 2.26, Amazon Linux 2023 (later ones) 2.34.
_MACHINES = {"x86_64": "x86_64", "arm64": "aarch64"}
ARCHITECTURES = tuple(_MACHINES)


def dependencies(requirements: Path, architecture: str, cache: Path) -> tuple[Path, bool]:
    """The zip of the dependencies, and whether it was there already.

    Only bytes whose hash stands in the requirements are taken.

    Raises:
        Refused: pip could not fetch them; its own last line says why.
    """
    built = cache / f"dependencies-{_key(requirements, architecture)}.zip"
    cache.mkdir(parents=True, exist_ok=True)
    with locked(cache / "lock"):
        if built.exists():
            return built, True
        with tempfile.TemporaryDirectory(dir=cache) as scratch:
            tree, zipped = Path(scratch, "tree"), Path(scratch, "dependencies.zip")
            _fetch(requirements, architecture, tree)
            trimming.trim(tree)
            archive.compile_tree(tree)
            archive.append_tree(zipped, tree)
            zipped.replace(built)
    return built, False


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock of this file, so that two packagers work one after the other."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _key(requirements: Path, architecture: str) -> str:
    """A name that changes with the requirements, the Python, the architecture and our own steps."""
    ours = (archive.__file__, trimming.__file__, licences.__file__)
    treatment = [Path(__file__), *map(Path, ours)]
    facts = b"".join(path.read_bytes() for path in [requirements, *treatment])
    facts += f"{sys.version}{architecture}".encode()
    return hashlib.sha256(facts).hexdigest()[:16]


def _fetch(requirements: Path, architecture: str, tree: Path) -> None:
    newest = 26 if sys.version_info < (3, 12) else 34
    machine = _MACHINES[architecture]
    # pip takes a platform literally, except that manylinux2014 includes its two predecessors.
    platforms = [f"manylinux_2_{minor}_{machine}" for minor in range(17, newest + 1)]
    platforms.append(f"manylinux2014_{machine}")
    command = [sys.executable, "-m", "pip", *INSTALL]
    command += ["--target", str(tree), "--requirement", str(requirements), "--no-compile"]
    command += ["--only-binary", ":all:", "--implementation", "cp"]
    command += ["--python-version", f"{sys.version_info.major}.{sys.version_info.minor}"]
    command += [part for platform in platforms for part in ("--platform", platform)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        why = reason(done.stderr)
        raise Refused(f"pip could not fetch {requirements.name} for {architecture}: {why}")
