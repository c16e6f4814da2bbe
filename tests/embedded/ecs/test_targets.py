"""DescribeTargetHealth, for simulated tasks as targets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from embedded.services.ecs import Crash, UnhealthyTarget
from tests.embedded.ecs.web_service import (
    BALANCED,
    BETTER,
    SERVICE,
    WebService,
    client,
    web_service,
)

GROUP = BALANCED[0]["targetGroupArn"]
REFUSING = UnhealthyTarget(
    after=20,
    reason="Target.ResponseCodeMismatch",
    description="Health checks failed with these codes: [503]",
)


@pytest.fixture
def web() -> Iterator[WebService]:
    with web_service() as opened:
        opened.create(loadBalancers=BALANCED)
        yield opened


def described(group: Any = GROUP, **wanted: Any) -> list[dict[str, Any]]:
    answer = client("elbv2").describe_target_health(TargetGroupArn=group, **wanted)
    found: list[dict[str, Any]] = answer["TargetHealthDescriptions"]
    return found


def states() -> list[str]:
    return sorted(each["TargetHealth"]["State"] for each in described())


def test_a_running_service_has_a_healthy_target_for_every_task(web: WebService) -> None:
    addresses = {task.address for task in web.ecs.tasks(SERVICE)}
    assert {each["Target"]["Id"] for each in described()} == addresses
    assert [each["TargetHealth"] for each in described()] == [{"State": "healthy"}] * 2
    assert {(each["Target"]["Port"], each["HealthCheckPort"]) for each in described()} == {
        (80, "80")
    }


def test_new_targets_are_checked_first_and_old_ones_drain_before_they_are_gone(
    web: WebService,
) -> None:
    changes: list[list[str]] = []
    web.update(web.register(BETTER))
    while web.service()["deployments"][0]["rolloutState"] != "COMPLETED":
        if not changes or changes[-1] != states():
            changes.append(states())
        web.clock.advance(1)
    assert changes == [
        ["healthy", "healthy"],
        ["healthy", "healthy", "initial", "initial"],
        ["healthy", "healthy", "healthy", "healthy"],
        ["draining", "draining", "healthy", "healthy"],
        ["healthy", "healthy"],
    ]


def test_an_unhealthy_target_says_why_until_ecs_deregisters_it(web: WebService) -> None:
    web.ecs.faults.image("b" * 64, REFUSING)
    web.update(web.register(BETTER), healthCheckGracePeriodSeconds=30)
    assert web.clock.advance_until(lambda: "unhealthy" in states(), 60)
    (found, *_) = [each for each in described() if each["TargetHealth"]["State"] == "unhealthy"]
    assert found["TargetHealth"] == {
        "State": "unhealthy",
        "Reason": "Target.ResponseCodeMismatch",
        "Description": "Health checks failed with these codes: [503]",
    }

    def draining() -> bool:
        (named,) = described(Targets=[found["Target"]])
        return bool(named["TargetHealth"]["Reason"] == "Target.DeregistrationInProgress")

    assert web.clock.advance_until(draining, 60)
    assert any(
        message.endswith("due to (reason Health checks failed with these codes: [503]).")
        for message in web.messages()
    )


def test_a_target_that_was_healthy_first_fails_later(web: WebService) -> None:
    web.ecs.faults.image("b" * 64, UnhealthyTarget(after=15, healthy_first=True))
    web.update(web.register(BETTER), healthCheckGracePeriodSeconds=60)
    assert web.clock.advance_until(lambda: states().count("healthy") == 4, 60)
    assert web.clock.advance_until(lambda: "unhealthy" in states(), 60)


def test_a_task_that_crashed_drains_too(web: WebService) -> None:
    web.ecs.faults.image("b" * 64, Crash(after=3))
    web.update(web.register(BETTER))
    assert web.clock.advance_until(lambda: "draining" in states(), 60)


def test_a_target_that_is_not_registered_is_unused(web: WebService) -> None:
    (first, _) = described()
    asked = [{"Id": "10.9.9.9", "Port": 80}, {"Id": first["Target"]["Id"]}]
    stranger, known = described(Targets=asked)
    assert stranger["TargetHealth"]["Reason"] == "Target.NotRegistered"
    assert known == first


def test_groups_of_no_service_are_moto_s_own(web: WebService) -> None:
    elbv2 = client("elbv2")
    with pytest.raises(elbv2.exceptions.TargetGroupNotFoundException):
        described("arn:tg/other")
    vpc = client("ec2").describe_vpcs()["Vpcs"][0]["VpcId"]
    (group,) = elbv2.create_target_group(
        Name="other", Protocol="HTTP", Port=80, VpcId=vpc, TargetType="ip"
    )["TargetGroups"]
    assert described(group["TargetGroupArn"]) == []
