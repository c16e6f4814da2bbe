"""What a run, and its task, tell of themselves."""

from __future__ import annotations

import pytest

from chalicelib.model.runs import RunOutcome, StandaloneTask, TaskRun
from chalicelib.model.services import StoppedContainer, StoppedTask
from tests.fixtures.examples import at, run


@pytest.mark.parametrize("outcome", [None, *RunOutcome])
def test_only_one_outcome_is_success(outcome: RunOutcome | None) -> None:
    assert run(outcome=outcome).succeeded is (outcome is RunOutcome.SUCCEEDED)


def test_a_run_is_stored_and_read_as_it_is() -> None:
    ended = run(
        attempt=2, task="t", started=at(1), stopping=at(2), stopped_for="too long",
        withdrawn=True, ended=at(3), outcome=RunOutcome.FAILED, exit_code=143, reason="too long",
    )  # fmt: skip
    assert TaskRun.model_validate_json(ended.model_dump_json()) == ended


@pytest.mark.parametrize("status", ["PROVISIONING", "RUNNING", "DEPROVISIONING", "STOPPED"])
def test_a_task_has_stopped_only_in_its_last_status(status: str) -> None:
    task = StandaloneTask(arn="t", status=status, end=StoppedTask(id="t"))
    assert task.stopped is (status == "STOPPED")


@pytest.mark.parametrize(
    ("container", "code"),
    [("web", 0), ("envoy", 137), ("init", None), ("another", None)],
    ids=["it ended well", "it was killed", "it runs, or never ran", "there is none of that name"],
)
def test_the_exit_code_is_that_of_the_container_asked_for(container: str, code: int | None) -> None:
    containers = (
        StoppedContainer(name="envoy", exit_code=137),
        StoppedContainer(name="init"),
        StoppedContainer(name="web", exit_code=0),
    )
    task = StandaloneTask(arn="t", status="RUNNING", end=StoppedTask(id="t", containers=containers))
    assert task.exit_code(container) == code
