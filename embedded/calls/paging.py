"""Long lists in parts, with a token for the next part."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any


def part(items: Sequence[Any], size: int, token: str | None) -> tuple[list[Any], str | None]:
    """At most `size` items from `token` on, and the token of the next part, if there is one.

    Raises:
        ValueError: the token is not one of ours.
    """
    start = int(base64.b64decode(token, validate=True)) if token else 0
    end = start + size
    following = base64.b64encode(str(end).encode()).decode() if end < len(items) else None
    return list(items[start:end]), following
