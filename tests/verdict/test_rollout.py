"""observation -> verdict: each rule, and which comes first."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.decide.transitions import allowed
from chalicelib.model.deployments import Deployment, Return, Status
from chalicelib.model.services import Service, ServiceDeployment
from chalicelib.model.verdicts import Observation, Remedy
from chalicelib.verdict.rollout import judge, judge_return, needs_service_deployment, withdrawn
from tests.definition.registrations import ECS
from tests.fixtures import examples
from tests.fixtures.examples import at, ecs_deployment, revision, service_deployment

STATUSES = ECS.shape_for("ServiceDeploymentStatus").enum
ROLLOUT_STATES = ["", *ECS.shape_for("DeploymentRolloutState").enum]
S = Status
LATE = 1800
WITHOUT_STATE = {"rollout_state": ""}  # behind a Classic Load Balancer


def _seen(
    service: Service | None, ours: ServiceDeployment | None = None, seconds: float = 60
) -> Observation:
    return Observation(at=at(seconds), service=service, ours=ours)


ROLLING = examples.rolling_service()
DONE = examples.service(ecs_deployment(8))
BACK = examples.service(ecs_deployment(7))
GOING_BACK = examples.service(
    ecs_deployment(7, rollout_state="IN_PROGRESS"), ecs_deployment(8, status="ACTIVE")
)
THIRD = examples.service(ecs_deployment(9, rollout_state="IN_PROGRESS"))
THIRD_DONE = examples.service(ecs_deployment(9))
OTHER_ID = examples.service(
    ecs_deployment(8, id="ecs-svc/88", rollout_state="IN_PROGRESS", created_at=at(30))
)
EARLIER_ID = examples.service(
    ecs_deployment(8, id="ecs-svc/5", rollout_state="IN_PROGRESS", created_at=at(-30))
)
GAVE_UP = examples.service(
    ecs_deployment(8, rollout_state="FAILED", rollout_reason="tasks failed to start")
)


@pytest.mark.parametrize(
    ("seen", "rule", "status", "remedy"),
    [
        pytest.param(_seen(None), "service_gone", S.FAILED, Remedy.NONE, id="the service is gone"),
        pytest.param(
            _seen(DONE.model_copy(update={"status": "INACTIVE"}), service_deployment("SUCCESSFUL")),
            "service_gone", S.FAILED, Remedy.NONE, id="the service is inactive, before all else",
        ),
        *(
            pytest.param(
                _seen(GOING_BACK, service_deployment(status)),
                "rolled_back", S.ROLLBACK_IN_PROGRESS, Remedy.NONE, id=f"1: ECS says {status}",
            )
            for status in STATUSES
            if status.startswith("ROLLBACK_")
        ),
        pytest.param(
            _seen(BACK, service_deployment("ROLLBACK_SUCCESSFUL")),
            "rolled_back", S.ROLLBACK_IN_PROGRESS, Remedy.NONE,
            id="1: a rollback that looks stable is no success",
        ),
        pytest.param(
            _seen(THIRD, service_deployment("ROLLBACK_IN_PROGRESS"), LATE),
            "rolled_back", S.ROLLBACK_IN_PROGRESS, Remedy.NONE, id="1 before 3 and 7",
        ),
        pytest.param(
            _seen(DONE, service_deployment("SUCCESSFUL")),
            "completed", S.SUCCESSFUL, Remedy.NONE, id="2: successful",
        ),
        pytest.param(
            _seen(THIRD, service_deployment("SUCCESSFUL"), LATE),
            "completed", S.SUCCESSFUL, Remedy.NONE, id="2 before 3 and 7: whatever came after",
        ),
        pytest.param(
            _seen(examples.service(ecs_deployment(8, **WITHOUT_STATE))),
            "completed", S.SUCCESSFUL, Remedy.NONE, id="2: behind a Classic Load Balancer",
        ),
        pytest.param(
            _seen(examples.service(ecs_deployment(8, running=1, **WITHOUT_STATE))),
            "in_progress", S.IN_PROGRESS, Remedy.NONE, id="2: behind one, a task is missing",
        ),
        pytest.param(
            _seen(
                examples.service(
                    ecs_deployment(8, **WITHOUT_STATE), ecs_deployment(7, status="ACTIVE")
                )
            ),
            "in_progress", S.IN_PROGRESS, Remedy.NONE, id="2: behind one, the old tasks drain",
        ),
        pytest.param(
            _seen(THIRD, service_deployment("STOPPED")),
            "superseded", S.SUPERSEDED, Remedy.NONE, id="3 before 5: another revision",
        ),
        pytest.param(
            _seen(THIRD, service_deployment("IN_PROGRESS"), LATE),
            "superseded", S.SUPERSEDED, Remedy.NONE, id="3 before 7: never touched",
        ),
        pytest.param(
            _seen(BACK), "in_progress", S.IN_PROGRESS, Remedy.NONE,
            id="3: a PRIMARY from before ours is an old view",
        ),
        pytest.param(
            _seen(GOING_BACK, service_deployment("IN_PROGRESS")),
            "in_progress", S.IN_PROGRESS, Remedy.NONE,
            id="3: ECS rolls back, and only one of its answers knows it",
        ),
        pytest.param(
            _seen(THIRD, service_deployment("IN_PROGRESS"), 89),
            "in_progress", S.IN_PROGRESS, Remedy.NONE,
            id="3: another revision, and ECS has not said yet what became of ours",
        ),
        pytest.param(
            _seen(THIRD, service_deployment("IN_PROGRESS"), 90),
            "superseded", S.SUPERSEDED, Remedy.NONE,
            id="3: another revision, and half a minute for the answers to agree",
        ),
        pytest.param(
            _seen(THIRD, service_deployment("STOP_REQUESTED")),
            "superseded", S.SUPERSEDED, Remedy.NONE, id="3: another revision, and ECS stops ours",
        ),
        pytest.param(
            _seen(GOING_BACK, service_deployment("STOPPED", ended_at=at(50))),
            "in_progress", S.IN_PROGRESS, Remedy.NONE,
            id="3: ours was stopped a moment ago, and an old PRIMARY is shown",
        ),
        pytest.param(
            _seen(GOING_BACK, service_deployment("STOPPED", ended_at=at(30))),
            "superseded", S.SUPERSEDED, Remedy.NONE,
            id="3: ours was stopped long ago, and what replaced it was rolled back",
        ),
        pytest.param(
            _seen(OTHER_ID, service_deployment("STOPPED"), LATE),
            "adopted", S.IN_PROGRESS, Remedy.NONE, id="4 before 5 and 7: our revision, another id",
        ),
        pytest.param(
            _seen(ROLLING, service_deployment("STOPPED"), LATE),
            "stopped", S.ROLLBACK_IN_PROGRESS, Remedy.UPDATE, id="5 before 7: stopped",
        ),
        pytest.param(
            _seen(ROLLING, service_deployment("STOPPED", ended_at=at(40))),
            "in_progress", S.IN_PROGRESS, Remedy.NONE,
            id="5: stopped a moment ago: somebody may have started another one",
        ),
        pytest.param(
            _seen(ROLLING, service_deployment("STOPPED", ended_at=at(30))),
            "stopped", S.ROLLBACK_IN_PROGRESS, Remedy.UPDATE, id="5: stopped half a minute ago",
        ),
        pytest.param(
            _seen(GAVE_UP, service_deployment("STOPPED", ended_at=at(60))),
            "stopped", S.ROLLBACK_IN_PROGRESS, Remedy.UPDATE,
            id="5: stopped at this moment, and ECS calls the rollout FAILED",
        ),
        pytest.param(
            _seen(EARLIER_ID, service_deployment("IN_PROGRESS")),
            "in_progress", S.IN_PROGRESS, Remedy.NONE,
            id="4: our revision under an id from before ours is an old view",
        ),
        pytest.param(
            _seen(ROLLING, service_deployment("STOP_REQUESTED")),
            "in_progress", S.IN_PROGRESS, Remedy.NONE, id="5: being stopped is no verdict yet",
        ),
        pytest.param(
            _seen(ROLLING, service_deployment("STOP_REQUESTED"), LATE),
            "past_deadline", S.ROLLBACK_IN_PROGRESS, Remedy.STOP,
            id="7: being stopped for ever counts against the deadline",
        ),
        pytest.param(
            _seen(GAVE_UP, service_deployment("STOP_REQUESTED")),
            "in_progress", S.IN_PROGRESS, Remedy.NONE, id="6: ECS gave up and is ending it",
        ),
        pytest.param(
            _seen(GAVE_UP, service_deployment("IN_PROGRESS"), LATE),
            "rollout_failed", S.ROLLBACK_IN_PROGRESS, Remedy.STOP, id="6 before 7: ECS gave up",
        ),
        pytest.param(
            _seen(GAVE_UP), "rollout_failed", S.ROLLBACK_IN_PROGRESS, Remedy.UPDATE,
            id="6: without a service deployment to stop",
        ),
        pytest.param(
            _seen(GAVE_UP, None, 29), "in_progress", S.IN_PROGRESS, Remedy.NONE,
            id="6: ECS does not show the service deployment yet",
        ),
        pytest.param(
            _seen(ROLLING, service_deployment("IN_PROGRESS"), LATE),
            "past_deadline", S.ROLLBACK_IN_PROGRESS, Remedy.STOP, id="7: at the deadline",
        ),
        pytest.param(
            _seen(ROLLING, service_deployment("IN_PROGRESS"), LATE - 0.001),
            "in_progress", S.IN_PROGRESS, Remedy.NONE, id="7: just before the deadline",
        ),
        pytest.param(
            _seen(examples.service(ecs_deployment(7, status="ACTIVE")), None, LATE + 30),
            "out_of_sight", S.FAILED, Remedy.NONE, id="7: without a PRIMARY nothing is touched",
        ),
        pytest.param(
            _seen(BACK, service_deployment("IN_PROGRESS"), LATE + 29),
            "in_progress", S.IN_PROGRESS, Remedy.NONE,
            id="7: past the deadline an old PRIMARY may still be an old view",
        ),
        pytest.param(
            _seen(BACK, service_deployment("IN_PROGRESS"), LATE + 30),
            "out_of_sight", S.FAILED, Remedy.NONE,
            id="7: the service is never set back while it works towards something else",
        ),
        pytest.param(
            _seen(DONE, None, LATE), "completed", S.SUCCESSFUL, Remedy.NONE,
            id="7: past the deadline a healthy service is not rolled back",
        ),
        pytest.param(
            _seen(DONE), "in_progress", S.IN_PROGRESS, Remedy.NONE,
            id="2: ECS does not show the service deployment yet",
        ),
        pytest.param(
            _seen(ROLLING, service_deployment("PENDING")),
            "in_progress", S.IN_PROGRESS, Remedy.NONE, id="none: still pending",
        ),
        pytest.param(
            _seen(DONE, service_deployment("IN_PROGRESS")),
            "in_progress", S.IN_PROGRESS, Remedy.NONE,
            id="none: right counts prove nothing while ECS goes on (bake time)",
        ),
    ],
)  # fmt: skip
def test_a_rollout_is_judged_by_the_first_rule_that_matches(
    seen: Observation, rule: str, status: Status, remedy: Remedy
) -> None:
    verdict = judge(examples.rolling_out(), seen)
    assert (verdict.rule, verdict.status, verdict.remedy) == (rule, status, remedy)


def test_ecs_own_reason_for_its_rollback_is_told() -> None:
    ours = service_deployment(
        "ROLLBACK_IN_PROGRESS", reason="status", rollback_reason="circuit breaker"
    )
    for changes, reason in [
        ({}, "circuit breaker"),
        ({"rollback_reason": ""}, "status"),
        ({"rollback_reason": "", "reason": ""}, "ECS rolled the deployment back"),
    ]:
        seen = _seen(GOING_BACK, ours.model_copy(update=changes))
        assert judge(examples.rolling_out(), seen).reason == reason


@pytest.mark.parametrize(("desired", "proven"), [(2, True), (0, False)])
def test_zero_tasks_complete_without_proving_the_revision(desired: int, proven: bool) -> None:
    service = DONE.model_copy(update={"desired": desired})
    verdict = judge(examples.rolling_out(), _seen(service, service_deployment("SUCCESSFUL")))
    assert (verdict.status, verdict.proven) == (S.SUCCESSFUL, proven)
    assert bool(verdict.reason) is not proven


def test_the_id_that_now_carries_our_revision_is_named() -> None:
    assert judge(examples.rolling_out(), _seen(OTHER_ID)).adopt == "ecs-svc/88"


def test_a_deployment_superseded_names_what_runs_instead() -> None:
    seen = _seen(THIRD, service_deployment("STOPPED"))
    reason = judge(examples.rolling_out(), seen).reason
    assert reason == "conflicto-backend-dev:9 was deployed to the service instead (ecs-svc/9)"


def test_a_missed_deadline_tells_the_minutes_and_the_tasks() -> None:
    seen = _seen(ROLLING, service_deployment("IN_PROGRESS"), LATE)
    assert judge(examples.rolling_out(), seen).reason == (
        "the rollout did not complete within its deadline of 30 minutes "
        "(1 of 2 tasks run, 0 failed)"
    )


def test_a_deadline_of_days_is_told_in_minutes_too() -> None:
    two_days = 2 * 86_400
    seen = _seen(ROLLING, service_deployment("IN_PROGRESS"), two_days)
    reason = judge(examples.rolling_out(deadline=at(two_days)), seen).reason
    assert "deadline of 2880 minutes" in reason


def test_a_failure_for_which_ecs_gives_no_reason_is_told_in_words_of_ours() -> None:
    silent = examples.service(ecs_deployment(8, rollout_state="FAILED"))
    seen = _seen(silent, service_deployment("IN_PROGRESS"))
    assert judge(examples.rolling_out(), seen).reason == "ECS marked the rollout as failed"
    reason = judge(examples.rolling_out(return_to=""), seen).reason
    assert reason.startswith("ECS marked the rollout as failed; there is no earlier revision")


@pytest.mark.parametrize("return_to", ["", revision(8)], ids=["none", "the same revision"])
@pytest.mark.parametrize(
    "seen",
    [
        pytest.param(_seen(ROLLING, service_deployment("STOPPED")), id="stopped"),
        pytest.param(_seen(GAVE_UP, service_deployment("IN_PROGRESS")), id="rollout_failed"),
        pytest.param(_seen(ROLLING, service_deployment("IN_PROGRESS"), LATE), id="past_deadline"),
    ],
)
def test_without_a_revision_to_return_to_it_has_failed_and_nothing_is_touched(
    seen: Observation, return_to: str
) -> None:
    verdict = judge(examples.rolling_out(return_to=return_to), seen)
    assert (verdict.status, verdict.remedy) == (S.FAILED, Remedy.NONE)
    assert verdict.reason.endswith("no earlier revision to return to, so nothing was touched")


def test_what_a_person_withdraws_is_rolled_back_like_a_failure() -> None:
    seen = _seen(ROLLING, service_deployment("IN_PROGRESS"))
    verdict = withdrawn(examples.rolling_out(), seen, "stopped by hand by ann: oops")
    assert (verdict.rule, verdict.status, verdict.remedy, verdict.reason) == (
        "withdrawn", S.ROLLBACK_IN_PROGRESS, Remedy.STOP, "stopped by hand by ann: oops",
    )  # fmt: skip


# Rolling back

BY_ECS = Return(by="ecs", how="breaker", began=at(0), done=True)
BY_STOP = Return(by="slipway", how="stop", began=at(0))
BY_UPDATE = Return(by="slipway", how="update", began=at(0))
STOPPING = service_deployment("ROLLBACK_IN_PROGRESS")


def _going_back(returning: Return = BY_ECS, **fields: Any) -> Deployment:
    status, reason = S.ROLLBACK_IN_PROGRESS, "it crashed"
    return examples.rolling_out(status=status, reason=reason, returning=returning, **fields)


def _done(returning: Return) -> Return:
    return returning.model_copy(update={"done": True})


@pytest.mark.parametrize(
    ("record", "seen", "rule", "status", "remedy"),
    [
        pytest.param(
            _going_back(), _seen(None), "return_gone", S.ROLLBACK_FAILED, Remedy.NONE,
            id="the service is gone",
        ),
        pytest.param(
            _going_back(), _seen(BACK, service_deployment("ROLLBACK_SUCCESSFUL"), LATE),
            "returned", S.ROLLBACK_SUCCESSFUL, Remedy.NONE, id="back, also past the deadline",
        ),
        pytest.param(
            _going_back(_done(BY_UPDATE)), _seen(BACK, service_deployment("STOPPED")),
            "returned", S.ROLLBACK_SUCCESSFUL, Remedy.NONE, id="back by UpdateService",
        ),
        pytest.param(
            _going_back(BY_STOP), _seen(BACK), "returned", S.ROLLBACK_SUCCESSFUL, Remedy.NONE,
            id="back before we asked",
        ),
        pytest.param(
            _going_back(), _seen(GOING_BACK, service_deployment("ROLLBACK_SUCCESSFUL")),
            "returning", S.ROLLBACK_IN_PROGRESS, Remedy.NONE,
            id="ECS says so, but what we return to is not steady yet",
        ),
        pytest.param(
            _going_back(), _seen(THIRD_DONE, service_deployment("ROLLBACK_SUCCESSFUL")),
            "returned", S.ROLLBACK_SUCCESSFUL, Remedy.NONE, id="a third revision came afterwards",
        ),
        pytest.param(
            _going_back(return_to=""), _seen(BACK), "returned", S.ROLLBACK_SUCCESSFUL, Remedy.NONE,
            id="back on what we do not know",
        ),
        pytest.param(
            _going_back(_done(BY_UPDATE)), _seen(THIRD_DONE, service_deployment("STOPPED")),
            "return_superseded", S.FAILED, Remedy.NONE, id="a third revision came in between",
        ),
        *(
            pytest.param(
                _going_back(), _seen(THIRD, service_deployment(status)),
                "returning", S.ROLLBACK_IN_PROGRESS, Remedy.NONE,
                id=f"a third revision may be ECS' own choice while it says {status}",
            )
            for status in ("ROLLBACK_REQUESTED", "ROLLBACK_IN_PROGRESS")
        ),
        pytest.param(
            _going_back(), _seen(THIRD, service_deployment("ROLLBACK_IN_PROGRESS"), LATE),
            "return_past_deadline", S.ROLLBACK_FAILED, Remedy.NONE,
            id="also while ECS goes back to what it chose, the deadline counts",
        ),
        pytest.param(
            _going_back(), _seen(ROLLING, service_deployment("ROLLBACK_FAILED")),
            "return_failed", S.ROLLBACK_FAILED, Remedy.NONE, id="ECS could not roll back",
        ),
        pytest.param(
            _going_back(return_to=""), _seen(ROLLING, service_deployment("ROLLBACK_FAILED")),
            "return_failed", S.FAILED, Remedy.NONE, id="ECS had nothing to roll back to",
        ),
        pytest.param(
            _going_back(),
            _seen(examples.service(ecs_deployment(7, rollout_state="FAILED")), STOPPING),
            "return_failed", S.ROLLBACK_FAILED, Remedy.NONE, id="what we return to failed as well",
        ),
        pytest.param(
            _going_back(BY_STOP), _seen(ROLLING, service_deployment("IN_PROGRESS"), LATE),
            "return_unasked", S.ROLLBACK_IN_PROGRESS, Remedy.STOP,
            id="decided to stop and died: asked now, before the deadline counts",
        ),
        pytest.param(
            _going_back(BY_UPDATE), _seen(ROLLING, service_deployment("STOPPED")),
            "return_unasked", S.ROLLBACK_IN_PROGRESS, Remedy.UPDATE,
            id="decided to update and died: asked now",
        ),
        pytest.param(
            _going_back(_done(BY_STOP)), _seen(ROLLING, service_deployment("STOPPED")),
            "return_unasked", S.ROLLBACK_IN_PROGRESS, Remedy.UPDATE,
            id="asked to stop, it stopped without a rollback: the revision is set back",
        ),
        pytest.param(
            _going_back(_done(BY_STOP)), _seen(ROLLING, service_deployment("STOP_REQUESTED")),
            "returning", S.ROLLBACK_IN_PROGRESS, Remedy.NONE, id="asked to stop, it is stopping",
        ),
        pytest.param(
            _going_back(BY_STOP), _seen(ROLLING, service_deployment("STOPPED")),
            "return_unasked", S.ROLLBACK_IN_PROGRESS, Remedy.UPDATE,
            id="it stopped before we asked: the revision is set back",
        ),
        pytest.param(
            _going_back(BY_STOP), _seen(ROLLING, STOPPING),
            "returning", S.ROLLBACK_IN_PROGRESS, Remedy.NONE, id="it was asked after all: stop",
        ),
        pytest.param(
            _going_back(BY_UPDATE), _seen(GOING_BACK, service_deployment("STOPPED")),
            "returning", S.ROLLBACK_IN_PROGRESS, Remedy.NONE, id="it was asked after all: update",
        ),
        pytest.param(
            _going_back(_done(BY_STOP)), _seen(ROLLING, STOPPING, LATE),
            "return_past_deadline", S.ROLLBACK_FAILED, Remedy.NONE, id="past the deadline",
        ),
    ],
)  # fmt: skip
def test_a_rollback_is_judged_by_the_first_rule_that_matches(
    record: Deployment, seen: Observation, rule: str, status: Status, remedy: Remedy
) -> None:
    verdict = judge_return(record, seen)
    assert (verdict.rule, verdict.status, verdict.remedy) == (rule, status, remedy)
    assert verdict.rule in {"returning", "return_gone"} or "it crashed" in verdict.reason


# Which facts are needed


@pytest.mark.parametrize(
    ("record", "seen", "needed"),
    [
        pytest.param(examples.rolling_out(), _seen(ROLLING), False, id="ours, in progress"),
        pytest.param(examples.rolling_out(), _seen(ROLLING, None, LATE), True, id="past deadline"),
        pytest.param(examples.rolling_out(), _seen(DONE), True, id="ours, completed"),
        pytest.param(examples.rolling_out(), _seen(GAVE_UP), True, id="ours, failed"),
        pytest.param(examples.rolling_out(), _seen(THIRD), True, id="another revision"),
        pytest.param(examples.rolling_out(), _seen(OTHER_ID), True, id="another id"),
        pytest.param(examples.rolling_out(), _seen(None), False, id="no service"),
        pytest.param(_going_back(), _seen(ROLLING), True, id="rolling back"),
        pytest.param(
            examples.rolling_out(), _seen(examples.service(deployments=())), False, id="no PRIMARY"
        ),
    ],
)
def test_the_service_deployment_is_read_only_when_the_service_cannot_answer(
    record: Deployment, seen: Observation, needed: bool
) -> None:
    assert needs_service_deployment(record, seen) is needed


# Any combination

ECS_DEPLOYMENTS = st.builds(
    ecs_deployment,
    st.integers(6, 9),
    id=st.sampled_from(["ecs-svc/6", "ecs-svc/7", "ecs-svc/8", "ecs-svc/9"]),
    status=st.sampled_from(["PRIMARY", "ACTIVE", "INACTIVE"]),
    running=st.integers(0, 2),
    pending=st.integers(0, 1),
    rollout_state=st.sampled_from(ROLLOUT_STATES),
)
SERVICES = st.none() | st.builds(
    lambda deployments, **fields: examples.service(**fields, deployments=tuple(deployments)),
    st.lists(ECS_DEPLOYMENTS, max_size=3),
    status=st.sampled_from(["ACTIVE", "DRAINING", "INACTIVE"]),
    desired=st.integers(0, 2),
)
OBSERVATIONS = st.builds(
    Observation,
    at=st.integers(-60, 4000).map(at),
    service=SERVICES,
    ours=st.none() | st.builds(service_deployment, st.sampled_from(STATUSES)),
)
RECORDS = st.fixed_dictionaries(
    {
        "return_to": st.sampled_from(["", *map(revision, (6, 7, 8))]),
        "deadline": st.none() | st.just(at(1800)),
        "service_deployment": st.sampled_from(["", examples.service_deployment_arn(8)]),
    }
)
RETURNS = st.none() | st.builds(
    Return,
    by=st.sampled_from(["ecs", "slipway"]),
    how=st.sampled_from(["breaker", "stop", "update"]),
    began=st.just(at(0)),
    done=st.booleans(),
)


@settings(max_examples=300)
@given(RECORDS, OBSERVATIONS)
def test_whatever_is_seen_of_a_rollout_has_a_verdict_that_may_follow(
    fields: dict[str, Any], seen: Observation
) -> None:
    record = examples.rolling_out(**fields)
    verdict = judge(record, seen)
    needs_service_deployment(record, seen)
    assert allowed(S.IN_PROGRESS, verdict.status)
    if verdict.remedy is not Remedy.NONE:
        assert verdict.status is S.ROLLBACK_IN_PROGRESS
        assert record.return_to not in {"", record.revision}
    if verdict.remedy is Remedy.STOP:
        assert seen.ours is not None


@settings(max_examples=300)
@given(RECORDS, RETURNS, OBSERVATIONS)
def test_whatever_is_seen_of_a_rollback_has_a_verdict_that_may_follow(
    fields: dict[str, Any], returning: Return | None, seen: Observation
) -> None:
    record = examples.rolling_out(status=S.ROLLBACK_IN_PROGRESS, returning=returning, **fields)
    verdict = judge_return(record, seen)
    assert allowed(S.ROLLBACK_IN_PROGRESS, verdict.status)
    assert verdict.proven <= (verdict.status is S.SUCCESSFUL)
    if verdict.remedy is not Remedy.NONE:
        assert verdict.status is S.ROLLBACK_IN_PROGRESS


@settings(max_examples=300)
@given(RECORDS, OBSERVATIONS)
def test_a_newer_deployment_is_never_rolled_back(fields: dict[str, Any], seen: Observation) -> None:
    record = examples.rolling_out(**fields)
    primary = seen.service.primary if seen.service else None
    if primary is not None and primary.task_definition != record.revision:
        assert judge(record, seen).remedy is Remedy.NONE


@settings(max_examples=200)
@given(OBSERVATIONS.filter(lambda seen: seen.ours and seen.ours.status.startswith("ROLLBACK_")))
def test_what_ecs_rolled_back_is_never_a_success(seen: Observation) -> None:
    assert judge(examples.rolling_out(), seen).status is not S.SUCCESSFUL


@given(RECORDS, OBSERVATIONS, st.integers(0, 10**6))
def test_past_every_deadline_something_is_decided(
    fields: dict[str, Any], seen: Observation, later: int
) -> None:
    """Nothing stays in progress for ever, but what ECS gave to another id."""
    seen = seen.model_copy(update={"at": at(1830) + timedelta(seconds=later)})
    verdict = judge(examples.rolling_out(**{**fields, "deadline": at(1800)}), seen)
    assert verdict.status is not S.IN_PROGRESS or verdict.rule == "adopted"
