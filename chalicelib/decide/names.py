"""What a revision, or an image, is called: each name once, the newest first."""

from __future__ import annotations

_KEPT = 50  # of one revision: deployments, and tags of its image


def names(first: str, others: tuple[str, ...]) -> tuple[str, ...]:
    """These names once each, without the first one; at most fifty."""
    return tuple(name for name in dict.fromkeys(others) if name and name != first)[:_KEPT]


def more_names(first: str, others: tuple[str, ...], name: str) -> tuple[str, ...]:
    """The names besides the first one, with one that may be new."""
    return names(first, others if name in others else (name, *others))
