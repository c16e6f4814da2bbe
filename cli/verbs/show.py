"""`slipway show`: the whole story of one deployment."""

from __future__ import annotations

from cli.connect import connect
from cli.names import record_named
from cli.options import Json, Profile, Region, ServiceOrDeployment, Stage
from cli.show import record as shown
from cli.show.screen import say, say_json


def show(
    what: ServiceOrDeployment,
    stage: Stage = None,
    profile: Profile = None,
    region: Region = None,
    as_json: Json = False,
) -> None:
    """Show one deployment: its timeline, what changed, why it failed, what people were told.

    Example: slipway show a2f38a79
    """
    functions = connect(stage, profile, region)
    record = record_named(functions, what)
    if as_json:
        return say_json(record)
    return say(*shown.story(record, functions.at))
