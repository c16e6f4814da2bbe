"""`slipway release`: end the holds of a service, let go what is held or paused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from chalicelib.errors import Refused
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

if TYPE_CHECKING:  # boto3 takes a third of a second
    from cli.functions import Functions

Drop = Annotated[
    bool,
    typer.Option(
        "--drop", help="Refuse the deployment that is held, or roll the paused rollout back."
    ),
]
At = Annotated[
    str | None,
    typer.Option(
        "--at", help="Only if ECS has paused it in this stage.", metavar="LIFECYCLE_STAGE"
    ),
]


def release(
    what: ServiceOrDeployment,
    why: Why = None,
    drop: Drop = False,
    at: At = None,
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

    Where ECS has paused a rollout at a PAUSE hook, the rollout goes on. What is released is what
    was shown: if another deployment is held meanwhile, or ECS is in another stage, nothing is
    released.

    Example: slipway release backend --why "the fix is tested"
    """
    manner = Manner(why, dry_run, yes, wait, seconds(timeout), as_json)
    functions = connect(stage, profile, region)
    given = is_deployment(what)
    name = record_named(functions, what)["service"] if given else service_named(functions, what)
    row = functions.call("status", {"service": name, "board": True})["board"][0]
    paused = shown.paused(row)
    if at or (paused and not shown.held(row)):
        return _resume(functions, manner, row, paused, drop=drop, at=at)
    held = what if given else shown.held(row)
    payload: dict[str, Any] = {"deployment": held} if held else {"service": name}
    payload["deploy"] = "none" if drop else "newest"
    manner.show(row, [*shown.now(row), shown.would(row, drop=drop)])
    if dry_run:
        return 0
    command = ["release", held or name, *(["--drop"] if drop else [])]
    change = Change(functions, "release", payload, manner, command, service=name)
    return change.finish(change.act(f"Release {name}?"), shown.released)


def _resume(
    functions: Functions,
    manner: Manner,
    row: shown.Row,
    paused: shown.Row | None,
    *,
    drop: bool,
    at: str | None,
) -> int:
    """Let the paused rollout go on, or roll it back; return the exit code."""
    if paused is None or at not in {None, paused["paused"]["stage"]}:
        where = f"paused in stage {paused['paused']['stage']}" if paused else "not paused"
        raise Refused(f"{row['service']} is {where}, so nothing was released")
    name, stage = paused["deployment"], paused["paused"]["stage"]
    manner.show(row, [*shown.now(row), shown.would_resume(paused, drop=drop)])
    if manner.dry_run:
        return 0
    payload = {"deployment": name, "stage": stage, "deploy": "none" if drop else "newest"}
    command = ["release", name, "--at", stage, *(["--drop"] if drop else [])]
    change = Change(functions, "release", payload, manner, command, service=row["service"])
    question = f"Roll {name} back?" if drop else f"Let {name} go on?"
    return change.finish(change.act(question), shown.resumed)
