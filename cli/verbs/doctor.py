"""`slipway doctor`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer


def doctor(  # noqa: PLR0913, PLR0917 - each is an option
    service: Annotated[
        str | None, typer.Argument(help="CLUSTER/SERVICE or SERVICE; by default all of the stage.")
    ] = None,
    stage: Annotated[
        str, typer.Option("--stage", "-s", envvar="SLIPWAY_STAGE", help="The environment.")
    ] = "dev",
    targets: Annotated[
        Path | None, typer.Option("--targets", help="Default: the checkout's targets.toml.")
    ] = None,
    only: Annotated[
        Literal["slow"] | None, typer.Option("--only", help="Show only what makes rollouts slow.")
    ] = None,
    profile: Annotated[str | None, typer.Option("--profile", help="Of your credentials.")] = None,
    region: Annotated[str | None, typer.Option("--region", help="The AWS region.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,  # noqa: FBT002
) -> None:
    """Look at every target and at the stack, and say what is wrong and what to do.

    It uses your own credentials, and only reads. The exit code is 1 when there is an error.

    Example: slipway doctor --stage prod --only slow
    """
    from cli.doctor.command import run  # noqa: PLC0415 - boto3 takes half a second

    raise typer.Exit(run(service, stage, targets, only, profile, region, as_json=as_json))
