"""The two target groups of a service: green tasks register with the one that blue does not use."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.embedded.ecs.web_service import (
    BALANCED,
    BETTER,
    SERVICE,
    WebService,
    client,
    web_service,
)

FIRST, SECOND = "arn:tg/web", "arn:tg/alternate"
PAIR = [{**BALANCED[0], "advancedConfiguration": {"alternateTargetGroupArn": SECOND}}]
BLUE_GREEN = {"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 5}


@pytest.fixture
def web() -> Iterator[WebService]:
    with web_service() as opened:
        opened.create(loadBalancers=PAIR, deploymentConfiguration=BLUE_GREEN)
        yield opened


def states(group: str) -> list[str]:
    answer = client("elbv2").describe_target_health(TargetGroupArn=group)
    return sorted(each["TargetHealth"]["State"] for each in answer["TargetHealthDescriptions"])


def both() -> tuple[int, int]:
    """How many healthy targets each group has."""
    return states(FIRST).count("healthy"), states(SECOND).count("healthy")


def bake(web: WebService) -> None:
    current = web.ecs.service_deployments(SERVICE)[0]
    assert web.clock.advance_until(lambda: current.stage == "BAKE_TIME", 600)


def test_environments_alternate_between_the_two_groups(web: WebService) -> None:
    assert both() == (2, 0)
    web.update(web.register(BETTER))
    bake(web)
    assert both() == (2, 2)
    assert web.finish(600) == "SUCCESSFUL"
    assert both() == (0, 2)
    web.update(web.register(BETTER, cpu=1))
    bake(web)
    assert both() == (2, 2)
    assert web.finish(600) == "SUCCESSFUL"
    assert both() == (2, 0)


def test_after_a_rollback_blue_stays_in_its_group_and_the_next_green_takes_the_other(
    web: WebService,
) -> None:
    web.update(web.register(BETTER))
    bake(web)
    web.api.stop_service_deployment(serviceDeploymentArn=web.deployment()["serviceDeploymentArn"])
    assert web.finish(600) == "ROLLBACK_SUCCESSFUL"
    assert both() == (2, 0)
    web.update(web.register(BETTER, cpu=1))
    assert web.finish(3600) == "SUCCESSFUL"
    assert both() == (0, 2)


def test_a_rolling_update_stays_in_the_group_in_use(web: WebService) -> None:
    web.update(web.register(BETTER))
    assert web.finish(3600) == "SUCCESSFUL"
    rolling = {"strategy": "ROLLING", "bakeTimeInMinutes": 0}
    web.update(web.register(BETTER, cpu=1), deploymentConfiguration=rolling)
    assert web.finish(600) == "SUCCESSFUL"
    assert both() == (0, 2)


def test_a_service_revision_tells_the_group_that_it_uses(web: WebService) -> None:
    web.update(web.register(BETTER))
    shown = web.deployment()
    arns = [shown["targetServiceRevision"]["arn"], shown["sourceServiceRevisions"][0]["arn"]]
    answer = web.api.describe_service_revisions(serviceRevisionArns=arns)
    used = [used_group(revision) for revision in answer["serviceRevisions"]]
    assert used == [SECOND, FIRST]
    asked = [revision["loadBalancers"] for revision in answer["serviceRevisions"]]
    assert asked == [PAIR, PAIR]


def used_group(revision: dict[str, Any]) -> str:
    return str(revision["resolvedConfiguration"]["loadBalancers"][0]["targetGroupArn"])
