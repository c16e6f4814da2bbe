"""What the board says below its table of a family that cannot be kept tidy."""

from __future__ import annotations

import pytest

from cli.show.board import below


@pytest.mark.parametrize(
    ("why", "lines"),
    [("", []), ("may not X", ["c/s: no old revision is deregistered: may not X"])],
)
def test_why_no_old_revision_goes_is_said(why: str, lines: list[str]) -> None:
    assert below([{"service": "c/s", "tidied": {"count": 3, "why": why}}]) == lines
    assert below([{"service": "c/s"}]) == []
