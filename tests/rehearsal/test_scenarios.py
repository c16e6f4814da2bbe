"""Every scenario through the whole of Slipway: the right verdict, and nothing touched but ours."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest

from chalicelib.model.times import PHASES
from embedded.services.ecs import Lag
from example.scenario import Scenario
from example.scenarios import SCENARIOS
from rehearsal.played import BYSTANDER, TARGETS, PlayedAccount, played
from rehearsal.rehearsal import rehearse

ACTS = ("ecs:UpdateService", "ecs:StopServiceDeployment", "ecs:RegisterTaskDefinition")
by_name = pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda one: one.name)


def _lag(scenario: Scenario) -> Lag:
    """SLIPWAY_SEED=2 plays all scenarios with other seeds than 1."""
    return Lag(seed=f"{scenario.name} {os.environ.get('SLIPWAY_SEED', '1')}")


@pytest.mark.parametrize(
    "lags", [pytest.param(False, marks=pytest.mark.slow), True], ids=["at-once", "lagging"]
)
@by_name
def test_the_verdict_is_right_and_what_should_run_runs(scenario: Scenario, lags: bool) -> None:
    with played(scenario, _lag(scenario) if lags else None) as account:
        assert account.verdict == scenario.right, account.record
        assert account.trial.runs() == {scenario.runs}
        assert account.failures == []
        if scenario.right == "failed" and scenario.runs in {"first", "earlier"}:
            assert account.record["status"] == "ROLLBACK_SUCCESSFUL"
        _assert_the_verdict_is_no_guess(account)
        _assert_little_was_done(account, lags=lags)
        _assert_bystanders_are_as_they_were(account)
        _assert_every_second_is_accounted_for(account)


def _assert_the_verdict_is_no_guess(account: PlayedAccount) -> None:
    """A second is left: Slipway may say it and then tell ECS, and ECS decides when it is told."""
    assert account.distance is not None
    assert account.distance >= -1


def _assert_little_was_done(account: PlayedAccount, *, lags: bool) -> None:
    """One update for each push, at most one rollback, and none of what is not ours or is good.

    Where reads lag, ECS may refuse to stop what it has stopped already; then it is set back.
    """
    update, stop, register = (account.calls.count(act) for act in ACTS)
    pushes = 2 if "newer-push" in account.trial.scenario.name else 1
    assert register == pushes
    failed = account.trial.scenario.right == "failed"
    assert update - pushes <= failed
    assert stop <= failed
    assert update - pushes + stop <= failed or lags
    told = [notice["attributes"] for notice in account.notices()]
    mine = [notice for notice in told if notice["deployment"] == account.record["deployment"]]
    assert [notice["status"] for notice in mine].count("ROLLBACK_IN_PROGRESS") <= 1
    assert mine[-1]["status"] == account.record["status"]


def _assert_bystanders_are_as_they_were(account: PlayedAccount) -> None:
    deployments = account.ecs.service_deployments(BYSTANDER)
    assert [deployment.status for deployment in deployments] == ["SUCCESSFUL"]
    tasks = account.ecs.tasks(BYSTANDER)
    assert {task.service_key for task in tasks} == {BYSTANDER}
    found = account.client("ecs").list_task_definitions(familyPrefix="conflicto-frontend-dev")
    assert len(found["taskDefinitionArns"]) == 1


def _assert_every_second_is_accounted_for(account: PlayedAccount) -> None:
    """The phases are together the time from the record to its end, also where reads lag."""
    for record in account.deployments(account.trial.key):
        if not record["closed"]:
            continue  # the newer push, whose rollout goes on
        phases = record["phases"]
        assert round(sum(phases.values()), 3) == record["seconds"], record
        if record["cause"] != "foreign":
            assert list(phases) == [phase for phase in PHASES if phase in phases]
            assert phases.get("unknown", 0) < record["seconds"], record


def test_every_scenario_has_a_name_and_a_story_of_its_own() -> None:
    assert len({scenario.name for scenario in SCENARIOS}) == len(SCENARIOS)
    assert len({scenario.story for scenario in SCENARIOS}) == len(SCENARIOS)


def test_a_good_rollout_of_a_minute_costs_few_calls() -> None:
    with played(_named("good")) as account:
        calls = [call for call in account.calls if call.startswith("ecs:")]
        assert len(calls) <= 12, calls


@pytest.mark.parametrize(
    "name",
    [
        "image-missing",
        "image-missing-no-breaker",
        "no-platform",
        "wrong-cpu",
        "secret-missing",
        "log-group-missing",
        "role",
        "command-not-found",
    ],
)
def test_what_cannot_heal_is_rolled_back_five_seconds_after_the_second_failed_task(
    name: str,
) -> None:
    with played(_named(name)) as account:
        trial = account.trial
        ours = account.ecs.service_deployments(trial.key)[0]
        failed = sorted(
            task.stopped_at
            for task in account.ecs.tasks(trial.key)
            if task.stopped_at
            and task.stop_code in {"TaskFailedToStart", "EssentialContainerExited"}
        )
        assert ours.rollback is not None
        assert (ours.rollback.started_at - failed[1]).total_seconds() <= 5


def test_a_crash_loop_without_a_breaker_is_called_within_ninety_seconds() -> None:
    with played(_named("crash-no-breaker")) as account:
        ours = account.ecs.service_deployments(account.trial.key)[0]
        assert ours.rollback is not None
        assert (ours.rollback.started_at - ours.created_at).total_seconds() < 90


def test_a_quiet_rollout_of_eight_minutes_costs_few_calls() -> None:
    with played(_named("good-slow")) as account:
        calls = [call for call in account.calls if call.startswith("ecs:")]
        assert len(calls) <= 40, calls


def _named(name: str) -> Scenario:
    return next(scenario for scenario in SCENARIOS if scenario.name == name)


@pytest.mark.parametrize("acts", [True, False], ids=["breaker-acts", "breaker-does-not"])
@pytest.mark.parametrize("strategy", ["blue-green", "linear", "canary"])
def test_whether_ecs_breaker_acts_on_a_strategy_or_not_the_verdict_is_right(
    strategy: str, acts: bool
) -> None:
    """AWS' pages disagree on it."""
    crash = _named(f"{strategy}-crash")
    breaker = {"deploymentCircuitBreaker": {"enable": True, "rollback": True}}
    configuration = {**crash.service["deploymentConfiguration"], **breaker}
    service = {**crash.service, "deploymentConfiguration": configuration}
    with rehearse(TARGETS, PlayedAccount) as account:
        account.ecs.breaker_beyond_rolling = acts
        account.play(replace(crash, service=service))
        assert account.record["status"] == "ROLLBACK_SUCCESSFUL"
        assert account.calls.count("ecs:StopServiceDeployment") == (not acts)
        assert account.trial.runs() == {"first"}
