"""The exit codes of `slipway`, and the errors that choose one."""

from __future__ import annotations

from collections.abc import Mapping

from chalicelib.errors import Refused

LIVE = 0
FAILED = 1
USAGE = 2
ROLLED_BACK = 3
SUPERSEDED = 4
HELD = 5
REFUSED = 6
TIMED_OUT = 124  # as timeout(1)

MEANINGS: Mapping[int, str] = {
    LIVE: "live, or what was asked for is done",
    FAILED: "it failed, or AWS could not be asked",
    USAGE: "the command was wrong, so nothing was asked",
    ROLLED_BACK: "it failed and was rolled back",
    SUPERSEDED: "another deployment took its place",
    HELD: "it is held, and waits for a person or a time",
    REFUSED: "Slipway refused it, or cannot know what was named",
    TIMED_OUT: "it was still under way when the time was over",
    130: "Ctrl-C",
}

# What an ended or held deployment makes of the command that waited for it.
BY_STATUS: Mapping[str, int] = {
    "SUCCESSFUL": LIVE,
    "OBSERVED": LIVE,
    "FAILED": FAILED,
    "ROLLBACK_SUCCESSFUL": ROLLED_BACK,
    "ROLLBACK_FAILED": FAILED,
    "SUPERSEDED": SUPERSEDED,
    "HELD": HELD,
    "REFUSED": REFUSED,
}


class Usage(Refused):
    """The command was wrong: nothing was asked of AWS, or nothing that changes anything."""


class Declined(Refused):
    """Slipway replied with an error."""


def code_of(error: Refused) -> int:
    """The exit code that tells what kind of error ended a command."""
    if isinstance(error, Usage):
        return USAGE
    return REFUSED if isinstance(error, Declined) else FAILED
