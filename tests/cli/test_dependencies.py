"""What packaging fetches: the bytes whose hash the requirements name, or nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from chalicelib.errors import Refused
from cli.package.dependencies import dependencies
from tests.cli.wheels import wheel


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a wheel, which is all that pip can find."""
    wheel(tmp_path)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize(
    ("hashes", "why"),
    [
        pytest.param(
            f" --hash=sha256:{'0' * 64}", r"tiny==1\.0 .*Expected sha256 0{64}", id="other"
        ),
        pytest.param("", r"Hashes are required .*tiny==1\.0", id="none"),
    ],
)
def test_a_library_of_other_bytes_or_without_a_hash_is_not_packaged(
    place: Path, hashes: str, why: str
) -> None:
    requirements, cache = place / "requirements.txt", place / "cache"
    requirements.write_text(f"tiny==1.0{hashes}\n", "utf-8")
    with pytest.raises(Refused, match=why):
        dependencies(requirements, "x86_64", cache)
    assert not list(cache.glob("*.zip"))
