"""`slipway doctor`: what is wrong or slow, and what to do."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from cli.connect import stage_meant
from cli.options import Json, Profile, Region, Stage

_Service = Annotated[
    str | None, typer.Argument(help="CLUSTER/SERVICE or SERVICE. Default: all of the stage.")
]
_Targets = Annotated[
    Path | None, typer.Option("--targets", help="Default: the targets.toml of the checkout.")
]
_Only = Annotated[
    Literal["slow"] | None, typer.Option("--only", help="Show only what makes rollouts slow.")
]


def doctor(
    service: _Service = None,
    targets: _Targets = None,
    only: _Only = None,
    stage: Stage = None,
    profile: Profile = None,
    region: Region = None,
    as_json: Json = False,
) -> int:
    """Look at every target and at the stack, and say what is wrong and what to do.

    It uses your own credentials, and only reads. The exit code is 1 when there is an error.

    Example: slipway doctor --stage prod --only slow
    """
    from cli.doctor.command import run  # noqa: PLC0415 - boto3 takes a third of a second

    chosen = stage_meant(stage, profile, region)
    return run(
        service,
        chosen.stage,
        targets,
        only,
        chosen.profile,
        chosen.region,
        as_json=as_json,
    )
