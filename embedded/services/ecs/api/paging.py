"""`maxResults` and `nextToken`, as the List operations share them."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

from embedded.services.ecs.errors import InvalidParameter

MOST = 100  # "If this parameter isn't used, then … returns up to 100 results"


def page(
    member: str, items: Sequence[Any], request: dict[str, Any], default: int = MOST
) -> dict[str, Any]:
    """The part of `items` that is asked for under `member`, and the token of the next part.

    Raises:
        InvalidParameter: the token is not one of ours.
    """
    size = min(int(request.get("maxResults") or default), MOST)
    start = _decode(request["nextToken"]) if request.get("nextToken") else 0
    answer: dict[str, Any] = {member: list(items[start : start + size])}
    if start + size < len(items):
        answer["nextToken"] = base64.b64encode(str(start + size).encode()).decode()
    return answer


def _decode(token: str) -> int:
    try:
        return int(base64.b64decode(token, validate=True))
    except ValueError as error:
        raise InvalidParameter("Invalid token.") from error
