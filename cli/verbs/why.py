"""`slipway why`: why the last deployment failed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import typer

from cli.connect import connect
from cli.names import detailed, service_named
from cli.options import AllStages, AnyService, Json, Profile, Region, Stage
from cli.show import record as shown
from cli.show.screen import say, say_json
from cli.show.words import moment

if TYPE_CHECKING:  # boto3 takes a third of a second
    from cli.functions import Functions

Record = Mapping[str, Any]


def why(
    context: typer.Context,
    service: AnyService = None,
    all_stages: AllStages = False,
    stage: Stage = None,
    profile: Profile = None,
    region: Region = None,
    as_json: Json = False,
) -> int:
    """Explain the last failure, of one service or of all.

    Where a newer deployment is live, that is told first.

    Example: slipway why backend
    """

    def ask(functions: Functions) -> Mapping[str, Any]:
        return _found(functions, service_named(functions, service) if service else None)

    if all_stages:
        from cli.all_stages import on_all_stages  # noqa: PLC0415 - rarely asked

        return on_all_stages(context, ask, _show, as_json=as_json)
    found = ask(connect(stage, profile, region))
    if as_json:
        say_json(found["failed"] or {"deployment": None})
    else:
        _show(found)
    return 0


def _found(functions: Functions, service: str | None) -> dict[str, Any]:
    """The last failure with its story, and what went live after it; each may be None."""
    records = functions.call("status", {"service": service} if service else {})["deployments"]
    failed = next((one for one in records if one["status"] in shown.FAILURES), None)
    record = detailed(functions, failed["deployment"]) if failed else None
    live = _live_since(records, failed)
    return {
        "at": functions.at.isoformat(),
        "service": service,
        "failed": record,
        "live": live,
    }


def _show(found: Mapping[str, Any]) -> None:
    failed, live, now = found["failed"], found["live"], moment(found["at"])
    if live is not None:
        say(*shown.live(live, now, after=failed is not None))
    elif failed is None:
        say(f"{found['service'] or 'No service'} has no deployment yet. Next: slipway status")
    if failed is not None:
        say(*shown.why(failed, now))


def _live_since(records: Sequence[Record], failed: Record | None) -> Record | None:
    """The newest deployment that went live after the failure, in the same service."""
    for record in records:
        if record is failed:
            return None
        same = failed is None or record["service"] == failed["service"]
        if same and record["status"] == "SUCCESSFUL":
            return record
    return None
