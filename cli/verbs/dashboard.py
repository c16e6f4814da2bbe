"""`slipway dashboard`: a page on this machine, with the person's own credentials."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from cli.connect import connect
from cli.options import AllStages, Json, Profile, Region, Stage

if TYPE_CHECKING:
    from cli.dashboard.stages import Open
    from cli.stages import StageEntry

Port = Annotated[int, typer.Option("--port", help="A port of this machine. Default: any free one.")]


def dashboard(
    context: typer.Context,
    port: Port = 0,
    all_stages: AllStages = False,
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

    if all_stages:
        from cli.all_stages import choosing_none  # noqa: PLC0415 - rarely asked
        from cli.stages import all_configured  # noqa: PLC0415 - as above

        choosing_none(context)
        return serve(_reached(all_configured()), port, as_json=as_json)
    functions = connect(stage, profile, region)
    functions.identity()  # so that what is wrong is said here, and an MFA code is asked for here
    return serve({functions.name: (functions.stage, lambda: functions)}, port, as_json=as_json)


def _reached(entries: Sequence[StageEntry]) -> dict[str, tuple[str, Open]]:
    """Each stage by its name; it is opened once it is asked."""
    from cli.stages import opened  # noqa: PLC0415 - as above

    return {entry.name: (entry.stage, partial(opened, entry)) for entry in entries}
