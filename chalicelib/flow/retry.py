"""What others' writes undid -> done again."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from chalicelib.errors import Conflict, Unavailable

_TRIES = 5
Result = TypeVar("Result")


def retried(service: str, attempt: Callable[[], Result]) -> Result:
    """What `attempt` returns; made anew, from its first read, while others write to the service.

    Raises:
        Unavailable: when they keep writing; whoever called may call again at any time.
    """
    for _ in range(_TRIES):
        try:
            return attempt()
        except Conflict:
            continue
    raise Unavailable(f"others kept writing to {service}; ask again in a moment")
