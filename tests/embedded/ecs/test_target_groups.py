"""How long a target group's own settings make a rollout wait, and a program that will not stop."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from embedded.services.ecs import IgnoresSigterm
from tests.embedded.ecs.web_service import BETTER, SERVICE, WebService, client, web_service


@pytest.fixture
def web() -> Iterator[WebService]:
    with web_service() as opened:
        yield opened


def balanced() -> list[dict[str, Any]]:
    """A target group with AWS' defaults, as a service names it."""
    (vpc,) = client("ec2").describe_vpcs()["Vpcs"]
    made = client("elbv2").create_target_group(
        Name="web", Protocol="HTTP", Port=80, VpcId=vpc["VpcId"], TargetType="ip"
    )
    group = made["TargetGroups"][0]["TargetGroupArn"]
    return [{"targetGroupArn": group, "containerName": "web", "containerPort": 80}]


def roll_out(web: WebService) -> float:
    began = web.clock.now()
    web.update(web.register(BETTER))
    assert web.finish(3600) == "SUCCESSFUL"
    return (web.clock.now() - began).total_seconds()


def test_the_defaults_of_a_target_group_take_a_check_and_five_minutes_of_draining(
    web: WebService,
) -> None:
    web.create(loadBalancers=balanced())
    assert 30 + 300 < roll_out(web) < 30 + 300 + 30


def test_the_settings_count_from_the_moment_at_which_they_are_changed(web: WebService) -> None:
    balancers = balanced()
    web.create(loadBalancers=balancers)
    group = balancers[0]["targetGroupArn"]
    client("elbv2").modify_target_group(TargetGroupArn=group, HealthCheckIntervalSeconds=5)
    client("elbv2").modify_target_group_attributes(
        TargetGroupArn=group,
        Attributes=[{"Key": "deregistration_delay.timeout_seconds", "Value": "5"}],
    )
    assert 5 + 5 < roll_out(web) < 5 + 5 + 30


@pytest.mark.parametrize(("stop_timeout", "waits"), [({}, 30), ({"stopTimeout": 5}, 5)])
def test_a_program_that_ignores_sigterm_is_killed_after_its_stop_timeout(
    web: WebService, stop_timeout: dict[str, Any], waits: float
) -> None:
    web.ecs.faults.service(SERVICE, IgnoresSigterm(times=2))
    web.create(web.register(**stop_timeout))
    roll_out(web)
    old = [task for task in web.ecs.tasks(SERVICE) if task.last_status == "STOPPED"]
    assert [task.containers[0].exit_code for task in old] == [137, 137]
    for task in old:
        assert task.stopping_at is not None
        assert task.execution_stopped_at is not None
        lasted = (task.execution_stopped_at - task.stopping_at).total_seconds()
        assert waits <= lasted <= waits + 5
