"""`slipway release`: end the holds of a service, and let go what is held."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from cli.change import Change, Manner
from cli.connect import connect
from cli.follow import seconds
from cli.names import is_deployment, record_named, service_named
from cli.options import (
    DryRun,
    Json,
    Profile,
    Region,
    ServiceOrDeployment,
    Stage,
    Timeout,
    Wait,
    Why,
    Yes,
)
from cli.show import held as shown

Drop = Annotated[
    bool, typer.Option("--drop", help="Refuse the deployment that is held, and end the holds.")
]


def release(
    what: ServiceOrDeployment,
    why: Why = None,
    drop: Drop = False,
    dry_run: DryRun = False,
    wait: Wait = False,
    timeout: Timeout = "1h",
    yes: Yes = False,
    stage: Stage = None,
    profile: Profile = None,
    region: Region = None,
    as_json: Json = False,
) -> int:
    """End the holds of a service, and deploy what is held. A freeze is not ended.

    What is released is the deployment that was shown: if another one is held meanwhile, nothing
    is released.

    Example: slipway release backend --why "the fix is tested"
    """
    manner = Manner(why, dry_run, yes, wait, seconds(timeout), as_json)
    functions = connect(stage, profile, region)
    given = is_deployment(what)
    name = record_named(functions, what)["service"] if given else service_named(functions, what)
    row = functions.call("status", {"service": name, "board": True})["board"][0]
    held = what if given else shown.held(row)
    payload: dict[str, Any] = {"deployment": held} if held else {"service": name}
    payload["deploy"] = "none" if drop else "newest"
    manner.show(row, [*shown.now(row), shown.would(row, drop=drop)])
    if dry_run:
        return 0
    command = ["release", held or name, *(["--drop"] if drop else [])]
    change = Change(functions, "release", payload, manner, command, service=name)
    return change.finish(change.act(f"Release {name}?"), shown.released)
