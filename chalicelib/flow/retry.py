"""attempt -> result: retry when another writer got there first."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from chalicelib.errors import Conflict, Unavailable

_TRIES = 5
Result = TypeVar("Result")


def retried(service: str, attempt: Callable[[], Result]) -> Result:
    """Return what `attempt` returns. Retry it, from its first read on, after each Conflict.

    Raises:
        Unavailable: after five conflicts; the caller may call again at any time.
    """
    for _ in range(_TRIES):
        try:
            return attempt()
        except Conflict:
            continue
    raise Unavailable(f"others kept writing to {service}; ask again in a moment")
