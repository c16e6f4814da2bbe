"""observation -> verdict on a rollout: each rule, and which comes first."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.decide.transitions import allowed
from chalicelib.model.deployments import Status
from chalicelib.model.services import StoppedTask, Tasks
from chalicelib.model.verdicts import Observation, Remedy
from chalicelib.verdict.needed import needs_service_deployment
from chalicelib.verdict.ours import our_status
from chalicelib.verdict.rollout import RULES, judge, withdrawn
from tests.fixtures import examples
from tests.fixtures.examples import at, ecs_deployment, revision, service_deployment
from tests.verdict.observations import (
    BACK,
    DONE,
    GAVE_UP,
    GOING_BACK,
    LATE,
    OBSERVATIONS,
    RECORDS,
    ROLLING,
    STATUSES,
    THIRD,
    observation,
)

S = Status
DRAINING_BEHIND_ONE = examples.service(
    ecs_deployment(8, rollout_state=""), ecs_deployment(7, status="ACTIVE")
)
OTHER_ID = examples.service(
    ecs_deployment(8, id="ecs-svc/88", rollout_state="IN_PROGRESS", created_at=at(30))
)
EARLIER_ID = examples.service(
    ecs_deployment(8, id="ecs-svc/5", rollout_state="IN_PROGRESS", created_at=at(-30))
)
UNPULLED = StoppedTask(id="1", reason="CannotPullContainerError: manifest not found")
CRASHED = StoppedTask(id="1", exit_code=1, started_at=at(1), stopped_at=at(6))


def ended(count: int, task: StoppedTask) -> Tasks:
    return Tasks(stopped=(task,) * count, running=())


def case(
    what: str, observed: Observation, rule: str, status: Status, remedy: Remedy = Remedy.NONE
) -> pytest.ParameterSet:
    return pytest.param(observed, rule, status, remedy, id=what)


CASES = [
    case("the service is gone",
         observation(None), "service_gone", S.FAILED),
    case("the service was deleted, and its tasks still stop",
         observation(ROLLING.model_copy(update={"status": "DRAINING"})),
         "service_gone", S.FAILED),
    case("the service is inactive, before all else",
         observation(DONE.model_copy(update={"status": "INACTIVE"}), "SUCCESSFUL"),
         "service_gone", S.FAILED),
    *(
        case(f"rolled_back: ECS says {status}",
             observation(GOING_BACK, status), "rolled_back", S.ROLLBACK_IN_PROGRESS)
        for status in STATUSES
        if status.startswith("ROLLBACK_")
    ),
    case("rolled_back: a rollback that looks stable is no success",
         observation(BACK, "ROLLBACK_SUCCESSFUL"), "rolled_back", S.ROLLBACK_IN_PROGRESS),
    case("rolled_back before superseded and past_deadline",
         observation(THIRD, "ROLLBACK_IN_PROGRESS", LATE), "rolled_back", S.ROLLBACK_IN_PROGRESS),
    case("completed: successful",
         observation(DONE, "SUCCESSFUL"), "completed", S.SUCCESSFUL),
    case("completed before superseded and past_deadline: whatever came after",
         observation(THIRD, "SUCCESSFUL", LATE), "completed", S.SUCCESSFUL),
    case("completed: behind a Classic Load Balancer",
         observation(examples.service(ecs_deployment(8, rollout_state=""))),
         "completed", S.SUCCESSFUL),
    case("completed: behind one, a task is missing",
         observation(examples.service(ecs_deployment(8, running=1, rollout_state=""))),
         "in_progress", S.IN_PROGRESS),
    case("completed: behind one, the old tasks drain",
         observation(DRAINING_BEHIND_ONE),
         "in_progress", S.IN_PROGRESS),
    case("superseded before stopped: another revision",
         observation(THIRD, "STOPPED"), "superseded", S.SUPERSEDED),
    case("superseded before past_deadline: never touched",
         observation(THIRD, "IN_PROGRESS", LATE), "superseded", S.SUPERSEDED),
    case("superseded: a PRIMARY from before ours is an old view",
         observation(BACK), "in_progress", S.IN_PROGRESS),
    case("superseded: ECS rolls back, and only one of its answers knows it",
         observation(GOING_BACK, "IN_PROGRESS"), "in_progress", S.IN_PROGRESS),
    case("superseded: another revision, and ECS has not said yet what became of ours",
         observation(THIRD, "IN_PROGRESS", 89), "in_progress", S.IN_PROGRESS),
    case("superseded: another revision, and half a minute for the answers to agree",
         observation(THIRD, "IN_PROGRESS", 90), "superseded", S.SUPERSEDED),
    case("superseded: another revision, and ECS stops ours",
         observation(THIRD, "STOP_REQUESTED"), "superseded", S.SUPERSEDED),
    case("superseded: ours was stopped a moment ago, and an old PRIMARY is shown",
         observation(GOING_BACK, "STOPPED", ended=50), "in_progress", S.IN_PROGRESS),
    case("superseded: ours was stopped long ago, and what replaced it was rolled back",
         observation(GOING_BACK, "STOPPED", ended=30), "superseded", S.SUPERSEDED),
    case("adopted before stopped and past_deadline: our revision, another id",
         observation(OTHER_ID, "STOPPED", LATE), "adopted", S.IN_PROGRESS),
    case("stopped before past_deadline: stopped",
         observation(ROLLING, "STOPPED", LATE), "stopped", S.ROLLBACK_IN_PROGRESS, Remedy.UPDATE),
    case("stopped: stopped a moment ago: somebody may have started another one",
         observation(ROLLING, "STOPPED", ended=40), "in_progress", S.IN_PROGRESS),
    case("stopped: stopped half a minute ago",
         observation(ROLLING, "STOPPED", ended=30),
         "stopped", S.ROLLBACK_IN_PROGRESS, Remedy.UPDATE),
    case("stopped: stopped at this moment, and ECS calls the rollout FAILED",
         observation(GAVE_UP, "STOPPED", ended=60),
         "stopped", S.ROLLBACK_IN_PROGRESS, Remedy.UPDATE),
    case("adopted: our revision under an id from before ours is an old view",
         observation(EARLIER_ID, "IN_PROGRESS"), "in_progress", S.IN_PROGRESS),
    case("stopped: being stopped is no verdict yet",
         observation(ROLLING, "STOP_REQUESTED"), "in_progress", S.IN_PROGRESS),
    case("past_deadline: being stopped for ever counts against the deadline",
         observation(ROLLING, "STOP_REQUESTED", LATE),
         "past_deadline", S.ROLLBACK_IN_PROGRESS, Remedy.STOP),
    case("rollout_failed: ECS gave up and is stopping it, so it is set back",
         observation(GAVE_UP, "STOP_REQUESTED"),
         "rollout_failed", S.ROLLBACK_IN_PROGRESS, Remedy.UPDATE),
    case("rollout_failed before past_deadline: ECS gave up",
         observation(GAVE_UP, "IN_PROGRESS", LATE),
         "rollout_failed", S.ROLLBACK_IN_PROGRESS, Remedy.STOP),
    case("rollout_failed: without a service deployment to stop",
         observation(GAVE_UP), "rollout_failed", S.ROLLBACK_IN_PROGRESS, Remedy.UPDATE),
    case("rollout_failed: ECS does not show the service deployment yet",
         observation(GAVE_UP, "", 29), "in_progress", S.IN_PROGRESS),
    case("past_deadline: at the deadline",
         observation(ROLLING, "IN_PROGRESS", LATE),
         "past_deadline", S.ROLLBACK_IN_PROGRESS, Remedy.STOP),
    case("past_deadline: just before the deadline",
         observation(ROLLING, "IN_PROGRESS", LATE - 0.001), "in_progress", S.IN_PROGRESS),
    case("out_of_sight: without a PRIMARY nothing is touched",
         observation(examples.service(ecs_deployment(7, status="ACTIVE")), "", LATE + 30),
         "out_of_sight", S.FAILED),
    case("out_of_sight: past the deadline an old PRIMARY may still be an old view",
         observation(BACK, "IN_PROGRESS", LATE + 29), "in_progress", S.IN_PROGRESS),
    case("out_of_sight: the service is never set back while it works towards something else",
         observation(BACK, "IN_PROGRESS", LATE + 30), "out_of_sight", S.FAILED),
    case("completed: past the deadline a healthy service is not rolled back",
         observation(DONE, "", LATE), "completed", S.SUCCESSFUL),
    case("completed: ECS does not show the service deployment yet",
         observation(DONE), "in_progress", S.IN_PROGRESS),
    case("none: still pending",
         observation(ROLLING, "PENDING"), "in_progress", S.IN_PROGRESS),
    case("none: right counts prove nothing while ECS goes on (bake time)",
         observation(DONE, "IN_PROGRESS"), "in_progress", S.IN_PROGRESS),
    case("no_retry_helps before past_deadline",
         observation(ROLLING, "IN_PROGRESS", LATE, tasks=ended(2, UNPULLED)),
         "no_retry_helps", S.ROLLBACK_IN_PROGRESS, Remedy.STOP),
    case("no_retry_helps: what others deployed is not ours",
         observation(BACK, "IN_PROGRESS", tasks=ended(2, UNPULLED)), "in_progress", S.IN_PROGRESS),
    case("crash_looping: five tasks of two, and none runs",
         observation(ROLLING, "IN_PROGRESS", tasks=ended(5, CRASHED)),
         "crash_looping", S.ROLLBACK_IN_PROGRESS, Remedy.STOP),
    case("crash_looping: four tasks of two are too few",
         observation(ROLLING, "IN_PROGRESS", tasks=ended(4, CRASHED)),
         "in_progress", S.IN_PROGRESS),
]  # fmt: skip


@pytest.mark.parametrize(("observed", "rule", "status", "remedy"), CASES)
def test_a_rollout_is_judged_by_the_first_rule_that_matches(
    observed: Observation, rule: str, status: Status, remedy: Remedy
) -> None:
    verdict = judge(examples.rolling_out(), observed)
    assert (verdict.rule, verdict.status, verdict.remedy) == (rule, status, remedy)


def test_every_rule_of_a_rollout_has_a_case() -> None:
    assert {rule.recognises.__name__ for rule in RULES} <= {case.values[1] for case in CASES}


def test_ecs_own_reason_for_its_rollback_is_told() -> None:
    told: list[tuple[dict[str, Any], str]] = [
        ({"reason": "status", "rollback_reason": "circuit breaker"}, "circuit breaker"),
        ({"reason": "status"}, "status"),
        ({}, "ECS rolled the deployment back"),
    ]
    for words, reason in told:
        ours = service_deployment("ROLLBACK_IN_PROGRESS", **words)
        observed = Observation(at=at(60), service=GOING_BACK, ours=ours)
        assert judge(examples.rolling_out(), observed).reason == reason


@pytest.mark.parametrize(("desired", "proven"), [(2, True), (0, False)])
def test_zero_tasks_complete_without_proving_the_revision(desired: int, proven: bool) -> None:
    service = DONE.model_copy(update={"desired": desired})
    verdict = judge(examples.rolling_out(), observation(service, "SUCCESSFUL"))
    assert (verdict.status, verdict.proven) == (S.SUCCESSFUL, proven)
    assert bool(verdict.reason) is not proven


def test_the_id_that_now_carries_our_revision_is_named() -> None:
    assert judge(examples.rolling_out(), observation(OTHER_ID)).adopt == "ecs-svc/88"


def test_a_deployment_superseded_names_what_runs_instead() -> None:
    observed = observation(THIRD, "STOPPED")
    reason = judge(examples.rolling_out(), observed).reason
    assert reason == "conflicto-backend-dev:9 was deployed to the service instead (ecs-svc/9)"


def test_a_missed_deadline_tells_the_minutes_and_the_tasks() -> None:
    observed = observation(ROLLING, "IN_PROGRESS", LATE)
    assert judge(examples.rolling_out(), observed).reason == (
        "the rollout did not complete within its deadline of 30 minutes "
        "(1 of 2 tasks run, 0 failed)"
    )


def test_a_deadline_of_days_is_told_in_minutes_too() -> None:
    two_days = 2 * 86_400
    observed = observation(ROLLING, "IN_PROGRESS", two_days)
    reason = judge(examples.rolling_out(deadline=at(two_days)), observed).reason
    assert "deadline of 2880 minutes" in reason


def test_a_failure_for_which_ecs_gives_no_reason_is_told_in_words_of_ours() -> None:
    silent = examples.service(ecs_deployment(8, rollout_state="FAILED"))
    observed = observation(silent, "IN_PROGRESS")
    assert judge(examples.rolling_out(), observed).reason == "ECS marked the rollout as failed"
    reason = judge(examples.rolling_out(return_to=""), observed).reason
    assert reason.startswith("ECS marked the rollout as failed; there is no earlier revision")


@pytest.mark.parametrize("return_to", ["", revision(8)], ids=["none", "the same revision"])
@pytest.mark.parametrize(
    "observed",
    [
        pytest.param(observation(ROLLING, "STOPPED"), id="stopped"),
        pytest.param(observation(GAVE_UP, "IN_PROGRESS"), id="rollout_failed"),
        pytest.param(observation(ROLLING, "IN_PROGRESS", LATE), id="past_deadline"),
    ],
)
def test_without_a_revision_to_return_to_it_has_failed_and_nothing_is_touched(
    observed: Observation, return_to: str
) -> None:
    verdict = judge(examples.rolling_out(return_to=return_to), observed)
    assert (verdict.status, verdict.remedy) == (S.FAILED, Remedy.NONE)
    assert verdict.reason.endswith("no earlier revision to return to, so nothing was touched")


def test_what_a_person_withdraws_is_rolled_back_like_a_failure() -> None:
    observed = observation(ROLLING, "IN_PROGRESS")
    verdict = withdrawn(examples.rolling_out(), observed, "stopped by hand by ann: oops")
    assert (verdict.rule, verdict.status, verdict.remedy, verdict.reason) == (
        "withdrawn", S.ROLLBACK_IN_PROGRESS, Remedy.STOP, "stopped by hand by ann: oops",
    )  # fmt: skip


# Any combination


@settings(max_examples=300)
@given(RECORDS, OBSERVATIONS)
def test_whatever_is_seen_of_a_rollout_has_a_verdict_that_may_follow(
    fields: dict[str, Any], observed: Observation
) -> None:
    record = examples.rolling_out(**fields)
    verdict = judge(record, observed)
    needs_service_deployment(record, observed)
    assert allowed(S.IN_PROGRESS, verdict.status)
    if verdict.remedy is not Remedy.NONE:
        assert verdict.status is S.ROLLBACK_IN_PROGRESS
        assert record.return_to not in {"", record.revision}
    if verdict.remedy is Remedy.STOP:
        assert observed.ours is not None


@settings(max_examples=300)
@given(RECORDS, OBSERVATIONS)
def test_a_newer_deployment_is_never_rolled_back(
    fields: dict[str, Any], observed: Observation
) -> None:
    record = examples.rolling_out(**fields)
    primary = observed.service.primary if observed.service else None
    if primary is not None and primary.task_definition != record.revision:
        assert judge(record, observed).remedy is Remedy.NONE


@settings(max_examples=200)
@given(OBSERVATIONS.filter(lambda observed: our_status(observed).startswith("ROLLBACK_")))
def test_what_ecs_rolled_back_is_never_a_success(observed: Observation) -> None:
    assert judge(examples.rolling_out(), observed).status is not S.SUCCESSFUL


@given(RECORDS, OBSERVATIONS, st.integers(0, 10**6))
def test_past_every_deadline_something_is_decided(
    fields: dict[str, Any], observed: Observation, later: int
) -> None:
    """Nothing stays in progress for ever, but what ECS gave to another id."""
    observed = observed.model_copy(update={"at": at(1830) + timedelta(seconds=later)})
    verdict = judge(examples.rolling_out(**{**fields, "deadline": at(1800)}), observed)
    assert verdict.status is not S.IN_PROGRESS or verdict.rule == "adopted"
