"""Reads that lag, of a deployment in stages: each answer was true once, and none is too new."""

from __future__ import annotations

import json
from typing import Any

from embedded.services.ecs import Lag, Place
from embedded.services.ecs.views import service_deployment_view
from tests.embedded.ecs.web_service import BALANCED, BETTER, REGION, SERVICE, web_service

PLACE = Place("123456789012", REGION)
LINEAR = {
    "strategy": "LINEAR",
    "linearConfiguration": {"stepPercent": 50.0, "stepBakeTimeInMinutes": 0},
    "lifecycleHooks": [
        {
            "targetType": "PAUSE",
            "lifecycleStages": ["PRE_PRODUCTION_TRAFFIC_SHIFT"],
            "timeoutConfiguration": {"timeoutInMinutes": 1, "action": "CONTINUE"},
        }
    ],
}


def _text(view: dict[str, Any]) -> str:
    return json.dumps(view, sort_keys=True)


def test_stages_weights_and_hooks_are_seen_late_and_as_they_were() -> None:
    with web_service(lag=Lag(fresh=0.0), rates=()) as web:
        web.create(loadBalancers=BALANCED, deploymentConfiguration=LINEAR)
        web.clock.advance(60)
        region = web.ecs.region(PLACE)
        web.update(web.register(BETTER))
        current = web.ecs.service_deployments(SERVICE)[0]
        truths, late = {_text(service_deployment_view(current))}, 0
        remember = region.simulation.changed
        assert remember is not None

        def remember_and_note() -> None:
            remember()
            truths.add(_text(service_deployment_view(current)))

        region.simulation.changed = remember_and_note
        web.clock.advance(6)
        while not current.finished:
            web.clock.advance(0.7)
            asked = {"serviceDeploymentArns": [current.arn]}
            answer = web.ecs.call(PLACE, "DescribeServiceDeployments", asked)
            (read,) = answer["serviceDeployments"]
            assert _text(read) in truths
            late += read != service_deployment_view(current)
        assert late > 20
