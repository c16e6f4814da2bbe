"""the services that follow a repository -> rolled back one after another -> their replies."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from chalicelib.errors import DeployerError, Unavailable
from chalicelib.explain.text import brief
from chalicelib.model.targets import Target, Targets

_LONGEST = 1_000  # characters of an error, as in every reply

Call = Callable[[Target], dict[str, Any]]


def roll_back_all(
    targets: Targets, followers: Collection[Target], roll_back: Call
) -> list[dict[str, Any]]:
    """Return a reply for each service: those that wait for another one go back before it.

    Each is `{"service", "deployment", "status"}`, or `{"service", "error"}`. An error of one holds
    up no other. One that is no DeployerError is a fault of Slipway's own; the first one is raised
    at the end.
    """
    replies: list[dict[str, Any]] = []
    faults: list[Exception] = []
    for target in reversed(targets.in_order(followers)):
        try:
            replies.append({"service": target.name, **roll_back(target)})
        except Exception as error:  # whatever it is, the others still go back
            if not isinstance(error, DeployerError):
                faults.append(error)
            replies.append({"service": target.name, "error": _words(error)})
    if faults:
        raise faults[0]
    return replies


def _words(error: Exception) -> str:
    words = brief(str(error), _LONGEST)
    if isinstance(error, Unavailable) and "ask again" not in words:
        return f"{words}. Ask again in a minute."
    return words
