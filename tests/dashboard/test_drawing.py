"""The drawing: whatever the times are, everything is inside, in order, and wide enough to see."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.dashboard.drawing import PHASES, Bar, drawing, parts
from cli.dashboard.spent import spent

BEGAN = datetime(2026, 12, 1, 10, tzinfo=UTC)
STATES = (
    "created",
    "pull_started",
    "pull_stopped",
    "started",
    "healthy",
    "stopping",
    "stopped",
)


def at(seconds: float) -> str:
    return (BEGAN + timedelta(seconds=seconds)).isoformat()


def record(**times: Any) -> dict[str, Any]:
    """A deployment that took 100 seconds."""
    return {"created": at(0), "status": "SUCCESSFUL", "closed": at(100), "times": times}


def task(**times: float) -> dict[str, Any]:
    return {"id": "0123456789ab", "new": True} | {key: at(when) for key, when in times.items()}


def inside(bar: Bar) -> bool:
    return 0 <= bar.left < bar.left + bar.width <= 100.001 and 0 <= bar.height <= 100


def test_a_task_is_drawn_state_by_state() -> None:
    found = drawing(record(tasks=[task(created=10, started=30, healthy=50)]), BEGAN)
    assert found is not None
    lane, _ = found.lanes
    assert [(bar.kind, bar.left, bar.width) for bar in lane.bars] == [
        ("placed", 10, 20),
        ("running", 30, 20),
        ("healthy", 50, 50),
    ]
    assert lane.title == "task 0123456789ab, started after 20 s"


def test_a_task_that_stopped_is_drawn_until_then() -> None:
    found = drawing(record(tasks=[task(created=10, started=30, stopped=40)]), BEGAN)
    assert found is not None
    assert [(bar.left, bar.width) for bar in found.lanes[0].bars] == [(10, 20), (30, 10)]
    assert "ran for 10 s" in found.lanes[0].title


def test_an_open_deployment_is_drawn_until_now() -> None:
    open_one = record(tasks=[task(created=0)]) | {"status": "IN_PROGRESS"}
    found = drawing(open_one, BEGAN + timedelta(seconds=40))
    assert found is not None
    assert [tick.words for tick in found.ticks] == ["0", "10 s", "20 s", "30 s", "40 s"]


def test_the_traffic_is_as_high_as_its_share() -> None:
    steps = [
        {"at": at(0), "stage": "A", "traffic": 0.0},
        {"at": at(50), "stage": "B", "traffic": 20.0},
    ]
    found = drawing(record(steps=steps), BEGAN)
    assert found is not None
    assert [(bar.left, bar.height) for bar in found.lanes[0].bars] == [(0, 0), (50, 20)]


def test_the_verdict_stands_at_the_end_behind_the_time_of_the_rollback() -> None:
    failed = record(tasks=[task(created=10)]) | {"status": "ROLLBACK_SUCCESSFUL"}
    found = drawing(failed | {"phases": {"returning": 30.0}}, BEGAN)
    assert found is not None
    verdict = found.lanes[-1]
    assert verdict.title == "rolled back"
    assert [(bar.kind, bar.left) for bar in verdict.bars] == [("back", 70), ("back", 98.8)]


def test_what_has_nothing_but_a_verdict_is_not_drawn() -> None:
    found = drawing(record(tasks=[]), BEGAN)
    assert found is not None
    assert found.lanes == ()


def test_nothing_is_drawn_where_no_times_are_known() -> None:
    assert drawing({"created": at(0), "status": "PENDING", "updated": at(1)}, BEGAN) is None


def test_of_many_tasks_the_first_are_drawn_and_the_rest_is_counted() -> None:
    found = drawing(record(tasks=[task(created=1)] * 30), BEGAN)
    assert found is not None
    assert (len(found.lanes) - 1, found.more) == (24, "6 more tasks are not drawn")


seconds = st.floats(min_value=-4_000, max_value=2_000_000, allow_nan=False)
tasks = st.dictionaries(st.sampled_from(STATES), seconds).map(lambda found: task(**found))
steps = st.lists(st.tuples(seconds, st.none() | st.floats(min_value=0, max_value=100)), max_size=8)


@given(seconds, st.lists(tasks, max_size=30), steps, st.lists(seconds, max_size=8))
def test_whatever_the_times_are_all_bars_and_ticks_are_inside(
    closed: float,
    tasks: list[dict[str, Any]],
    steps: list[tuple[float, float | None]],
    events: list[float],
) -> None:
    """Also where clocks differ: a task may end before it began, or before the deployment did."""
    told = record(
        tasks=tasks,
        steps=[{"at": at(when), "stage": "S", "traffic": share} for when, share in steps],
        events=[{"at": at(when), "what": "something"} for when in events],
    )
    found = drawing(told | {"closed": at(closed)}, BEGAN)
    assert found is not None
    for lane in found.lanes:
        assert all(inside(bar) for bar in lane.bars)
    for lane in found.lanes:
        if lane.kind.startswith("task"):
            lefts = [bar.left for bar in lane.bars]
            assert lefts == sorted(lefts)
    places = [tick.left for tick in found.ticks]
    assert places == sorted(places)
    assert all(0 <= place <= 100 for place in places)
    assert 1 <= len(places) <= 8


phases = st.dictionaries(st.sampled_from(list(PHASES)), st.floats(min_value=0, max_value=90_000))


@given(phases)
def test_the_parts_of_the_time_fill_the_bar_in_the_order_of_the_phases(
    found: dict[str, float],
) -> None:
    bars = parts({"phases": found})
    kinds = [bar.kind for bar in bars]
    assert kinds == [kind for kind in PHASES if kind in kinds]
    for bar, following in itertools.pairwise(bars):
        assert bar.left + bar.width == pytest.approx(following.left, abs=0.01)
    if bars:
        assert bars[-1].left + bars[-1].width == pytest.approx(100, abs=0.05)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (4.2, "4.2 s"),
        (9.96, "10 s"),
        (94, "94 s"),
        (119.6, "2 min"),
        (750, "12 min 30 s"),
        (7_199.6, "2 h"),
        (11_100, "3 h 5 min"),
        (86_400, "24 h"),
    ],
)
def test_a_time_is_told_in_the_units_that_people_use(seconds: float, words: str) -> None:
    assert spent(seconds) == words
