"""Slipway's functions -> the whole board: all pages of it, as one reply."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cli.pages import pages

if TYPE_CHECKING:  # boto3 takes a third of a second
    from cli.functions import Functions


def whole_board(functions: Functions, service: str | None = None) -> dict[str, Any]:
    """`{"at", "board": [...]}` of all services, or of one; `at` is that of the first page.

    Raises:
        Refused: when a page does not come, or the pages do not end.
    """
    asked = {"board": True} | ({"service": service} if service else {})
    found = list(pages(functions, asked, "the board"))
    whole = {key: value for key, value in found[0].items() if key != "next"}
    return {**whole, "board": [row for page in found for row in page["board"]]}
