"""`slipway deploy`: deploy an image by hand."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.change import Change, Manner
from cli.connect import connect
from cli.follow import seconds
from cli.names import service_named
from cli.options import (
    DryRun,
    Image,
    Json,
    Profile,
    Region,
    Service,
    Stage,
    Timeout,
    Wait,
    Why,
    Yes,
)
from cli.show import plan as shown

Override = Annotated[
    bool, typer.Option("--override", help="Pass holds, freezes, approvals and the scan gate.")
]


def deploy(
    service: Service,
    image: Image,
    why: Why = None,
    override: Override = False,
    dry_run: DryRun = False,
    wait: Wait = False,
    timeout: Timeout = "1h",
    yes: Yes = False,
    stage: Stage = None,
    profile: Profile = None,
    region: Region = None,
    as_json: Json = False,
) -> int:
    """Deploy an image that is in the service's repository.

    Example: slipway deploy backend abc1234 --why "the fix" --wait
    """
    manner = Manner(why, dry_run, yes, wait, seconds(timeout), as_json)
    functions = connect(stage, profile, region)
    name = service_named(functions, service)
    payload = {"service": name, "image": image} | ({"override": True} if override else {})
    command = ["deploy", name, image, *(["--override"] if override else [])]
    change = Change(functions, "deploy", payload, manner, command)
    if (code := change.planned(change.plan())) is not None:
        return code
    reply = change.act(f"Deploy {image} to {name}?")
    return change.finish(reply, shown.accepted)
