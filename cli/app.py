"""`slipway`: what an operator types. One file a verb, in `cli/verbs`."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.ending import Verb, ending
from cli.verbs.dashboard import dashboard
from cli.verbs.deploy import deploy
from cli.verbs.doctor import doctor
from cli.verbs.history import history
from cli.verbs.hold import hold
from cli.verbs.init import init
from cli.verbs.logs import logs
from cli.verbs.plan import plan
from cli.verbs.release import release
from cli.verbs.replay import replay
from cli.verbs.rollback import rollback
from cli.verbs.show import show
from cli.verbs.stats import stats
from cli.verbs.status import status
from cli.verbs.watch import watch
from cli.verbs.why import why

_LOOK, _CHANGE, _SET_UP = "Look", "Change", "Set up"
VERBS: dict[str, tuple[Verb, str]] = {
    "status": (status, _LOOK),
    "history": (history, _LOOK),
    "show": (show, _LOOK),
    "why": (why, _LOOK),
    "watch": (watch, _LOOK),
    "logs": (logs, _LOOK),
    "stats": (stats, _LOOK),
    "dashboard": (dashboard, _LOOK),
    "plan": (plan, _CHANGE),
    "deploy": (deploy, _CHANGE),
    "rollback": (rollback, _CHANGE),
    "hold": (hold, _CHANGE),
    "release": (release, _CHANGE),
    "init": (init, _SET_UP),
    "doctor": (doctor, _SET_UP),
    "replay": (replay, _SET_UP),
}

app = typer.Typer(
    name="slipway",
    help="Push an image to ECR; the ECS service that runs it is deployed, watched, explained.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(*, wanted: bool) -> None:
    if wanted:
        from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415 - rarely asked

        try:
            print(f"slipway {version('slipway')}")
        except PackageNotFoundError:  # run in a clone, and not installed
            print("slipway, of this checkout")
        raise typer.Exit


Version = Annotated[
    bool,
    typer.Option(
        "--version",
        is_eager=True,
        callback=lambda value: _version(wanted=value),
        help="Print the version.",
    ),
]


EveryStage = Annotated[
    bool, typer.Option("--all-stages", help="Alone: the same as status --all-stages.")
]


@app.callback(invoke_without_command=True)
def common(
    context: typer.Context,
    version: Version = False,  # noqa: FBT002 - typer makes an option of it
    all_stages: EveryStage = False,  # noqa: FBT002 - as above
) -> None:
    """Push an image to ECR; the ECS service that runs it is deployed, watched, explained."""
    verb = context.invoked_subcommand
    if all_stages and verb:
        context.fail(f"Write --all-stages behind {verb}")
    if all_stages:
        ending(status)(context=context, all_stages=True)
    elif not verb:
        context.fail("Missing command.")


for name, (verb, room) in VERBS.items():
    app.command(name, rich_help_panel=room)(ending(verb))


def main(arguments: list[str]) -> int:
    """Run what the command line says; the value is the exit code."""
    try:
        app(args=arguments, prog_name="slipway")
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else int(bool(ended.code))
    return 0
