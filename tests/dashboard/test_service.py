"""The page of a service: what runs, what may be done, and the chart of its rollouts."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.model.deployments import OPEN
from cli.dashboard.answers import Answer
from cli.dashboard.service import chart, entry, view

AT = "2026-12-01T10:00:00+00:00"
NAME = "shop-dev/web-dev"


def record(status: str = "SUCCESSFUL", seconds: float | None = 30.0, **more: Any) -> dict[str, Any]:
    found = {"deployment": "d-1", "status": status, "tag": "aaa1111", "created": AT}
    return found | {"updated": AT, "revision": "web:2", "seconds": seconds} | more


def test_the_chart_has_the_rollouts_oldest_first_and_marks_the_usual_time_of_good_ones() -> None:
    history = [entry(record(seconds=10.0)), entry(record("FAILED", 100.0)), entry(record())]
    found = chart(history)
    assert found is not None
    assert [one.height for one in found.columns] == [30, 100, 10]
    assert (found.top, found.usual, found.line) == ("100 s", "20 s", 20)
    assert found.columns[1].title == "aaa1111 failed after 100 s"


def test_what_never_began_is_not_in_the_chart() -> None:
    never = [
        entry(record("REFUSED")),
        entry(record("OBSERVED")),
        entry(record("SUPERSEDED", revision="")),
        entry(record("IN_PROGRESS", None)),
    ]
    assert chart([*never, entry(record())]) is None
    found = chart([*never, entry(record()), entry(record())])
    assert found is not None
    assert len(found.columns) == 2


@given(st.lists(st.floats(min_value=0, max_value=1e6), min_size=2, max_size=40))
def test_whatever_the_times_are_each_column_is_inside_and_beside_the_others(
    seconds: list[float],
) -> None:
    found = chart([entry(record(seconds=one)) for one in seconds])
    assert found is not None
    end = 0.0
    for one in found.columns:
        assert one.left >= end
        assert 2 <= one.height <= 100
        end = one.left + one.width
    assert end <= 100
    assert 0 <= found.line <= 100


def test_while_aws_is_asked_the_page_shows_what_the_board_knows() -> None:
    row = {"service": NAME, "runs": {"tag": "aaa1111", "revision": "web:2"}, "under_way": []}
    found = view("dev", NAME, Answer(), Answer({"at": AT, "board": [row]}))
    assert (found.awaited, found.error, found.runs) == (True, "", "aaa1111")


def test_what_ecs_runs_counts_more_than_what_the_ledger_says() -> None:
    row = {"service": NAME, "runs": {"tag": "aaa1111", "revision": "web:2"}, "under_way": []}
    now = {"revision": "web:7", "tags": ["eee5555"]}
    status = Answer({"at": AT, "deployments": [], "now": now})
    assert view("dev", NAME, status, Answer({"at": AT, "board": [row]})).runs == "eee5555"


def test_a_hold_and_a_held_push_can_be_released() -> None:
    for more in ({"holds": [{"words": "x", "since": AT}]}, {"under_way": [record("HELD", None)]}):
        row = {"service": NAME, "under_way": [], **more}
        assert view("dev", NAME, Answer(), Answer({"at": AT, "board": [row]})).held
    row = {"service": NAME, "under_way": [record("PENDING", None)]}
    assert not view("dev", NAME, Answer(), Answer({"at": AT, "board": [row]})).held


def test_an_open_deployment_tells_its_stage_and_a_closed_one_its_reason() -> None:
    both: dict[str, Any] = {"stage": "BAKE_TIME", "traffic": 100.0, "reason": "it crashed"}
    assert entry(record("IN_PROGRESS", None, **both)).words == "BAKE_TIME, 100 % of the traffic"
    assert entry(record("FAILED", **both)).words == "it crashed"
    assert "FAILED" not in OPEN
