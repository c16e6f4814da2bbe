"""record with a `before` -> notice: what is said of the data, and what to do."""

from __future__ import annotations

import pytest

from chalicelib.explain.notice import notice
from chalicelib.model.deployments import Status
from chalicelib.model.runs import RunOutcome
from tests.fixtures import examples

STAYS = "its `before` task ended well, and its changes stay"
PARTLY = "the changes that its `before` task made stay"
NOBODY = "nobody knows whether its `before` task changed anything; look at the data first"
ENDED_BADLY = [
    Status.FAILED, Status.ROLLBACK_IN_PROGRESS, Status.ROLLBACK_SUCCESSFUL, Status.ROLLBACK_FAILED,
    Status.REFUSED, Status.SUPERSEDED,
]  # fmt: skip
OUTCOMES: dict[RunOutcome | None, str] = {
    None: "",
    RunOutcome.SUCCEEDED: STAYS,
    RunOutcome.FAILED: PARTLY,
    RunOutcome.UNKNOWN: NOBODY,
    RunOutcome.NOT_STARTED: "",
}


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize(("outcome", "words"), OUTCOMES.items())
def test_what_a_before_did_to_the_data_is_told_where_its_rollout_ended_badly(
    status: Status, outcome: RunOutcome | None, words: str
) -> None:
    record = examples.rolling_out(status=status, before=examples.run(outcome=outcome))
    told = [line for line in notice(record).text.splitlines() if line.startswith("Data: ")]
    assert told == ([f"Data: {words}."] if words and status in ENDED_BADLY else [])


@pytest.mark.parametrize("status", Status)
def test_without_a_before_nothing_is_said_of_the_data(status: Status) -> None:
    assert "Data: " not in notice(examples.rolling_out(status=status)).text


@pytest.mark.parametrize(
    ("outcome", "step"),
    [
        (RunOutcome.FAILED, "correct the cause and push a new image"),
        (RunOutcome.NOT_STARTED, "when that is mended, deploy it by hand (`deploy`)"),
        (RunOutcome.UNKNOWN, "when that is mended, deploy it by hand (`deploy`)"),
    ],
)
def test_after_a_before_that_failed_the_service_runs_what_it_ran_and_the_next_step_is_named(
    outcome: RunOutcome, step: str
) -> None:
    record = examples.preparing(
        status=Status.FAILED, before=examples.run(outcome=outcome), reason="it failed"
    )
    lines = notice(record).text.splitlines()
    assert "Now: nothing has changed; it still runs conflicto-backend-dev:7." in lines
    assert any(line.startswith(f"Next: {step}") for line in lines)


def test_while_its_before_runs_the_service_runs_what_it_ran() -> None:
    told = notice(examples.preparing())
    assert told.subject == "conflicto-backend-service-dev: abc1234 runs its `before` task"
    lines = told.text.splitlines()
    assert "Now: nothing has changed; it still runs conflicto-backend-dev:7." in lines
    assert not any(line.startswith("Next: ") for line in lines)


@pytest.mark.parametrize(
    ("task", "then"),
    [
        (
            "",
            "its `before` task is tried again until 2026-03-02 10:30 UTC, and then it has failed.",
        ),
        ("arn:aws:ecs:us-west-2:123456789012:task/dev/1", "the deployment goes on by itself."),
    ],
    ids=["nothing ran yet", "its task runs"],
)
def test_a_missing_permission_says_how_long_there_is_to_grant_it(task: str, then: str) -> None:
    denial = "could not run the task: slipway-dev-watch may not ecs:RunTask on x"
    record = examples.preparing(denial=denial, before=examples.run(task=task))
    (step,) = [line for line in notice(record).text.splitlines() if line.startswith("Next: ")]
    assert step.endswith(f"; {then}")
