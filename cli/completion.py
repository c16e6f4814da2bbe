"""What the shell offers after TAB: services, tags. It asks Slipway, and stays silent on errors.

Names are kept for a minute in the user's cache folder, so that a second TAB is quick.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from chalicelib.errors import Refused

if TYPE_CHECKING:
    from cli.functions import Functions

_KEPT_SECONDS = 60
_WHERE = ("AWS_PROFILE", "AWS_ENDPOINT_URL", "SLIPWAY_CONFIG")  # they decide who is asked


def stages(incomplete: str) -> list[str]:
    """The stages of the configuration file whose name begins with what was typed."""
    from cli.stages import configured  # noqa: PLC0415 - only a shell's TAB needs it

    with suppress(Refused):
        return [entry.name for entry in configured() if entry.name.startswith(incomplete)]
    return []


def services(ctx: typer.Context, incomplete: str) -> list[str]:
    """The services whose name contains what was typed."""
    names = _kept(ctx, "services", lambda found: found.call("status", {"names": True})["services"])
    return [name for name in names if incomplete in name]


def repositories(ctx: typer.Context, incomplete: str) -> list[str]:
    """The repositories that a service follows and whose name contains what was typed."""

    def known(functions: Functions) -> list[str]:
        # A function of an earlier release does not tell them.
        return list(functions.call("status", {"names": True}).get("repositories", ()))

    return [name for name in _kept(ctx, "repositories", known) if incomplete in name]


def tags(ctx: typer.Context, incomplete: str) -> list[str]:
    """The tags that Slipway knows of the service that stands before."""
    given = str(ctx.params.get("service") or "")

    def known(functions: Functions) -> list[str]:
        from cli.names import service_named  # noqa: PLC0415 - only a shell's TAB needs it

        asked = {"service": service_named(functions, given)}
        records = functions.call("status", asked)["deployments"]
        return list(dict.fromkeys(tag for record in records for tag in record["tags"]))

    names = _kept(ctx, f"tags of {given}", known) if given else []
    return [name for name in names if name.startswith(incomplete)]


def _kept(ctx: typer.Context, what: str, ask: Callable[[Functions], list[str]]) -> list[str]:
    options = [str(ctx.params.get(name) or "") for name in ("stage", "profile", "region")]
    environment = [os.environ.get(name, "") for name in _WHERE]
    key = json.dumps([what, *options, *environment])
    path = _folder() / "names.json"
    kept = _read(path)
    at, names = kept.get(key, (0, []))
    if time.time() - at < _KEPT_SECONDS:
        return list(names)
    with suppress(Refused):
        from cli.connect import connect  # noqa: PLC0415 - see above

        names = ask(connect(*(option or None for option in options)))
        kept = {name: each for name, each in kept.items() if time.time() - each[0] < _KEPT_SECONDS}
        with suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps({**kept, key: (time.time(), names)}), "utf-8")
    return list(names)


def _folder() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "slipway")


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
