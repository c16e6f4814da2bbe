"""What a function imports until its first event, from its unpacked package alone."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

_LINE = re.compile(r"import time:\s+(\d+) \|\s+\d+ \|\s+(\S+)")
# As local/lambda_worker.py starts a function: isolated, without site-packages.
_PYTHON = [sys.executable, "-I", "-S", "-B"]
_ENVIRONMENT = {
    "AWS_LAMBDA_RUNTIME_API": "127.0.0.1:9001",
    "AWS_REGION": "us-west-2",
    "AWS_DEFAULT_REGION": "us-west-2",
    "AWS_ACCESS_KEY_ID": "none",
    "AWS_SECRET_ACCESS_KEY": "none",
    "AWS_EC2_METADATA_DISABLED": "true",
    "PATH": os.defpath,
}


def modules(package: Path, function: str) -> list[str]:
    """The modules that are loaded once the handler is there, by name."""
    code = f"{_found(package, function)}; print('\\n'.join(sorted(sys.modules)))"
    return _run([*_PYTHON, "-c", code]).stdout.split()


def profile(package: Path, function: str, top: int = 15) -> list[tuple[str, float]]:
    """The modules that took longest by themselves, with their milliseconds (`-X importtime`)."""
    told = _run([*_PYTHON, "-X", "importtime", "-c", _found(package, function)]).stderr
    found = [(name, int(took) / 1000) for took, name in _LINE.findall(told)]
    return sorted(found, key=lambda each: -each[1])[:top]


def _found(package: Path, function: str) -> str:
    return f"import sys; sys.path.insert(0, {str(package)!r}); import app; app.{function}"


def _run(command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, env=_ENVIRONMENT, capture_output=True, text=True, check=True)
