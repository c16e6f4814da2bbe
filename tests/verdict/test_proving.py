"""What completes and proves nothing, and a rollback that is ECS' own business."""

from __future__ import annotations

from datetime import timedelta

import pytest

from chalicelib.model.deployments import Return, Status
from chalicelib.model.verdicts import Observation, Remedy
from chalicelib.verdict.returning import judge_return
from chalicelib.verdict.rollout import judge
from tests.fixtures import examples
from tests.fixtures.examples import at, ecs_deployment, service_deployment

SOON = at(0) + timedelta(minutes=1)


@pytest.mark.parametrize(
    ("percent", "proven"),
    [(None, True), (0, False), (1, True), (50, True), (100, True)],
    ids=["no early success", "at 0 %", "at 1 %", "at 50 %", "at 100 %"],
)
def test_an_early_success_at_zero_percent_proves_nothing(percent: int | None, proven: bool) -> None:
    service = examples.service(ecs_deployment(8)).model_copy(update={"early_percent": percent})
    observation = Observation(at=SOON, service=service, ours=service_deployment("SUCCESSFUL"))
    verdict = judge(examples.rolling_out(), observation)
    assert (verdict.status, verdict.proven) == (Status.SUCCESSFUL, proven)


@pytest.mark.parametrize("done", [True, False])
@pytest.mark.parametrize("status", [None, "STOP_REQUESTED", "STOPPED", "IN_PROGRESS"])
def test_a_rollback_that_ecs_began_is_never_asked_for(status: str | None, done: bool) -> None:
    returning = Return(by="ecs", how="breaker", began=at(0), done=done)
    record = examples.rolling_out(
        status=Status.ROLLBACK_IN_PROGRESS, reason="it crashed", returning=returning
    )
    ours = service_deployment(status) if status else None
    observation = Observation(at=SOON, service=examples.rolling_service(), ours=ours)
    verdict = judge_return(record, observation)
    assert (verdict.status, verdict.remedy) == (Status.ROLLBACK_IN_PROGRESS, Remedy.NONE)


@pytest.mark.parametrize("how", ["stop", "update"])
@pytest.mark.parametrize("status", ["ROLLBACK_REQUESTED", "ROLLBACK_IN_PROGRESS"])
def test_what_ecs_rolls_back_meanwhile_is_not_asked_for_either(status: str, how: str) -> None:
    returning = Return.model_validate({"by": "slipway", "how": how, "began": at(0)})
    record = examples.rolling_out(
        status=Status.ROLLBACK_IN_PROGRESS, reason="it crashed", returning=returning
    )
    observation = Observation(
        at=SOON, service=examples.rolling_service(), ours=service_deployment(status)
    )
    verdict = judge_return(record, observation)
    assert (verdict.status, verdict.remedy) == (Status.ROLLBACK_IN_PROGRESS, Remedy.NONE)
