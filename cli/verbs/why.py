"""`slipway why`: why the last deployment failed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cli.connect import connect
from cli.names import detailed, service_named
from cli.options import AnyService, Json, Profile, Region, Stage
from cli.show import record as shown
from cli.show.screen import say, say_json

Record = Mapping[str, Any]


def why(
    service: AnyService = None,
    stage: Stage = None,
    profile: Profile = None,
    region: Region = None,
    as_json: Json = False,
) -> None:
    """Explain the last failure, of one service or of all.

    Where a newer deployment is live, that is told first.

    Example: slipway why backend
    """
    functions = connect(stage, profile, region)
    asked = {"service": service_named(functions, service)} if service else {}
    records = functions.call("status", asked)["deployments"]
    failed = next((one for one in records if one["status"] in shown.FAILURES), None)
    record = detailed(functions, failed["deployment"]) if failed else None
    if as_json:
        return say_json(record or {"deployment": None})
    live = _live_since(records, failed)
    if live is not None:
        say(*shown.live(live, functions.at, after=failed is not None))
    elif failed is None:
        say(f"{asked.get('service', 'No service')} has no deployment yet. Next: slipway status")
    return say(*shown.why(record, functions.at)) if record else None


def _live_since(records: Sequence[Record], failed: Record | None) -> Record | None:
    """The newest deployment that went live after the failure, in the same service."""
    for record in records:
        if record is failed:
            return None
        same = failed is None or record["service"] == failed["service"]
        if same and record["status"] == "SUCCESSFUL":
            return record
    return None
