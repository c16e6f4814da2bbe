"""stage -> its board: all pages of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cli.functions import Functions


def board_of(functions: Functions) -> dict[str, Any]:
    """Return the reply of `status` with the rows of all services.

    Raises:
        Refused: when a page cannot be read.
    """
    asked: dict[str, Any] = {"board": True}
    reply = functions.call("status", asked)
    rows = list(reply["board"])
    while reply.get("next"):
        reply = functions.call("status", {**asked, "after": rows[-1]["service"]})
        rows += reply["board"]
    return {**reply, "board": rows}
