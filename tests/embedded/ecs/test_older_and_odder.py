"""Services with a history: what ECS forgets, old ARNs, sidecars, breakers with thresholds."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from botocore.exceptions import ClientError

from embedded.services.ecs import Crash, OutOfMemory
from tests.embedded.ecs.stage import BAD, BETTER, SERVICE, Stage, staged

DAY = 86400.0
OLD_ARN = "arn:aws:ecs:us-west-2:123456789012:service/web"
SIDECAR = {"name": "log_router", "image": "fluent-bit:stable", "essential": True}


@pytest.fixture
def stage() -> Iterator[Stage]:
    with staged() as opened:
        yield opened


# What ECS forgets


def _listed(stage: Stage) -> list[str]:
    answer = stage.api.list_service_deployments(cluster="dev", service="web")
    return [one["serviceDeploymentArn"] for one in answer["serviceDeployments"]]


def test_service_deployments_are_forgotten_after_90_days(stage: Stage) -> None:
    stage.create()
    arn = stage.ecs.service_deployments(SERVICE)[0].arn
    stage.clock.advance(89 * DAY)
    assert _listed(stage) == [arn]
    stage.clock.advance(1 * DAY)
    assert _listed(stage) == []
    answer = stage.api.describe_service_deployments(serviceDeploymentArns=[arn])
    assert (answer["serviceDeployments"], answer["failures"][0]["reason"]) == ([], "MISSING")
    with pytest.raises(stage.api.exceptions.ServiceDeploymentNotFoundException):
        stage.api.stop_service_deployment(serviceDeploymentArn=arn)
    assert stage.service()["runningCount"] == 2


def test_what_began_since_is_listed_beside_what_is_forgotten(stage: Stage) -> None:
    stage.create()
    stage.clock.advance(91 * DAY)
    stage.update(stage.register(BETTER))
    assert stage.finish(600) == "SUCCESSFUL"
    assert _listed(stage) == [stage.ecs.service_deployments(SERVICE)[0].arn]


def test_a_time_from_before_the_history_is_refused(stage: Stage) -> None:
    stage.create()
    for days, refused in ((89, False), (91, True)):
        after = stage.clock.now() - timedelta(days=days)
        asked = {"cluster": "dev", "service": "web", "createdAt": {"after": after}}
        if not refused:
            assert stage.api.list_service_deployments(**asked)["serviceDeployments"]
            continue
        with pytest.raises(ClientError, match="within the last 90 days"):
            stage.api.list_service_deployments(**asked)


# Old ARNs


def test_an_old_service_keeps_an_arn_without_its_cluster_in_answers_and_events(
    stage: Stage,
) -> None:
    stage.ecs.simulation.short_arns.add(SERVICE)
    stage.create()
    stage.update(stage.register(BETTER))
    assert stage.service()["serviceArn"] == OLD_ARN
    assert stage.deployment()["serviceArn"] == OLD_ARN
    assert stage.finish(600) == "SUCCESSFUL"
    changed = [one for one in stage.events if "Deployment State" in one["detail-type"]]
    assert {tuple(one["resources"]) for one in changed} == {(OLD_ARN,)}
    named = stage.api.describe_services(cluster="dev", services=[OLD_ARN])["services"]
    assert [one["serviceName"] for one in named] == ["web"]
    assert "/dev/web/" in stage.deployment()["serviceDeploymentArn"]


# Sidecars


@pytest.mark.parametrize(("fault", "code"), [(Crash(3), 3), (OutOfMemory(), 137)])
def test_the_container_whose_image_is_struck_ends_and_the_sidecar_exits_with_0(
    stage: Stage, fault: Crash | OutOfMemory, code: int
) -> None:
    stage.ecs.faults.image("c" * 64, fault)
    body = {"name": "web", "image": BAD, "essential": True}
    made = stage.api.register_task_definition(
        family="web", cpu="256", memory="512", networkMode="awsvpc",
        containerDefinitions=[SIDECAR, body],
    )  # fmt: skip
    stage.create()
    stage.update(made["taskDefinition"]["taskDefinitionArn"])
    stage.clock.advance(40)
    ended = stage.stopped()[0]
    assert ended["stopCode"] == "EssentialContainerExited"
    codes = [(one["name"], one["exitCode"]) for one in ended["containers"]]
    assert codes == [("log_router", 0), ("web", code)]


def test_a_fault_of_a_service_strikes_the_first_essential_container(stage: Stage) -> None:
    stage.create()
    stage.ecs.faults.service(SERVICE, Crash(4))
    stage.update(stage.register(BETTER))
    stage.clock.advance(40)
    assert stage.stopped()[0]["containers"][0]["exitCode"] == 4


# Breakers


def _breaker(**settings: object) -> dict[str, object]:
    return {"deploymentCircuitBreaker": {"enable": True, "rollback": True, **settings}}


def test_a_breaker_trips_at_the_threshold_that_the_service_configures(stage: Stage) -> None:
    threshold = {"type": "COUNT", "value": 6}
    stage.create(deploymentConfiguration=_breaker(thresholdConfiguration=threshold))
    stage.ecs.faults.image("c" * 64, Crash())
    stage.update(stage.register(BAD))
    current = stage.ecs.service_deployments(SERVICE)[0]
    stage.clock.advance_until(lambda: current.failure_count == 5, 600)
    assert stage.deployment()["deploymentCircuitBreaker"] == {
        "status": "MONITORING",
        "failureCount": 5,
        "threshold": 6,
    }
    assert stage.finish(600) == "ROLLBACK_SUCCESSFUL"
    assert current.failure_count == 6


@pytest.mark.parametrize(
    ("resets", "status"), [(True, "IN_PROGRESS"), (False, "ROLLBACK_SUCCESSFUL")]
)
def test_a_healthy_task_resets_the_count_unless_the_breaker_says_otherwise(
    stage: Stage, resets: bool, status: str
) -> None:
    """The first of two tasks stays; whatever follows it crashes again and again."""
    one_at_a_time = {"minimumHealthyPercent": 50, "maximumPercent": 100}
    stage.create(deploymentConfiguration=_breaker(resetOnHealthyTask=resets) | one_at_a_time)
    new = stage.register(BAD)
    stage.update(new)
    stage.clock.advance_until(lambda: new in stage.running(), 120)
    stage.ecs.faults.image("c" * 64, Crash(after=3))
    assert stage.finish(600) == status
