"""`slipway replay`: what an event would do."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.connect import connect
from cli.exits import Usage
from cli.options import Json, Profile, Region, Stage
from cli.show.screen import say, say_json

Event = Annotated[
    Path, typer.Argument(help="A file with one EventBridge event as JSON; - is standard input.")
]


def replay(
    event: Event,
    stage: Stage = None,
    profile: Profile = None,
    region: Region = None,
    as_json: Json = False,
) -> None:
    """Say what an event would do now, and why. Nothing is changed.

    Example: slipway replay event.json
    """
    found = _read(event)
    reply = connect(stage, profile, region).call("status", {"event": found})
    if as_json:
        return say_json(reply)
    say(str(reply["event"]))
    for one in reply["would"]:
        why = f", {one['why']}" if one["why"] else ""
        say(f"  {one['service']}: {one['does']}{why}")
    return None


def _read(path: Path) -> dict[str, Any]:
    try:
        text = sys.stdin.read() if str(path) == "-" else path.read_text("utf-8")
        found = json.loads(text)
    except OSError as error:
        raise Usage(f"{path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise Usage(f"{path} is not JSON: {error}") from error
    if not isinstance(found, dict):
        raise Usage(f"{path}: expected one event, an object")
    return found
