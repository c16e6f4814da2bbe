"""In which stage a rollout is, and whether ECS waits for a person, when answers may be old."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.decide.after import after
from chalicelib.decide.judged import judged, verdict_of
from chalicelib.model.deployments import Deployment, Status
from chalicelib.model.verdicts import Observation
from tests.fixtures import examples
from tests.fixtures.examples import at, service_deployment, waiting_hook

TESTED, SHIFTS = "POST_TEST_TRAFFIC_SHIFT", "PRODUCTION_TRAFFIC_SHIFT"
BEFORE = "PRE_PRODUCTION_TRAFFIC_SHIFT"


def seen(record: Deployment, seconds: float, stage: str, **fields: Any) -> Deployment:
    """The record after a look at our service deployment in this stage."""
    status = fields.pop("status", "IN_PROGRESS")
    ours = service_deployment(status, stage=stage, **fields)
    looked = Observation(at=at(seconds), service=examples.rolling_service(), ours=ours)
    happening = judged(record, looked, verdict_of(record, looked))
    return after(record, happening, at(seconds))


def paused(record: Deployment, seconds: float, stage: str = TESTED, *hooks: str) -> Deployment:
    waiting = tuple(map(waiting_hook, hooks or ("ecs-pause-1",)))
    return seen(record, seconds, stage, traffic=0, hooks=waiting)


ROLLING = examples.rolling_out()


def test_stage_and_traffic_are_kept() -> None:
    record = seen(ROLLING, 60, SHIFTS, traffic=10)
    assert (record.stage, record.traffic) == (SHIFTS, 10)


def test_an_answer_of_an_earlier_stage_is_out_of_date() -> None:
    record = seen(seen(ROLLING, 60, SHIFTS, traffic=20), 70, "SCALE_UP", traffic=0)
    assert (record.stage, record.traffic) == (SHIFTS, 20)


def test_the_traffic_of_a_rollout_that_goes_back_is_not_that_of_the_failure() -> None:
    record = seen(seen(ROLLING, 60, SHIFTS, traffic=20), 90, SHIFTS, traffic=0,
                  status="ROLLBACK_IN_PROGRESS")  # fmt: skip
    assert record.status is Status.ROLLBACK_IN_PROGRESS
    assert record.traffic == 20


def test_a_pause_does_not_count_for_the_deadline() -> None:
    record = paused(ROLLING, 100)
    assert record.paused is not None
    went_on = seen(record, 4_100, SHIFTS, traffic=100)
    assert went_on.paused is None
    assert went_on.deadline == at(1800 + 4_000)


def test_a_rollout_is_never_late_while_it_is_paused() -> None:
    record = paused(ROLLING, 100)
    assert paused(record, 80_000).status is Status.IN_PROGRESS
    first_seen_late = paused(ROLLING, 80_000)
    assert first_seen_late.status is Status.IN_PROGRESS


def test_each_part_of_the_traffic_may_wait_for_a_person() -> None:
    first = paused(ROLLING, 100, BEFORE, "ecs-pause-1")
    between = seen(first, 200, SHIFTS, traffic=10)
    second = paused(between, 400, BEFORE, "ecs-pause-2")
    assert second.paused is not None
    assert second.paused.hooks == ("ecs-pause-2",)
    kinds = [notice.id.removeprefix(second.id).split("-")[1] for notice in second.notices]
    assert kinds == ["paused", "shifting", "paused"]
    assert len({notice.id for notice in second.notices}) == 3


def test_a_pause_that_follows_at_once_ends_the_one_before_it() -> None:
    first = paused(ROLLING, 100, BEFORE, "ecs-pause-1")
    second = paused(first, 700, BEFORE, "ecs-pause-2")
    assert second.deadline == at(1800 + 600)
    assert seen(second, 800, "BAKE_TIME", traffic=100).deadline == at(1800 + 600 + 100)


@pytest.mark.parametrize("old", [("ecs-pause-1",), ("ecs-pause-2",)])
def test_an_old_answer_tells_nobody_again_of_a_pause_that_is_over(old: tuple[str, ...]) -> None:
    record = seen(paused(ROLLING, 100, BEFORE, "ecs-pause-1"), 200, SHIFTS, traffic=10)
    record = seen(paused(record, 300, BEFORE, "ecs-pause-2"), 400, SHIFTS, traffic=20)
    again = paused(record, 410, BEFORE, *old)
    assert again.paused is None
    assert again.notices == record.notices


def test_an_answer_from_just_before_the_pause_does_not_end_it() -> None:
    record = paused(ROLLING, 100)
    assert seen(record, 103, "SCALE_UP", traffic=0).paused == record.paused
    assert seen(record, 103, TESTED, traffic=0).paused == record.paused


def test_an_answer_from_before_the_second_pause_of_a_rollout_does_not_end_it() -> None:
    """The stage between two parts of the traffic comes before a pause as well as after it."""
    first = seen(paused(ROLLING, 100, BEFORE, "ecs-pause-1"), 200, SHIFTS, traffic=10)
    second = paused(first, 300, BEFORE, "ecs-pause-2")
    assert seen(second, 303, SHIFTS, traffic=10).paused == second.paused
    assert seen(second, 340, SHIFTS, traffic=20).paused is None


def test_a_hook_that_is_shown_as_answered_ends_the_pause_at_once() -> None:
    record = paused(ROLLING, 100)
    answered = seen(record, 103, TESTED, hooks=(waiting_hook(status="SUCCEEDED"),))
    assert answered.paused is None


def test_a_pause_that_seemed_over_goes_on_when_ecs_still_shows_it() -> None:
    record = seen(paused(ROLLING, 100), 200, SHIFTS, traffic=10)
    assert record.paused is None
    again = paused(record, 260)
    assert again.paused is not None
    assert again.paused.since == at(200)
    assert seen(again, 300, "BAKE_TIME", traffic=100).deadline == at(1800 + 100 + 100)
