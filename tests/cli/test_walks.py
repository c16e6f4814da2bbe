"""The state machine, walked: each answer that `watch` can give leads where the loop should go."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib.decide.admit import deployment_id
from chalicelib.decide.pace import wait_seconds
from chalicelib.model.deployments import Cause, Deployment, Notice, Status
from chalicelib.model.requests import Request
from tests.cli.packages import written

NOW = datetime(2026, 3, 2, 10, 15, tzinfo=UTC)
LONGEST_NAME = 80  # StartExecution: characters of an execution's name
LONGEST_WAIT = 99_999_999  # the States Language's seconds of a Wait
COMPARED = {
    "NumericLessThanEquals": lambda found, wanted: found <= wanted,
}


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    watcher = written(tmp_path_factory, "dev").template["Resources"]["Watcher"]
    definition: dict[str, Any] = watcher["Properties"]["Definition"]
    return definition


def onward(state: dict[str, Any]) -> set[str]:
    """Every state that may follow."""
    following = [state.get("Next"), state.get("Default")]
    following += [choice["Next"] for choice in state.get("Choices", [])]
    following += [catcher["Next"] for catcher in state.get("Catch", [])]
    return {name for name in following if name}


def chosen(state: dict[str, Any], values: dict[str, int]) -> str:
    """Where a Choice of simple comparisons goes."""
    for choice in state["Choices"]:
        ((test, wanted),) = [(key, value) for key, value in choice.items() if key in COMPARED]
        if COMPARED[test](values[choice["Variable"]], wanted):
            return str(choice["Next"])
    return str(state["Default"])


def path(machine: dict[str, Any], wait: int) -> list[str]:
    """The states from the poll that answered `wait`, until the next poll or the end."""
    states, name = machine["States"], machine["States"]["Watch"]["Next"]
    walked = []
    while name and name != "Watch":
        walked.append(name)
        state = states[name]
        name = chosen(state, {"$.wait": wait}) if "Choices" in state else state.get("Next")
    return [*walked, name] if name else walked


def record(**changes: Any) -> Deployment:
    facts = {
        "id": "d", "service": "c/s", "status": Status.IN_PROGRESS, "cause": Cause.PUSH,
        "repository": "r", "digest": f"sha256:{'0' * 64}", "image": "i", "order": NOW,
        "created": NOW, "updated": NOW,
    }  # fmt: skip
    return Deployment.model_validate(facts | changes)


def test_every_state_can_be_reached_and_every_name_is_a_state(machine: dict[str, Any]) -> None:
    reached, ahead = set(), {machine["StartAt"]}
    while ahead:
        name = ahead.pop()
        reached.add(name)
        ahead |= onward(machine["States"][name]) - reached
    assert reached == set(machine["States"])


def test_every_state_that_waits_or_works_can_come_to_an_end(machine: dict[str, Any]) -> None:
    states = machine["States"]
    ending = {name for name, state in states.items() if state["Type"] in {"Succeed", "Fail"}}
    while more := {n for n, s in states.items() if onward(s) & ending} - ending:
        ending |= more
    assert ending == set(states)


def test_an_answer_of_zero_ends_the_loop(machine: dict[str, Any]) -> None:
    assert path(machine, 0) == ["Anything left?", "Done"]


def test_any_other_answer_waits_and_polls_again(machine: dict[str, Any]) -> None:
    assert path(machine, 15) == ["Anything left?", "Pause", "Watch"]
    assert machine["States"]["Pause"]["SecondsPath"] == "$.wait"


def test_watch_is_told_since_when_this_execution_runs(machine: dict[str, Any]) -> None:
    """It hands over to the next one before the history is full."""
    payload = machine["States"]["Watch"]["Parameters"]["Payload"]
    assert payload == {"deployment.$": "$.deployment", "began.$": "$$.Execution.StartTime"}


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("unsent", [(), "one"], ids=["all told", "one unsent"])
def test_what_watch_answers_for_a_status_is_a_wait_that_a_state_takes(
    machine: dict[str, Any], status: Status, unsent: tuple[()] | str
) -> None:
    notice = Notice(id="n", status=status, subject="", text="", at=NOW)
    after = record(status=status).model_copy(update={"notices": (notice,) if unsent else ()})
    wait = wait_seconds(after, NOW + timedelta(hours=1))
    assert isinstance(wait, int)
    assert 0 <= wait <= LONGEST_WAIT
    assert (path(machine, wait)[-1] == "Watch") is (wait > 0)


@pytest.mark.parametrize("cause", Cause)
def test_the_name_of_a_later_execution_of_the_longest_id_is_short_enough(cause: Cause) -> None:
    asked = Request(
        service=f"{'c' * 255}/{'s' * 255}",
        cause=cause,
        digest=f"sha256:{'0' * 64}",
        order=NOW,
        tag="t" * 128,
        key="k" * 200,
    )
    identity = deployment_id(asked)
    assert len(identity) <= 60
    assert len(f"{identity}-{10**6}") <= LONGEST_NAME
