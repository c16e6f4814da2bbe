"""The load balancer's own reason codes in the case of a deployment that fails."""

from __future__ import annotations

from typing import Any

from embedded.services.ecs import Crash, UnhealthyTarget
from example.scenarios import SCENARIOS
from rehearsal.played import played
from tests.dialect.account import SERVICE
from tests.dialect.rehearsed import TARGETS, rehearsed

BAD = "bad5678"
GROUP = "arn:aws:elasticloadbalancing:us-west-2:123456789012:targetgroup/conflicto/6d0e"
BALANCED: dict[str, Any] = {
    "loadBalancers": [{"targetGroupArn": GROUP, "containerPort": 5000}],
    "healthCheckGracePeriodSeconds": 600,
}
REASON = "Target.Timeout: Request timed out"
SILENT = UnhealthyTarget(after=10, reason="Target.Timeout", description="Request timed out")
ASKED = "elbv2:DescribeTargetHealth"


def test_what_the_load_balancer_said_is_told_when_the_targets_are_gone() -> None:
    (scenario,) = [scenario for scenario in SCENARIOS if scenario.name == "load-balancer"]
    reason = "Target.ResponseCodeMismatch: Health checks failed with these codes: [503]"
    with played(scenario) as account:
        assert f"The load balancer says:\n- {reason} (task " in account.record["case"]
        assert "and 2 more)" in account.record["case"]
        failed = [
            notice
            for notice in account.notices()
            if notice["attributes"]["status"].startswith("ROLL")
        ]
        assert any(reason in one["body"] for one in failed)
        assert account.calls.count(ASKED) == 1


def test_what_the_load_balancer_says_is_told_while_ecs_still_waits() -> None:
    """Within the grace period ECS says nothing of a target that is unhealthy."""
    with rehearsed(f'{TARGETS}\ndeadline = "2m"', **BALANCED) as account:
        account.breaks(BAD, SILENT)
        record = account.settle(SERVICE, account.push(BAD))
        failing = {task.address for task in account.ecs.tasks(SERVICE) if SILENT in task.faults}
        (line,) = [one for one in record["case"].splitlines() if REASON in one]
        assert {name.rpartition(":")[0] for name in line[:-1].split("(")[1].split(", ")} == failing
        assert account.called(ASKED) == 1


def test_targets_that_only_drain_say_nothing() -> None:
    with rehearsed(**BALANCED) as account:
        account.breaks(BAD, Crash(exit_code=3, after=1))
        record = account.settle(SERVICE, account.push(BAD))
        assert ASKED in account.calls
        assert "oad balancer" not in record["case"]


def test_a_service_without_a_load_balancer_asks_none() -> None:
    with rehearsed() as account:
        account.breaks(BAD, Crash(exit_code=3))
        account.settle(SERVICE, account.push(BAD))
        assert ASKED not in account.calls


def test_the_time_in_which_old_tasks_leave_the_load_balancer_is_draining() -> None:
    with rehearsed(TARGETS, **BALANCED) as account:
        record = account.settle(SERVICE, account.push("abc1234"))
        asked = {"deployment": record["deployment"]}
        times = account.invoke("status", asked)["deployments"][0]["times"]
        assert record["status"] == "SUCCESSFUL"
        assert record["phases"]["draining"] > record["phases"]["healthy"] > 0
        said = [event["what"] for event in times["events"]]
        (drains,) = [what for what in said if "has begun draining connections on 2 tasks." in what]
        assert said.index(drains) > max(
            place for place, what in enumerate(said) if " registered 1 targets in " in what
        )
        assert [task["new"] for task in times["tasks"]] == [True, True, False, False]
