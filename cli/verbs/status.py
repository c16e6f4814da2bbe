"""`slipway status`: what runs, what is under way, what holds, and how the last one went."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import typer

from cli.board import whole_board
from cli.connect import connect
from cli.names import service_named
from cli.options import AllStages, AnyService, Json, Profile, Region, Stage
from cli.show.screen import console, say, say_json
from cli.show.words import moment

if TYPE_CHECKING:  # boto3 takes a third of a second
    from cli.functions import Functions


def status(
    context: typer.Context,
    service: AnyService = None,
    all_stages: AllStages = False,
    stage: Stage = None,
    profile: Profile = None,
    region: Region = None,
    as_json: Json = False,
) -> int:
    """Show what runs, what is under way, holds, and how the last deployment went.

    Example: slipway status --stage prod
    """

    def ask(functions: Functions) -> Mapping[str, Any]:
        return whole_board(functions, service_named(functions, service) if service else None)

    if all_stages:
        from cli.all_stages import on_all_stages  # noqa: PLC0415 - rarely asked

        return on_all_stages(context, ask, _show, as_json=as_json)
    reply = ask(connect(stage, profile, region))
    (say_json if as_json else _show)(reply)
    return 0


def _show(reply: Mapping[str, Any]) -> None:
    from cli.show import board  # noqa: PLC0415 - rich takes a tenth of a second

    console().print(board.table(reply["board"], moment(reply["at"])))
    if notes := board.below(reply["board"]):
        say("", *notes)
