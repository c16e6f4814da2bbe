"""`slipway watch`: one deployment, live, until its end."""

from __future__ import annotations

from cli.connect import connect
from cli.exits import TIMED_OUT
from cli.follow import Followed, follow, screen, seconds, silent
from cli.names import record_named
from cli.options import Json, Profile, Region, ServiceOrDeployment, Stage, Timeout
from cli.show.screen import say, say_json


def watch(
    what: ServiceOrDeployment,
    timeout: Timeout = "1h",
    stage: Stage = None,
    profile: Profile = None,
    region: Region = None,
    as_json: Json = False,
) -> int:
    """Watch a deployment until its end, which is the exit code.

    Example: slipway watch backend
    """
    limit = seconds(timeout)
    functions = connect(stage, profile, region)
    first = record_named(functions, what)
    shows = silent() if as_json else screen()
    record, code = follow(functions, Followed(first["service"], first["deployment"], limit, shows))
    if as_json:
        say_json(record)
    elif record["case"]:
        say("", *record["case"].splitlines())
    if code == TIMED_OUT and not as_json:
        say(f"Still {record['status']} after {timeout}. Next: slipway watch {record['deployment']}")
    return code
