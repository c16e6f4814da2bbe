"""`slipway dashboard`: a page on this machine, with the person's own credentials."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.connect import connect
from cli.options import Json, Profile, Region, Stage

Port = Annotated[int, typer.Option("--port", help="A port of this machine. Default: any free one.")]


def dashboard(
    port: Port = 0,
    stage: Stage = None,
    profile: Profile = None,
    region: Region = None,
    as_json: Json = False,
) -> int:
    """Show the services in a browser: what runs, how it went, and where the time went.

    The page is served on this machine only, and asks AWS with your own credentials. Whoever has
    the printed address may do what you may, until Ctrl-C ends it.

    Example: slipway dashboard --stage prod
    """
    from cli.dashboard.serve import serve  # noqa: PLC0415 - the web server takes a third of a second

    functions = connect(stage, profile, region)
    return serve({functions.stage: (functions.stage, lambda: functions)}, port, as_json=as_json)
