"""`slipway status`: what runs, what is under way, what holds, and how the last one went."""

from __future__ import annotations

from cli.connect import connect
from cli.names import service_named
from cli.options import AnyService, Json, Profile, Region, Stage
from cli.show.screen import console, say, say_json
from cli.show.words import moment


def status(
    service: AnyService = None,
    stage: Stage = None,
    profile: Profile = None,
    region: Region = None,
    as_json: Json = False,
) -> None:
    """Show what runs, what is under way, holds, and how the last deployment went.

    Example: slipway status --stage prod
    """
    functions = connect(stage, profile, region)
    asked = {"service": service_named(functions, service)} if service else {}
    reply = functions.call("status", {"board": True, **asked})
    if as_json:
        return say_json(reply)
    from cli.show import board  # noqa: PLC0415 - rich takes a tenth of a second

    console().print(board.table(reply["board"], moment(reply["at"])))
    if notes := board.below(reply["board"]):
        say("", *notes)
    return None
