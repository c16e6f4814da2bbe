"""The load balancer's own reason codes in the case of a deployment that fails."""

from __future__ import annotations

from embedded.services.ecs import Crash, UnhealthyTarget
from example.scenarios import SCENARIOS
from tests.rehearsal.conftest import SERVICE, TARGETS
from tests.rehearsal.test_scenarios import played

BAD = "bad5678"
GROUP = "arn:aws:elasticloadbalancing:us-west-2:123456789012:targetgroup/conflicto/6d0e"
BALANCED = {
    "loadBalancers": [{"targetGroupArn": GROUP, "containerPort": 5000}],
    "healthCheckGracePeriodSeconds": 600,
}
REASON = "Target.Timeout: Request timed out"
SILENT = UnhealthyTarget(after=10, reason="Target.Timeout", description="Request timed out")
ASKED = "elbv2:DescribeTargetHealth"


def test_what_the_load_balancer_said_is_told_when_the_targets_are_gone():
    (scenario,) = [one for one in SCENARIOS if one.name == "load-balancer"]
    reason = "Target.ResponseCodeMismatch: Health checks failed with these codes: [503]"
    with played(scenario) as slipway:
        assert f"The load balancer says:\n- {reason} (task " in slipway.record["case"]
        assert "and 2 more)" in slipway.record["case"]
        failed = [
            one for one in slipway.notices() if one["attributes"]["status"].startswith("ROLL")
        ]
        assert any(reason in one["body"] for one in failed)
        assert slipway.calls.count(ASKED) == 1


def test_what_the_load_balancer_says_is_told_while_ecs_still_waits(team):
    """Within the grace period ECS says nothing of a target that is unhealthy."""
    with team(f'{TARGETS}\ndeadline = "2m"', **BALANCED) as t:
        t.breaks(BAD, SILENT)
        record = t.settle(SERVICE, t.push(BAD))
        failing = {task.address for task in t.ecs.tasks(SERVICE) if SILENT in task.faults}
        (line,) = [one for one in record["case"].splitlines() if REASON in one]
        assert {name.rpartition(":")[0] for name in line[:-1].split("(")[1].split(", ")} == failing
        assert t.calls.count(ASKED) == 1


def test_targets_that_only_drain_say_nothing(team):
    with team(**BALANCED) as t:
        t.breaks(BAD, Crash(exit_code=3, after=1))
        record = t.settle(SERVICE, t.push(BAD))
        assert ASKED in t.calls
        assert "oad balancer" not in record["case"]


def test_a_service_without_a_load_balancer_asks_none(team):
    with team() as t:
        t.breaks(BAD, Crash(exit_code=3))
        t.settle(SERVICE, t.push(BAD))
        assert ASKED not in t.calls
