"""A wheel of one module, for what pip does with the bytes that it gets."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path


def wheel(folder: Path, name: str = "tiny") -> str:
    """Write NAME 1.0 into the folder, and return its SHA-256 in hexadecimal."""
    path, metadata = folder / f"{name}-1.0-py3-none-any.whl", f"{name}-1.0.dist-info"
    with zipfile.ZipFile(path, "w") as zipped:
        zipped.writestr(f"{name}.py", "")
        zipped.writestr(
            f"{metadata}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n"
        )
        zipped.writestr(
            f"{metadata}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        zipped.writestr(f"{metadata}/RECORD", "")
    return hashlib.sha256(path.read_bytes()).hexdigest()
