"""`slipway stats`: how often, how fast, how many fail, and how fast a service is well again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.all_stages import on_all_stages
from cli.connect import connect
from cli.names import service_named
from cli.options import AllStages, AnyService, Json, Profile, Region, Stage
from cli.show.screen import console, say, say_json

if TYPE_CHECKING:  # boto3 takes a third of a second
    from cli.figures import Found
    from cli.functions import Functions

Days = Annotated[int, typer.Option("--days", min=1, max=400, help="How many days back.")]


def stats(
    context: typer.Context,
    service: AnyService = None,
    days: Days = 30,
    all_stages: AllStages = False,
    stage: Stage = None,
    profile: Profile = None,
    region: Region = None,
    as_json: Json = False,
) -> int:
    """Show the four figures: deployments a day, lead time, failed changes, time to restore.

    Example: slipway stats --days 90 --stage prod
    """
    asked: list[Found] = []

    def ask(functions: Functions) -> Mapping[str, Any]:
        from cli.figures import read  # noqa: PLC0415 - pydantic takes its time

        found = read(functions, days, service_named(functions, service) if service else None)
        asked.append(found)
        return found.told

    if all_stages:
        code = on_all_stages(context, ask, _show, as_json=as_json)
        if len(asked) > 1 and not as_json:
            _show_together(asked)
        return code
    reply = ask(connect(stage, profile, region))
    (say_json if as_json else _show)(reply)
    return 0


def _show_together(asked: list[Found]) -> None:
    from cli.figures import together  # noqa: PLC0415 - as above
    from cli.show import figures  # noqa: PLC0415 - rich takes a tenth of a second

    say("", figures.all_stages(together(asked)))


def _show(reply: Mapping[str, Any]) -> None:
    from cli.show import figures  # noqa: PLC0415 - rich takes a tenth of a second

    console().print(figures.table(reply))
    say("", f"The last {reply['days']} days. Lead time is from push to live; times are medians.")
    if notes := figures.below(reply):
        say(*notes)
