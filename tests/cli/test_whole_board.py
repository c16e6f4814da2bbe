"""All pages of the board become one reply."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.errors import Refused
from cli.board import whole_board


class Pages:
    """Functions whose `status` has three pages of the board."""

    def __init__(self, *nexts: str | None) -> None:
        self._nexts = iter(nexts)
        self.asked: list[dict[str, Any]] = []

    def call(self, function: str, payload: dict[str, Any]) -> dict[str, Any]:
        assert function == "status"
        self.asked.append(payload)
        number = len(self.asked)
        after = next(self._nexts)
        reply = {"at": f"{number}", "board": [{"service": f"shop/{number}"}]}
        return {**reply, "next": after} if after else reply


def test_each_page_says_which_is_next() -> None:
    pages: Any = Pages("shop/1", "shop/2", None)
    whole = whole_board(pages)
    assert [row["service"] for row in whole["board"]] == ["shop/1", "shop/2", "shop/3"]
    assert pages.asked == [
        {"board": True},
        {"board": True, "after": "shop/1"},
        {"board": True, "after": "shop/2"},
    ]
    assert whole.keys() == {"at", "board"}
    assert whole["at"] == "1"


def test_one_service_is_one_page() -> None:
    pages: Any = Pages(None)
    assert len(whole_board(pages, "shop/a")["board"]) == 1
    assert pages.asked == [{"board": True, "service": "shop/a"}]


def test_pages_that_come_again_are_refused() -> None:
    pages: Any = Pages("shop/1", "shop/2", "shop/1", "shop/2")
    with pytest.raises(Refused, match=r"do not end: shop/1 came twice"):
        whole_board(pages)
