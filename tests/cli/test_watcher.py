"""The state machine: its contract with `watch`, its patience, its room for events."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.decide.pace import wait_seconds
from embedded.account import EmbeddedAws
from embedded.gate.faults import Outage
from tests.cli.conftest import Packaged
from tests.fixtures import examples

MOST_EVENTS = 25_000  # Step Functions: events in the history of one standard execution
# Events that one visit makes. https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html
EVENTS = {"Task": 5, "Wait": 2, "Pass": 2, "Choice": 2}


@pytest.fixture
def machine(packaged: Packaged) -> dict[str, Any]:
    definition: dict[str, Any] = packaged.resource("Watcher")["Definition"]
    return definition


@pytest.fixture
def states(machine: dict[str, Any]) -> dict[str, Any]:
    states: dict[str, Any] = machine["States"]
    return states


def attempts(retrier: dict[str, Any]) -> float:
    """Seconds waited in all, at the most."""
    waits = (
        min(retrier["IntervalSeconds"] * retrier["BackoffRate"] ** n, retrier["MaxDelaySeconds"])
        for n in range(retrier["MaxAttempts"])
    )
    return float(sum(waits))


def test_every_state_says_why_it_is_there(states: dict[str, Any]) -> None:
    assert [name for name, state in states.items() if not state.get("Comment")] == []


def test_every_task_retries_everything_and_catches_everything(states: dict[str, Any]) -> None:
    for name, state in states.items():
        if state["Type"] == "Task":
            assert ["States.ALL"] in [each["ErrorEquals"] for each in state["Retry"]], name
            assert [each["ErrorEquals"] for each in state["Catch"]] == [["States.ALL"]], name


def test_it_is_patient_for_about_half_an_hour(states: dict[str, Any]) -> None:
    seconds = [attempts(retrier) for retrier in states["Watch"]["Retry"]]
    assert all(20 * 60 <= each <= 35 * 60 for each in seconds), seconds


def test_the_polls_of_a_day_fit_into_one_history(states: dict[str, Any]) -> None:
    """After a day, `watch` starts the next execution."""
    loop = ("Watch", "Anything left?", "Pause")
    per_poll = sum(EVENTS[states[name]["Type"]] for name in loop)
    record, seconds, polls = examples.rolling_out(), 10, 0
    assert record.applied_at is not None
    while seconds < 24 * 3600:
        seconds += wait_seconds(record, record.applied_at + timedelta(seconds=seconds))
        polls += 1
    retries = 3 * sum(retrier["MaxAttempts"] for retrier in states["Watch"]["Retry"])
    assert polls > 1_000
    assert polls * per_poll + retries < MOST_EVENTS


def test_a_poll_enters_three_states_since_each_is_billed(states: dict[str, Any]) -> None:
    name, entered = "Watch", []
    while name not in entered:
        entered.append(name)
        name = states[name].get("Default") or states[name]["Next"]
    assert entered == ["Watch", "Anything left?", "Pause"]
    assert name == "Watch"


def test_the_loop_is_closed_and_ends_only_in_done_or_lost(states: dict[str, Any]) -> None:
    assert states["Pause"]["Next"] == states["Settle"]["Next"] == "Watch"
    ends = {name for name, state in states.items() if state["Type"] in {"Succeed", "Fail"}}
    assert ends == {"Done", "Lost"}


def test_catching_an_error_never_asks_watch_for_a_verdict(states: dict[str, Any]) -> None:
    """Catch tells people; only the step judges."""
    reached, names = set(), [states["Watch"]["Catch"][0]["Next"]]
    while names:
        name = names.pop()
        if name in reached:
            continue
        reached.add(name)
        state = states[name]
        names += [state["Next"]] if "Next" in state else []
        names += [catcher["Next"] for catcher in state.get("Catch", [])]
    assert reached == {"Tell people", "Lost"}


def test_it_asks_for_what_the_reply_has(states: dict[str, Any]) -> None:
    """The contract: {"deployment", "status", "open", "wait"}, flat."""
    asked = set(states["Watch"]["ResultSelector"].values())
    assert asked <= {f"$.Payload.{field}" for field in ("deployment", "status", "open", "wait")}


def test_a_subject_of_the_longest_id_fits(states: dict[str, Any]) -> None:
    subject = states["Tell people"]["Parameters"]["Subject.$"]
    assert len(subject.split("'")[1].replace("{}", "d" * 60)) <= 100


def test_it_logs_errors_without_what_was_in_them(packaged: Packaged) -> None:
    logging = packaged.resource("Watcher")["LoggingConfiguration"]
    assert (logging["Level"], logging["IncludeExecutionData"]) == ("ERROR", False)
    assert packaged.resource("Watcher")["TracingConfiguration"] == {"Enabled": True}


def test_everything_to_be_filled_in_is_filled_in(
    packaged: Packaged, machine: dict[str, Any]
) -> None:
    text = json.dumps(machine)
    for name in packaged.resource("Watcher")["DefinitionSubstitutions"]:
        assert f"${{{name}}}" in text
        text = text.replace(f"${{{name}}}", "")
    assert "${" not in text


def test_when_watch_cannot_be_called_people_are_told_and_the_execution_fails(
    packaged: Packaged,
) -> None:
    """On the embedded AWS, an hour a few seconds: every retry, then the notice."""
    with EmbeddedAws(rate=600) as aws:
        aws.deploy(packaged.directory / "sam.json", packaged.archive)
        aws.faults.add(Outage(), service="dynamodb", times=None)
        steps = aws.client("stepfunctions")
        (machine,) = steps.list_state_machines()["stateMachines"]
        steps.start_execution(
            stateMachineArn=machine["stateMachineArn"],
            name="d-1-1",
            input=json.dumps({"deployment": "d-1"}),
        )
        ended = aws.wait_until(lambda: aws.executions()[-1].status == "FAILED", 2 * 3600)
        assert ended, aws.executions()
        (notice,) = aws.notices()
    assert notice.attributes == {"notice": "lost-d-1-1", "deployment": "d-1", "status": "UNKNOWN"}
    assert "could not look at deployment d-1 for about half an hour" in notice.body
    assert "/aws/lambda/slipway-dev-watch" in notice.body
