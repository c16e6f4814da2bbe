"""What people are told of a rollout between its beginning and its end."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.explain.notice import notice
from chalicelib.explain.progress import progress
from chalicelib.model.deployments import Deployment, Status
from tests.fixtures import examples
from tests.fixtures.examples import at

SHIFTS = "PRODUCTION_TRAFFIC_SHIFT"


def rolling(stage: str = "", traffic: float | None = None, **fields: Any) -> Deployment:
    return examples.rolling_out(stage=stage, traffic=traffic, **fields)


@pytest.mark.parametrize(
    ("before", "new", "subject"),
    [
        pytest.param(rolling("SCALE_UP", 0), rolling(SHIFTS, 10), "gets 10 % of the traffic",
                     id="the first traffic"),
        pytest.param(rolling(SHIFTS, 10), rolling(SHIFTS, 20), "", id="more of it"),
        pytest.param(rolling(SHIFTS, 100), rolling("BAKE_TIME", 100), "has all traffic",
                     id="the bake time"),
        pytest.param(rolling("SCALE_UP", 0), rolling("BAKE_TIME", 100), "has all traffic",
                     id="the bake time, and the shift was not seen"),
        pytest.param(rolling(), rolling("SCALE_UP", 0), "", id="a stage without traffic"),
        pytest.param(rolling(), rolling("BAKE_TIME"), "", id="a rolling update"),
        pytest.param(rolling("SCALE_UP", 0),
                     rolling("SCALE_UP", 0, pause=examples.pause("SCALE_UP")),
                     "is paused in stage SCALE_UP", id="a pause"),
        pytest.param(rolling(pause=examples.pause()), rolling(pause=examples.pause(ended=at(9))),
                     "", id="its end"),
    ],
)  # fmt: skip
def test_people_are_told_of_traffic_and_pauses_once(
    before: Deployment, new: Deployment, subject: str
) -> None:
    told = progress(before, new)
    assert [subject in one.subject for one in told] == [True] * bool(subject)
    assert len(told) == bool(subject)


def test_a_pause_says_how_the_rollout_goes_on_and_when_it_ends() -> None:
    record = rolling("POST_TEST_TRAFFIC_SHIFT", 0, pause=examples.pause())
    (told,) = progress(rolling(), record)
    assert told.text == (
        "conflicto-dev/conflicto-backend-service-dev: abc1234 is paused in stage "
        "POST_TEST_TRAFFIC_SHIFT.\n\n"
        "Why: a PAUSE hook of the service waits for a person; no production traffic goes to it "
        "yet.\n\n"
        "Now: ECS waits, until 2026-03-03 10:15 UTC at the latest; then it rolls it back by "
        "itself. Newer pushes wait too; rollbacks do not.\n"
        f"Next: to go on, type slipway release {record.id} --at POST_TEST_TRAFFIC_SHIFT, or invoke "
        f"`release` with `stage`; to roll it back, type slipway release {record.id} --drop."
    )


def test_a_person_who_has_answered_already_is_not_asked() -> None:
    answer = {"by": "ann", "why": "tested", "at": at(1)}
    assert progress(rolling(), rolling(pause=examples.pause(answer=answer))) == ()


@pytest.mark.parametrize(
    ("record", "words"),
    [
        (rolling(SHIFTS, 10), "10 % of the production traffic went to it when it was last seen, in "
                              "stage PRODUCTION_TRAFFIC_SHIFT."),
        (rolling("SCALE_UP", 0), "none of the production traffic went to it"),
        (rolling("SCALE_UP"), "it was last seen in stage SCALE_UP."),
    ],
)  # fmt: skip
def test_a_failure_names_the_stage_and_the_traffic_that_saw_it(
    record: Deployment, words: str
) -> None:
    failed = record.model_copy(update={"status": Status.ROLLBACK_IN_PROGRESS})
    assert f"Traffic: {words}" in notice(failed).text
    assert "Traffic:" not in notice(record).text
