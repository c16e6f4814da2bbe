"""targets -> which may wait for which, and in which order they go."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chalicelib.model.targets import Target


def waits_rightly(target: Target, targets: Sequence[Target]) -> bool:
    """Whether the target waits for nothing, or for a `before` that runs for the same pushes.

    `targets` are all of the stage. A circle, in which each waits for another, is not right.
    """
    if target.waits_for is None:
        return True
    first = next((other for other in targets if other.name == target.waits_for), None)
    return (
        first is not None
        and first.repository == target.repository
        and first.before is not None
        and (first.mode == "deploy" or target.mode == "observe")
        and target.name not in waited_for(target, targets)
    )


def waited_for(target: Target, targets: Iterable[Target]) -> tuple[str, ...]:
    """Return what the target waits for, what that waits for, and so on; each name once."""
    waits = {other.name: other.waits_for for other in targets}
    found: list[str] = []
    name = target.waits_for
    while name is not None and name not in found:
        found.append(name)
        name = waits.get(name)
    return tuple(found)


def ordered(targets: Sequence[Target]) -> Iterator[Target]:
    """Yield each target after what it waits for, otherwise in the order given."""
    named = {target.name: target for target in targets}
    gone: set[str] = set()
    for target in targets:
        for name in (*reversed(waited_for(target, targets)), target.name):
            if name in named and name not in gone:
                gone.add(name)
                yield named[name]
