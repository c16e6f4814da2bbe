"""What the programs of overridden commands do, in standalone tasks."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Exits:
    """A program logs `logs` when it starts, and ends `after` seconds later.

    One that outlives every time-out hangs. `times` limits it to so many containers.
    """

    exit_code: int = 1
    after: float = 5.0
    reason: str | None = None
    logs: tuple[str, ...] = ()
    times: int | None = None


@dataclass
class _Script:
    exits: Exits
    image: str
    command: str
    left: int | None

    def matches(self, images: tuple[str, ...], command: str) -> bool:
        if self.left == 0 or self.command not in command:
            return False
        return any(self.image in image for image in images)


class Programs:
    """What was said of them; the first that matches counts, until its `times` are used up."""

    def __init__(self) -> None:
        self._scripts: list[_Script] = []

    def add(self, exits: Exits, image: str, command: str) -> None:
        """`image` and `command` are parts of what they must match."""
        self._scripts.append(_Script(exits, image, command, exits.times))

    def take(self, images: tuple[str, ...], command: str) -> Exits | None:
        """What a command about to start in a task of these images does; it counts as used."""
        found = next((each for each in self._scripts if each.matches(images, command)), None)
        if found is None:
            return None
        if found.left is not None:
            found.left -= 1
        return found.exits

    def clear(self) -> None:
        self._scripts.clear()
