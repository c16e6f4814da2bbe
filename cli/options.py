"""The options and arguments that several verbs take, each described once."""

from __future__ import annotations

from typing import Annotated

import typer

from cli import completion

Stage = Annotated[
    str | None,
    typer.Option(
        "--stage",
        "-s",
        envvar="SLIPWAY_STAGE",
        help="The environment, like dev or prod, or a name of your slipway.toml.",
        autocompletion=completion.stages,
    ),
]
AllStages = Annotated[
    bool, typer.Option("--all-stages", help="Ask every stage of your slipway.toml at once.")
]
Profile = Annotated[
    str | None, typer.Option("--profile", help="The profile of your AWS configuration.")
]
Region = Annotated[str | None, typer.Option("--region", help="The AWS region.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON: docs/command.md has the schema.")]
Service = Annotated[
    str,
    typer.Argument(
        help="CLUSTER/SERVICE, or a part of it that only one service has.",
        autocompletion=completion.services,
    ),
]
AnyService = Annotated[
    str | None,
    typer.Argument(
        help="CLUSTER/SERVICE, or a part of it that only one service has. Default: all.",
        autocompletion=completion.services,
    ),
]
ServiceOrDeployment = Annotated[
    str,
    typer.Argument(
        help="A service, which means its newest deployment, or a deployment's id or its last part.",
        autocompletion=completion.services,
        metavar="SERVICE|DEPLOYMENT",
    ),
]
Image = Annotated[
    str,
    typer.Argument(help="A tag, a digest or a whole image URI.", autocompletion=completion.tags),
]
Why = Annotated[
    str | None, typer.Option("--why", help="The reason. A terminal asks for it when it is missing.")
]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Say what would happen, and change nothing.")
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before it is done.")]
Wait = Annotated[
    bool, typer.Option("--wait", "-w", help="Watch it until its end, which is the exit code.")
]
Timeout = Annotated[
    str, typer.Option("--timeout", help="How long to watch at most, like 45m or 2h.")
]
