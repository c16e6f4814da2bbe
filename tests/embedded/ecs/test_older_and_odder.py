"""Services with a history: what ECS forgets, old ARNs, sidecars, breakers with thresholds."""

from __future__ import annotations

from datetime import timedelta

import pytest
from botocore.exceptions import ClientError

from embedded.services.ecs import Crash, OutOfMemory
from tests.embedded.ecs.web_service import BAD, BETTER, SERVICE, WebService

DAY = 86400.0
OLD_ARN = "arn:aws:ecs:us-west-2:123456789012:service/web"
SIDECAR = {"name": "log_router", "image": "fluent-bit:stable", "essential": True}


# What ECS forgets


def _listed(web: WebService) -> list[str]:
    answer = web.api.list_service_deployments(cluster="dev", service="web")
    return [brief["serviceDeploymentArn"] for brief in answer["serviceDeployments"]]


def test_service_deployments_are_forgotten_after_90_days(web: WebService) -> None:
    web.create()
    arn = web.ecs.service_deployments(SERVICE)[0].arn
    web.clock.advance(89 * DAY)
    assert _listed(web) == [arn]
    web.clock.advance(1 * DAY)
    assert _listed(web) == []
    answer = web.api.describe_service_deployments(serviceDeploymentArns=[arn])
    assert (answer["serviceDeployments"], answer["failures"][0]["reason"]) == ([], "MISSING")
    with pytest.raises(web.api.exceptions.ServiceDeploymentNotFoundException):
        web.api.stop_service_deployment(serviceDeploymentArn=arn)
    assert web.service()["runningCount"] == 2


def test_what_began_since_is_listed_beside_what_is_forgotten(web: WebService) -> None:
    web.create()
    web.clock.advance(91 * DAY)
    web.update(web.register(BETTER))
    assert web.finish(600) == "SUCCESSFUL"
    assert _listed(web) == [web.ecs.service_deployments(SERVICE)[0].arn]


def test_a_time_from_before_the_history_is_refused(web: WebService) -> None:
    web.create()
    for days, refused in ((89, False), (91, True)):
        after = web.clock.now() - timedelta(days=days)
        asked = {"cluster": "dev", "service": "web", "createdAt": {"after": after}}
        if not refused:
            assert web.api.list_service_deployments(**asked)["serviceDeployments"]
            continue
        with pytest.raises(ClientError, match="within the last 90 days"):
            web.api.list_service_deployments(**asked)


# Old ARNs


def test_an_old_service_keeps_an_arn_without_its_cluster_in_answers_and_events(
    web: WebService,
) -> None:
    web.ecs.simulation.short_arns.add(SERVICE)
    web.create()
    web.update(web.register(BETTER))
    assert web.service()["serviceArn"] == OLD_ARN
    assert web.deployment()["serviceArn"] == OLD_ARN
    assert web.finish(600) == "SUCCESSFUL"
    changed = [event for event in web.events if "Deployment State" in event["detail-type"]]
    assert {tuple(event["resources"]) for event in changed} == {(OLD_ARN,)}
    named = web.api.describe_services(cluster="dev", services=[OLD_ARN])["services"]
    assert [service["serviceName"] for service in named] == ["web"]
    assert "/dev/web/" in web.deployment()["serviceDeploymentArn"]


# Sidecars


@pytest.mark.parametrize(("fault", "code"), [(Crash(3), 3), (OutOfMemory(), 137)])
def test_the_container_whose_image_is_struck_ends_and_the_sidecar_exits_with_0(
    web: WebService, fault: Crash | OutOfMemory, code: int
) -> None:
    web.ecs.faults.image("c" * 64, fault)
    body = {"name": "web", "image": BAD, "essential": True}
    made = web.api.register_task_definition(
        family="web", cpu="256", memory="512", networkMode="awsvpc",
        containerDefinitions=[SIDECAR, body],
    )  # fmt: skip
    web.create()
    web.update(made["taskDefinition"]["taskDefinitionArn"])
    web.clock.advance(40)
    ended = web.stopped()[0]
    assert ended["stopCode"] == "EssentialContainerExited"
    codes = [(container["name"], container["exitCode"]) for container in ended["containers"]]
    assert codes == [("log_router", 0), ("web", code)]


def test_a_fault_of_a_service_strikes_the_first_essential_container(web: WebService) -> None:
    web.create()
    web.ecs.faults.service(SERVICE, Crash(4))
    web.update(web.register(BETTER))
    web.clock.advance(40)
    assert web.stopped()[0]["containers"][0]["exitCode"] == 4


# Breakers


def _breaker(**settings: object) -> dict[str, object]:
    return {"deploymentCircuitBreaker": {"enable": True, "rollback": True, **settings}}


def test_a_breaker_trips_at_the_threshold_that_the_service_configures(web: WebService) -> None:
    threshold = {"type": "COUNT", "value": 6}
    web.create(deploymentConfiguration=_breaker(thresholdConfiguration=threshold))
    web.ecs.faults.image("c" * 64, Crash())
    web.update(web.register(BAD))
    current = web.ecs.service_deployments(SERVICE)[0]
    web.clock.advance_until(lambda: current.failure_count == 5, 600)
    assert web.deployment()["deploymentCircuitBreaker"] == {
        "status": "MONITORING",
        "failureCount": 5,
        "threshold": 6,
    }
    assert web.finish(600) == "ROLLBACK_SUCCESSFUL"
    assert current.failure_count == 6


@pytest.mark.parametrize(
    ("resets", "status"), [(True, "IN_PROGRESS"), (False, "ROLLBACK_SUCCESSFUL")]
)
def test_a_healthy_task_resets_the_count_unless_the_breaker_says_otherwise(
    web: WebService, resets: bool, status: str
) -> None:
    """The first of two tasks runs on; every other task crashes."""
    one_at_a_time = {"minimumHealthyPercent": 50, "maximumPercent": 100}
    web.create(deploymentConfiguration=_breaker(resetOnHealthyTask=resets) | one_at_a_time)
    new = web.register(BAD)
    web.update(new)
    web.clock.advance_until(lambda: new in web.running(), 120)
    web.ecs.faults.image("c" * 64, Crash(after=3))
    assert web.finish(600) == status
