"""`slipway history`: the last deployments of a service."""

from __future__ import annotations

from cli.connect import connect
from cli.names import service_named
from cli.options import Json, Profile, Region, Service, Stage
from cli.show.screen import console, say, say_json
from cli.show.words import moment


def history(
    service: Service,
    stage: Stage = None,
    profile: Profile = None,
    region: Region = None,
    as_json: Json = False,
) -> None:
    """List the last 20 deployments of a service, the newest first.

    Example: slipway history backend --stage prod
    """
    functions = connect(stage, profile, region)
    name = service_named(functions, service)
    reply = functions.call("status", {"service": name})
    if as_json:
        return say_json(reply)
    if not reply["deployments"]:
        return say(f"{name} has no deployment yet. Next: push an image, or slipway deploy {name}")
    from cli.show import history  # noqa: PLC0415 - rich takes a tenth of a second

    say(name, "")
    console().print(history.table(reply["deployments"], moment(reply["at"])))
    return None
