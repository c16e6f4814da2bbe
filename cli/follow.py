"""deployment -> looks -> its end: watch one deployment, live or in plain lines."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from chalicelib.errors import Refused
from cli.exits import BY_STATUS, HELD, TIMED_OUT, Usage
from cli.show.words import moment
from cli.terminal import Interrupted

if TYPE_CHECKING:  # boto3 takes a third of a second
    from cli.functions import Functions

Look = tuple[Mapping[str, Any], Mapping[str, Any], str]  # record, what ECS runs, when (ISO 8601)
Show = Callable[[Look], None]
_PAUSE_SECONDS = 2.0
_FAILED_LOOKS = 15  # in a row: half a minute, beside the SDK's own retries
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours"}


@dataclass(frozen=True)
class Followed:
    """What is watched, and how."""

    service: str
    deployment: str
    timeout: timedelta
    show: AbstractContextManager[Show]


def follow(functions: Functions, followed: Followed) -> tuple[Mapping[str, Any], int]:
    """Look until the deployment is closed, HELD or paused; return its record and the exit code.

    `timeout` counts by the clock of AWS, which the replies carry.

    Raises:
        Interrupted: after Ctrl-C; the deployment goes on.
    """
    try:
        with followed.show as shown:
            return _until_its_end(functions, followed, shown)
    except KeyboardInterrupt:
        again = f"slipway watch {followed.deployment}"
        raise Interrupted(f"Stopped watching; the deployment goes on. Next: {again}") from None


def _until_its_end(
    functions: Functions, followed: Followed, shown: Show
) -> tuple[Mapping[str, Any], int]:
    look = _look(functions, followed)
    first = look[2]
    while True:
        record, _, at = look
        shown(look)
        if record["status"] in BY_STATUS:
            return record, BY_STATUS[record["status"]]
        if record.get("paused"):
            return record, HELD
        if moment(at) - moment(first) >= followed.timeout:
            return record, TIMED_OUT
        look = _next_look(functions, followed)


def _next_look(functions: Functions, followed: Followed) -> Look:
    """The next look; a throttle or a broken connection does not end the watch.

    Raises:
        Refused: when several looks in a row failed.
    """
    for _ in range(_FAILED_LOOKS - 1):
        time.sleep(_PAUSE_SECONDS)
        with suppress(Refused):
            return _look(functions, followed)
    time.sleep(_PAUSE_SECONDS)
    return _look(functions, followed)


def _look(functions: Functions, followed: Followed) -> Look:
    wanted = followed.deployment
    reply = functions.call("status", {"service": followed.service, "now": True})
    records = [one for one in reply["deployments"] if one["deployment"] == wanted]
    if not records:  # twenty newer ones hide it
        records = functions.call("status", {"deployment": wanted})["deployments"]
    return records[0], reply["now"], reply["at"]


@contextmanager
def screen() -> Iterator[Show]:
    """Show each look: live at a terminal, else a line for each change."""
    from cli.show import rollout  # noqa: PLC0415 - rich takes a tenth of a second
    from cli.show.screen import console, say  # noqa: PLC0415 - as above

    if not console().is_terminal or console().is_dumb_terminal:
        told: list[str] = []

        def lines(look: Look) -> None:
            record, now, at = look
            words = rollout.line(record, now)
            if words not in told[-1:]:
                told.append(words)
                say(f"{moment(at):%H:%M:%S}  {words}")
                sys.stdout.flush()

        yield lines
        return
    from rich.live import Live  # noqa: PLC0415 - as above

    with Live(console=console(), refresh_per_second=4) as live:
        yield lambda look: live.update(rollout.view(look[0], look[1], moment(look[2])))


def silent() -> AbstractContextManager[Show]:
    """Show nothing: `--json` prints only the end."""
    return nullcontext(lambda _: None)


def seconds(text: str) -> timedelta:
    """The span of `--timeout`: 90s, 45m or 2h.

    Raises:
        Usage: when it is none.
    """
    found = re.fullmatch(r"(\d{1,6})([smh])", text)
    if found is None:
        raise Usage(f"--timeout: expected a span like 90s, 45m or 2h, found {text!r}")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})
