"""observation -> verdict on a rollback that is under way: each rule, and which comes first."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings

from chalicelib.decide.transitions import allowed
from chalicelib.model.deployments import Deployment, Return, Status
from chalicelib.model.verdicts import Observation, Remedy
from chalicelib.verdict.returning import RULES, judge_return
from tests.fixtures import examples
from tests.fixtures.examples import ecs_deployment
from tests.verdict.observations import (
    BACK,
    BY_ECS,
    BY_STOP,
    BY_UPDATE,
    DONE,
    GOING_BACK,
    LATE,
    OBSERVATIONS,
    RECORDS,
    RETURNS,
    ROLLING,
    STOP_ASKED,
    THIRD,
    UPDATE_ASKED,
    going_back,
    observation,
)

S = Status
THIRD_DONE = examples.service(ecs_deployment(9))
BACK_AT_LAST = examples.service(
    ecs_deployment(7, rollout_state="IN_PROGRESS", created_at=examples.at(LATE - 2))
)
BACK_FAILED = examples.service(ecs_deployment(7, rollout_state="FAILED"))


def case(what: str, *columns: Deployment | Observation | str) -> pytest.ParameterSet:
    """One row; the last column, what is asked of ECS, may be left out."""
    columns = columns if isinstance(columns[-1], Remedy) else (*columns, Remedy.NONE)
    return pytest.param(*columns, id=what)


CASES = [
    case("the service is gone",
         going_back(BY_ECS), observation(None), "return_gone", S.ROLLBACK_FAILED),
    case("back, also past the deadline",
         going_back(BY_ECS), observation(BACK, "ROLLBACK_SUCCESSFUL", LATE),
         "returned", S.ROLLBACK_SUCCESSFUL),
    case("back by UpdateService",
         going_back(UPDATE_ASKED), observation(BACK, "STOPPED"), "returned", S.ROLLBACK_SUCCESSFUL),
    case("back before we asked",
         going_back(BY_STOP), observation(BACK), "returned", S.ROLLBACK_SUCCESSFUL),
    case("ECS says so, but what we return to is not steady yet",
         going_back(BY_ECS), observation(GOING_BACK, "ROLLBACK_SUCCESSFUL"),
         "returning", S.ROLLBACK_IN_PROGRESS),
    case("a third revision came afterwards",
         going_back(BY_ECS), observation(THIRD_DONE, "ROLLBACK_SUCCESSFUL"),
         "returned", S.ROLLBACK_SUCCESSFUL),
    case("back on what we do not know",
         going_back(BY_ECS, return_to=""), observation(BACK), "returned", S.ROLLBACK_SUCCESSFUL),
    case("a third revision came in between",
         going_back(UPDATE_ASKED), observation(THIRD_DONE, "STOPPED"),
         "return_superseded", S.FAILED),
    *(
        case(f"a third revision may be ECS' own choice while it says {status}",
             going_back(BY_ECS), observation(THIRD, status), "returning", S.ROLLBACK_IN_PROGRESS)
        for status in ("ROLLBACK_REQUESTED", "ROLLBACK_IN_PROGRESS")
    ),
    case("also while ECS goes back to what it chose, the deadline counts",
         going_back(BY_ECS), observation(THIRD, "ROLLBACK_IN_PROGRESS", LATE),
         "return_past_deadline", S.ROLLBACK_FAILED),
    case("ECS could not roll back",
         going_back(BY_ECS), observation(ROLLING, "ROLLBACK_FAILED"),
         "ecs_failed_to_return", S.ROLLBACK_FAILED),
    case("ECS had nothing to roll back to",
         going_back(BY_ECS, return_to=""), observation(ROLLING, "ROLLBACK_FAILED"),
         "ecs_failed_to_return", S.FAILED),
    case("what we return to failed as well",
         going_back(BY_ECS),
         observation(BACK_FAILED, "ROLLBACK_IN_PROGRESS"),
         "return_failed", S.ROLLBACK_FAILED),
    case("decided to stop and died: asked now, before the deadline counts",
         going_back(BY_STOP), observation(ROLLING, "IN_PROGRESS", LATE),
         "stop_unasked", S.ROLLBACK_IN_PROGRESS, Remedy.STOP),
    case("decided to update and died: asked now",
         going_back(BY_UPDATE), observation(ROLLING, "STOPPED"),
         "update_unasked", S.ROLLBACK_IN_PROGRESS, Remedy.UPDATE),
    case("asked to stop, it stopped without a rollback: the revision is set back",
         going_back(STOP_ASKED), observation(ROLLING, "STOPPED"),
         "stop_in_vain", S.ROLLBACK_IN_PROGRESS, Remedy.UPDATE),
    case("asked to stop, it is stopping",
         going_back(STOP_ASKED), observation(ROLLING, "STOP_REQUESTED"),
         "returning", S.ROLLBACK_IN_PROGRESS),
    case("it stopped before we asked: the revision is set back",
         going_back(BY_STOP), observation(ROLLING, "STOPPED"),
         "stop_in_vain", S.ROLLBACK_IN_PROGRESS, Remedy.UPDATE),
    case("it was asked after all: stop",
         going_back(BY_STOP), observation(ROLLING, "ROLLBACK_IN_PROGRESS"),
         "returning", S.ROLLBACK_IN_PROGRESS),
    case("it was asked after all: update",
         going_back(BY_UPDATE), observation(GOING_BACK, "STOPPED"),
         "returning", S.ROLLBACK_IN_PROGRESS),
    case("past the deadline",
         going_back(STOP_ASKED), observation(ROLLING, "ROLLBACK_IN_PROGRESS", LATE),
         "return_past_deadline", S.ROLLBACK_FAILED),
    case("past the deadline, but what is returned to has only just begun",
         going_back(BY_UPDATE), observation(BACK_AT_LAST, "STOPPED", LATE),
         "returning", S.ROLLBACK_IN_PROGRESS),
    case("ECS completed it before it was asked to stop it",
         going_back(BY_STOP), observation(DONE, "SUCCESSFUL"), "completed_meanwhile", S.SUCCESSFUL),
    case("ECS completed it although it was asked to stop it",
         going_back(STOP_ASKED), observation(DONE, "SUCCESSFUL"),
         "returning", S.ROLLBACK_IN_PROGRESS),
    case("what was set back failed as well, long enough after",
         going_back(UPDATE_ASKED), observation(BACK_FAILED, "STOPPED"),
         "return_failed", S.ROLLBACK_FAILED),
]  # fmt: skip


@pytest.mark.parametrize(("record", "observed", "rule", "status", "remedy"), CASES)
def test_a_rollback_is_judged_by_the_first_rule_that_matches(
    record: Deployment, observed: Observation, rule: str, status: Status, remedy: Remedy
) -> None:
    verdict = judge_return(record, observed)
    assert (verdict.rule, verdict.status, verdict.remedy) == (rule, status, remedy)
    without = {"returning", "return_gone", "completed_meanwhile"}
    assert verdict.rule in without or "it crashed" in verdict.reason


def test_every_rule_of_a_rollback_has_a_case() -> None:
    assert {rule.recognises.__name__ for rule in RULES} <= {case.values[2] for case in CASES}


@settings(max_examples=300)
@given(RECORDS, RETURNS, OBSERVATIONS)
def test_whatever_is_seen_of_a_rollback_has_a_verdict_that_may_follow(
    fields: dict[str, Any], returning: Return | None, observed: Observation
) -> None:
    record = examples.rolling_out(status=S.ROLLBACK_IN_PROGRESS, returning=returning, **fields)
    verdict = judge_return(record, observed)
    assert allowed(S.ROLLBACK_IN_PROGRESS, verdict.status)
    assert verdict.proven <= (verdict.status is S.SUCCESSFUL)
    if verdict.remedy is not Remedy.NONE:
        assert verdict.status is S.ROLLBACK_IN_PROGRESS
