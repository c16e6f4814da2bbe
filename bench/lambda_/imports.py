"""What Init imports, and how long each module takes by itself."""

from __future__ import annotations

import re
from pathlib import Path

from cli.package.budget import importing

_LINE = re.compile(r"import time:\s+(\d+) \|\s+\d+ \|\s+(\S+)")


def profile(package: Path, top: int = 15) -> list[tuple[str, float]]:
    """The modules that took longest by themselves, with their milliseconds (`-X importtime`)."""
    told = importing(package, "", "-X", "importtime").stderr
    found = [(name, int(took) / 1000) for took, name in _LINE.findall(told)]
    return sorted(found, key=lambda each: -each[1])[:top]
