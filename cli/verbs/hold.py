"""`slipway hold`: pushes to a service wait."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

import typer

from cli.change import Change, Manner
from cli.connect import connect
from cli.names import service_named
from cli.options import DryRun, Json, Profile, Region, Service, Stage, Why, Yes
from cli.show import held as shown

Until = Annotated[
    str | None,
    typer.Option("--until", help="When it ends by itself: 90m, 4h, 2d, or an ISO time (UTC)."),
]


def hold(
    service: Service,
    why: Why = None,
    until: Until = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    stage: Stage = None,
    profile: Profile = None,
    region: Region = None,
    as_json: Json = False,
) -> int:
    """Hold the pushes to a service. Rollbacks go through.

    Example: slipway hold backend --until 4h --why "the database moves"
    """
    functions = connect(stage, profile, region)
    name = service_named(functions, service)
    payload: dict[str, Any] = {"service": name} | ({"until": until} if until else {})
    manner = Manner(why, dry_run, yes, wait=False, limit=timedelta(0), as_json=as_json)
    command = ["hold", name, *(["--until", until] if until else [])]
    row = functions.call("status", {"service": name, "board": True})["board"][0]
    manner.show(row, [*shown.now(row), shown.would_hold(until)])
    if dry_run:
        return 0
    change = Change(functions, "hold", payload, manner, command)
    return change.finish(change.act(f"Hold pushes to {name}?"), shown.holding)
