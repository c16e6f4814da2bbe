"""`slipway init`: write the targets file of an account that runs already."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from cli.account import signed_in
from cli.options import Json, Profile, Region

_Out = Annotated[
    str | None,
    typer.Option(
        "--out", metavar="PATH", help="Where to; - is stdout. Default: that of the checkout."
    ),
]
_Force = Annotated[bool, typer.Option("--force", help="Overwrite a file that is there.")]
_Clusters = Annotated[
    list[str] | None, typer.Option("--cluster", help="Read only this one. May be repeated.")
]
_Environments = Annotated[
    list[str] | None,
    typer.Option("--env", help="The name of an environment, as in your names. May be repeated."),
]


def init(
    out: _Out = None,
    force: _Force = False,
    cluster: _Clusters = None,
    env: _Environments = None,
    profile: Profile = None,
    region: Region = None,
    as_json: Json = False,
) -> None:
    """Write the targets file of this account: which service follows which repository.

    It reads ECS, ECR and CloudWatch Logs with your own credentials, and changes nothing there.
    What it cannot decide is a comment in the file, with what to do about it.

    Example: slipway init --env dev --env prod --out targets.toml
    """
    from cli.init import command  # noqa: PLC0415 - boto3 takes a third of a second

    options = command.Options(
        out=out, force=force, clusters=tuple(cluster or ()), environments=tuple(env or ())
    )
    with signed_in(profile, region) as session:
        made = command.init(session, options)
    # The file itself may be on stdout; then what is said of it must not be.
    says = sys.stderr if out == "-" else sys.stdout
    print(made.model_dump_json() if as_json else "\n".join(command.summary(made)), file=says)
