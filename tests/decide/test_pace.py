"""record -> seconds until the next poll."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.decide.pace import wait_seconds
from chalicelib.explain.notice import notice
from chalicelib.model.deployments import OPEN, Status
from chalicelib.model.runs import RunOutcome, TaskRun
from tests.fixtures import examples
from tests.fixtures.examples import at

CLOSED = sorted(set(Status) - OPEN)


@pytest.mark.parametrize("status", CLOSED)
def test_what_is_closed_and_told_needs_nobody(status: Status) -> None:
    assert wait_seconds(examples.deployment(status=status), at(0)) == 0


@pytest.mark.parametrize("status", CLOSED)
def test_what_is_closed_but_not_told_is_come_back_to(status: Status) -> None:
    record = examples.deployment(status=status)
    record = record.model_copy(update={"notices": (notice(record),)})
    assert wait_seconds(record, at(0)) > 0


def test_what_waits_for_a_person_holds_no_execution() -> None:
    assert wait_seconds(examples.deployment(status=Status.HELD), at(0)) == 0


@pytest.mark.parametrize(
    "status", [Status.PREPARING, Status.IN_PROGRESS, Status.ROLLBACK_IN_PROGRESS]
)
def test_what_moves_is_polled_at_least_every_minute(status: Status) -> None:
    for seconds in (0, 119, 121, 299, 301, 86_400):
        assert 1 <= wait_seconds(examples.deployment(status=status), at(seconds)) <= 60


@pytest.mark.parametrize(
    ("fields", "seconds"),
    [
        ({"denial": "may not ecs:UpdateService"}, 300),
        ({"denial": "may not ecr:DescribeImageScanFindings", "gated": True}, 60),
        ({"gated": True}, 60),
    ],
    ids=["denied", "denied while it waits for a scan", "waiting for a scan"],
)
def test_what_a_person_or_an_event_must_end_is_asked_for_seldom(
    fields: dict[str, Any], seconds: int
) -> None:
    record = examples.deployment(status=Status.PENDING, created=at(0), **fields)
    assert wait_seconds(record, at(0)) == seconds
    assert wait_seconds(record, at(9_999)) == seconds


def test_a_before_that_lacks_a_permission_is_come_back_to_within_its_time_out() -> None:
    run = examples.run(began=at(0), timeout=300)
    record = examples.deployment(status=Status.PREPARING, before=run, denial="may not ecs:RunTask")
    assert wait_seconds(record, at(10)) == 15
    assert wait_seconds(record, at(200)) == 60


@pytest.mark.parametrize(
    ("age", "seconds"), [(0, 15), (30, 15), (60, 30), (90, 45), (1799, 45), (1800, 300)]
)
def test_what_waits_is_come_back_to_after_half_its_age_and_after_half_an_hour_seldom(
    age: int, seconds: int
) -> None:
    record = examples.deployment(status=Status.PENDING, created=at(0))
    assert wait_seconds(record, at(age)) == seconds


def test_a_paused_rollout_is_polled_every_five_minutes_until_it_goes_on() -> None:
    paused = examples.rolling_out(pause=examples.pause())
    ended = examples.rolling_out(pause=examples.pause(ended=at(60)))
    assert wait_seconds(paused, at(10)) == 300
    assert wait_seconds(ended, at(10)) == 15


def test_what_waits_for_a_scan_is_come_back_to_every_minute_also_when_that_may_not_be_read() -> (
    None
):
    record = examples.deployment(gated=True)
    assert wait_seconds(record, at(0)) == 60
    assert wait_seconds(record.model_copy(update={"denial": "may not"}), at(0)) == 60
    assert wait_seconds(record.model_copy(update={"found_nothing": at(0)}), at(0)) == 30


@pytest.mark.parametrize("status", [Status.IN_PROGRESS, Status.ROLLBACK_IN_PROGRESS])
def test_a_young_rollout_is_polled_more_often_than_an_old_one(status: Status) -> None:
    record = examples.rolling_out(status=status, created=at(-9_999), applied_at=at(0))
    assert wait_seconds(record, at(1)) < wait_seconds(record, at(9_999))


@pytest.mark.parametrize(
    ("began", "now", "seconds"),
    [(0, 0, 15), (0, 59, 15), (0, 60, 30), (0, 119, 30), (0, 120, 60), (0, 9999, 60)],
)
def test_a_before_is_looked_at_often_in_its_first_minute_and_every_minute_later(
    began: float, now: float, seconds: int
) -> None:
    """A record may have waited for hours before its task began."""
    record = examples.preparing(created=at(-9999), before=examples.run(began=at(began)))
    assert wait_seconds(record, at(now)) == seconds


def test_one_whose_before_has_ended_is_polled_every_minute_until_it_is_applied() -> None:
    ended = examples.run(outcome=RunOutcome.SUCCEEDED, ended=at(300))
    record = examples.preparing(created=at(0), before=ended)
    assert wait_seconds(record, at(301)) == 60


def test_a_before_that_lacks_a_permission_has_only_its_own_time() -> None:
    assert wait_seconds(examples.preparing(denial="may not ecs:RunTask"), at(1)) == 15


@pytest.mark.parametrize(
    ("after", "now", "seconds"),
    [
        pytest.param(None, 610, 15, id="to begin, since the success"),
        pytest.param(None, 660, 30, id="to begin for a minute"),
        pytest.param(examples.run(began=at(700)), 710, 15, id="it has begun"),
        pytest.param(examples.run(began=at(700)), 765, 30, id="it runs for a minute"),
        pytest.param(examples.run(began=at(700)), 900, 60, id="it runs for minutes"),
    ],
)
@pytest.mark.parametrize("watch_after", [0, 600], ids=["", "and it is watched later"])
def test_an_after_is_looked_at_as_often_as_a_before(
    after: TaskRun | None, now: float, seconds: int, watch_after: int
) -> None:
    record = examples.rolling_out(
        has_after=True, succeeded=at(600), after=after, watch_after=watch_after
    )
    assert wait_seconds(record, at(now)) == seconds


def test_once_its_after_has_ended_it_is_watched_for_what_is_left() -> None:
    ended = examples.run(outcome=RunOutcome.SUCCEEDED, ended=at(700))
    fields = {"has_after": True, "succeeded": at(600), "after": ended}
    assert wait_seconds(examples.rolling_out(**fields, watch_after=600), at(1190)) == 10
    assert wait_seconds(examples.rolling_out(**fields), at(701)) == 1
