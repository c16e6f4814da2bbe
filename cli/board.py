"""Slipway's functions -> the whole board: all pages of it, as one reply."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chalicelib.errors import Refused

if TYPE_CHECKING:  # boto3 takes a third of a second
    from cli.functions import Functions


def whole_board(functions: Functions, service: str | None = None) -> dict[str, Any]:
    """`{"at", "board": [...]}` of all services, or of one; `at` is that of the first page.

    A function of an earlier release replies with one page, which has all.

    Raises:
        Refused: when a page does not come, or the pages do not end.
    """
    asked: dict[str, Any] = {"board": True} | ({"service": service} if service else {})
    page = functions.call("status", asked)
    whole = {**page, "board": list(page["board"])}
    known: set[str] = set()
    while after := whole.pop("next", None):
        if after in known:
            raise Refused(f"The pages of the board do not end: {after} came twice")
        known.add(after)
        page = functions.call("status", {**asked, "after": after})
        whole["board"] += page["board"]
        whole["next"] = page.get("next")
    return whole
