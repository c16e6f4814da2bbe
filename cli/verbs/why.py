"""`slipway why`: why the last deployment failed."""

from __future__ import annotations

from cli.connect import connect
from cli.names import detailed, service_named
from cli.options import AnyService, Json, Profile, Region, Stage
from cli.show import record as shown
from cli.show.screen import say, say_json


def why(
    service: AnyService = None,
    stage: Stage = None,
    profile: Profile = None,
    region: Region = None,
    as_json: Json = False,
) -> None:
    """Explain the last failure, of one service or of all.

    Example: slipway why backend
    """
    functions = connect(stage, profile, region)
    asked = {"service": service_named(functions, service)} if service else {}
    records = functions.call("status", asked)["deployments"]
    failed = next((one for one in records if one["status"] in shown.FAILURES), None)
    if failed is None:
        where = asked.get("service", "any service")
        words = f"No failure among the last deployments of {where}. Next: slipway status"
        return say_json({"deployment": None}) if as_json else say(words)
    record = detailed(functions, failed["deployment"])
    return say_json(record) if as_json else say(*shown.why(record, functions.at))
