"""The dashboard's pictures: small, of three widths, and refused in a sentence without Chromium."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from chalicelib.errors import Refused
from demo import screenshots
from demo.chromium import NAMES, chromium

PICTURES = Path(__file__).parents[2] / screenshots.PICTURES
SHOTS = {"board": 1280, "deployment": 1280, "failure": 820, "phone": 390}


@pytest.mark.parametrize(("name", "width"), SHOTS.items())
def test_a_picture_is_small_and_as_wide_as_its_window(name: str, width: int) -> None:
    data = (PICTURES / f"dashboard-{name}.png").read_bytes()
    assert data.startswith(b"\x89PNG")
    assert struct.unpack(">I", data[16:20]) == (width,)
    assert len(data) <= 150_000


def test_without_chromium_the_command_says_what_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(Refused, match="The pictures need Chromium: Debian's package chromium"):
        screenshots.main()


@pytest.mark.parametrize("name", NAMES)
def test_chromium_is_found_by_each_of_its_names(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    program = tmp_path / name
    program.touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert chromium() == str(program)
