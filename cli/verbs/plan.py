"""`slipway plan`: what a deployment would change."""

from __future__ import annotations

from cli.connect import connect
from cli.names import service_named
from cli.options import Image, Json, Profile, Region, Service, Stage
from cli.show import plan as shown
from cli.show.screen import say, say_json


def plan(
    service: Service,
    image: Image,
    stage: Stage = None,
    profile: Profile = None,
    region: Region = None,
    as_json: Json = False,
) -> int:
    """Say which fields a deployment of this image would change, and whether it would go.

    Values that may be secret are never shown. The exit code is 5 when it would be held, and 6 when
    it would be refused.

    Example: slipway plan backend abc1234
    """
    functions = connect(stage, profile, region)
    asked = {"service": service_named(functions, service), "image": image, "plan": True}
    found = functions.call("deploy", {**asked, "by": "slipway plan", "why": "a plan"})
    if as_json:
        say_json(found)
    else:
        say(*shown.lines(found))
    return shown.code(found)
