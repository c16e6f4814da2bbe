"""names + names -> the names of a revision or an image: each name once, the newest first."""

from __future__ import annotations

_KEPT = 50  # names of one revision: its deployments, or the tags of its image


def names(first: str, others: tuple[str, ...]) -> tuple[str, ...]:
    """Return each of the other names once, without `first`; at most fifty."""
    return tuple(name for name in dict.fromkeys(others) if name and name != first)[:_KEPT]


def more_names(first: str, others: tuple[str, ...], name: str) -> tuple[str, ...]:
    """Return the other names with `name` in front when it is new; at most fifty."""
    return names(first, others if name in others else (name, *others))
