"""Long lists in parts: the size of a part, and the token that names the next one."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any


def part(items: Sequence[Any], size: int, token: str | None) -> tuple[list[Any], str | None]:
    """At most `size` items from where `token` points, and the token of what follows, if any.

    Raises:
        ValueError: the token is not one of ours.
    """
    start = int(base64.b64decode(token, validate=True)) if token else 0
    end = start + size
    following = base64.b64encode(str(end).encode()).decode() if end < len(items) else None
    return list(items[start:end]), following
