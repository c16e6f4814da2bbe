"""`slipway logs`: what the failed container said, or what one of Slipway's functions logs."""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from cli.account import signed_in
from cli.connect import connect, stage_meant
from cli.exits import Usage
from cli.names import record_named
from cli.options import Json, Profile, Region, Stage
from cli.show.record import FAILURES, log_lines
from cli.show.screen import say, say_json
from cli.terminal import Interrupted

if TYPE_CHECKING:
    from cli.stages import StageEntry

What = Annotated[
    str | None,
    typer.Argument(help="A service, or a deployment.", metavar="SERVICE|DEPLOYMENT"),
]
Function = Annotated[
    str | None,
    typer.Option("--function", "-f", help="Follow the log of this function of Slipway instead."),
]


def logs(
    what: What = None,
    function: Function = None,
    stage: Stage = None,
    profile: Profile = None,
    region: Region = None,
    as_json: Json = False,
) -> None:
    """Show the last lines of the container that failed last, or follow a function's log.

    Lines of a container are masked. With --function, your own right on CloudWatch Logs is needed.

    Example: slipway logs backend
    """
    if (what is None) == (function is None):
        raise Usage("Logs of what? Next: slipway logs SERVICE, or slipway logs --function watch")
    if function is not None:
        return _follow(function, stage_meant(stage, profile, region))
    functions = connect(stage, profile, region)
    record = record_named(functions, str(what))
    if not record["log"] and record["status"] not in FAILURES:
        records = functions.call("status", {"service": record["service"]})["deployments"]
        record = next((one for one in records if one["log"]), record)
    if as_json:
        return say_json({"deployment": record["deployment"], "log": record["log"]})
    if not record["log"]:
        return say(f"No lines of a failed container are kept of {record['deployment']}.")
    print(f"{record['deployment']}, the last lines of the failed container", file=sys.stderr)
    return say(*log_lines(record))


def _follow(function: str, stage: StageEntry) -> None:
    from cli.logs import RETRIES, lines  # noqa: PLC0415 - boto3 takes a third of a second

    try:
        with signed_in(stage.profile, stage.region) as session:
            client = session.client("logs", config=RETRIES)
            for line in lines(client, stage.stage, function, datetime.now(UTC), time.sleep):
                print(line, flush=True)
    except KeyboardInterrupt:
        raise Interrupted("Stopped following the log.") from None
