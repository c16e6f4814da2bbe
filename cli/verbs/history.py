"""`slipway history`: the last deployments of a service."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import typer

from cli.connect import connect
from cli.names import service_named
from cli.options import AllStages, Json, Profile, Region, Service, Stage
from cli.show.screen import console, say, say_json
from cli.show.words import moment

if TYPE_CHECKING:  # boto3 takes a third of a second
    from cli.functions import Functions


def history(
    context: typer.Context,
    service: Service,
    all_stages: AllStages = False,
    stage: Stage = None,
    profile: Profile = None,
    region: Region = None,
    as_json: Json = False,
) -> int:
    """List the last 20 deployments of a service, the newest first.

    Example: slipway history backend --stage prod
    """

    def ask(functions: Functions) -> Mapping[str, Any]:
        name = service_named(functions, service)
        return {**functions.call("status", {"service": name}), "service": name}

    if all_stages:
        from cli.all_stages import on_all_stages  # noqa: PLC0415 - rarely asked

        return on_all_stages(context, ask, _show, as_json=as_json)
    reply = ask(connect(stage, profile, region))
    if as_json:
        say_json({key: value for key, value in reply.items() if key != "service"})
    else:
        _show(reply)
    return 0


def _show(reply: Mapping[str, Any]) -> None:
    name = reply["service"]
    if not reply["deployments"]:
        return say(f"{name} has no deployment yet. Next: push an image, or slipway deploy {name}")
    from cli.show import history  # noqa: PLC0415 - rich takes a tenth of a second

    say(name, "")
    return console().print(history.table(reply["deployments"], moment(reply["at"])))
