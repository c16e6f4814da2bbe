"""outcomes -> figures: small histories, and a made-up year, with answers computed by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.decide.figures import changes, figures, spread, weeks
from chalicelib.decide.outcomes import outcome_of
from chalicelib.model.outcomes import Change, Outcome, Spread
from tests.fixtures import made_up_year
from tests.fixtures.examples import at

SUCCESSFUL, FAILED = "SUCCESSFUL", "FAILED"
BACK, NOT_BACK = "ROLLBACK_SUCCESSFUL", "ROLLBACK_FAILED"


def push(applied: int, ended: int, revision: str, status: str = SUCCESSFUL, **more: Any) -> Outcome:
    """A push 60 s before ECS had it; times are seconds."""
    base = {"service": "shop/web", "cause": "push", "deployment": f"{applied}-{revision}"}
    times = {"pushed": at(applied - 60), "applied": at(applied), "ended": at(ended)}
    return Outcome(**{**base, **times, "revision": revision, "status": status, **more})


def back(applied: int, ended: int, left: str, to: str, **more: Any) -> Outcome:
    """A rollback by hand."""
    return push(applied, ended, to, **{"cause": "rollback", "pushed": None, "left": left, **more})


def foreign(live: int, revision: str) -> Outcome:
    """Somebody else's deployment."""
    return push(live, live, revision, cause="foreign", pushed=None)


def told(found: Sequence[Change]) -> list[tuple[str, bool, float | None, float | None]]:
    """Of each change: its revision, whether it failed, its lead time, and the time to restore."""
    return [(one.deployment.split("-")[1], one.failed, one.lead, one.restored) for one in found]


@pytest.mark.parametrize(
    ("history", "expected"),
    [
        pytest.param([push(60, 300, "r1")], [("r1", False, 300, None)], id="live"),
        pytest.param([push(60, 400, "r1", BACK)], [("r1", True, None, 340)], id="rolled back"),
        pytest.param([push(60, 400, "r1", FAILED)], [("r1", True, None, None)], id="still broken"),
        pytest.param(
            [push(60, 400, "r1", NOT_BACK), push(900, 1000, "r2")],
            [("r1", True, None, 940), ("r2", False, 160, None)],
            id="the next one that is live ends a failure",
        ),
        pytest.param(
            [push(60, 400, "r1", FAILED), push(900, 1000, "r2", FAILED)],
            [("r1", True, None, None), ("r2", True, None, None)],
            id="the next one that fails does not",
        ),
        pytest.param(
            [push(60, 400, "r1", FAILED), back(900, 1000, "r1", "r0")],
            [("r1", True, None, 940)],
            id="a rollback by hand ends a failure, and is no change itself",
        ),
        pytest.param(
            [push(60, 300, "r1"), push(900, 1000, "r2"), back(1500, 1600, "r2", "r1")],
            [("r1", False, 300, None), ("r2", True, 160, 600)],
            id="live, and left by hand",
        ),
        pytest.param(
            [push(900, 1000, "r2"), back(1500, 1600, "r2", "r1")],
            [("r2", True, 160, 600)],
            id="left for a revision from before the period",
        ),
        pytest.param(
            [push(60, 300, "r1"), back(1500, 1600, "r0", "r1")],
            [("r1", False, 300, None)],
            id="a rollback that leaves what is not known",
        ),
        pytest.param(
            [
                push(60, 300, "r1"),
                push(900, 1000, "r2"),
                back(1500, 1600, "r2", "r1"),
                back(1700, 1800, "r1", "r2"),
            ],
            [("r1", False, 300, None), ("r2", True, 160, 600)],
            id="back to the later one is no failure of the earlier one",
        ),
        pytest.param(
            [push(60, 300, "r1"), back(400, 500, "r1", "r0", status=FAILED)],
            [("r1", False, 300, None)],
            id="a rollback that failed left nothing",
        ),
        pytest.param(
            [push(60, 300, "r1", cause="manual", pushed=None)],
            [("r1", False, None, None)],
            id="by hand: no push, so no lead time",
        ),
        pytest.param(
            [push(60, 300, "r1"), push(900, 1000, "r2"), foreign(1600, "r1"), foreign(1700, "r3")],
            [("r1", False, 300, None), ("r2", True, 160, 600), ("r3", False, None, None)],
            id="somebody else goes back, and then deploys another one",
        ),
        pytest.param(
            [push(60, 300, "r1"), foreign(1600, "r1")],
            [("r1", False, 300, None), ("r1", False, None, None)],
            id="somebody else deploys what runs once more",
        ),
        pytest.param([push(60, 300, "r1", "SUPERSEDED")], [], id="superseded"),
        pytest.param([push(60, 300, "r1", "IN_PROGRESS")], [], id="open"),
        pytest.param([push(60, 300, "r1", "UNHEARD_OF")], [], id="a status of a newer release"),
        pytest.param(
            [push(60, 300, "r1", FAILED).model_copy(update={"applied": None})],
            [],
            id="never applied",
        ),
    ],
)
def test_what_is_a_change_what_failed_and_how_long_it_took(
    history: list[Outcome], expected: list[Any]
) -> None:
    assert told(changes(history)) == expected


def test_a_service_is_not_well_again_because_another_one_is() -> None:
    broken = push(60, 400, "r1", FAILED)
    other = push(900, 1000, "r2", service="shop/api")
    assert told(changes([broken, other])) == [("r2", False, 160, None), ("r1", True, None, None)]


@pytest.mark.parametrize(
    ("seconds", "median", "p90"),
    [
        ([5], 5, 5),
        ([9, 1], 5, 9),
        ([3, 1, 2], 2, 3),
        (range(1, 11), 5.5, 9),
        (range(1, 12), 6, 10),
    ],
)
def test_the_median_and_the_90th_percentile_are_those_of_the_textbook(
    seconds: Sequence[float], median: float, p90: float
) -> None:
    assert spread(list(seconds)) == Spread(count=len(seconds), median=median, p90=p90)


def test_without_a_value_there_is_no_figure() -> None:
    none = figures((), 30)
    assert (none.per_day, none.failure_rate, none.lead, none.restore) == (0, None, *[Spread()] * 2)


def test_a_made_up_year_has_the_figures_that_were_computed_by_hand() -> None:
    """The story is in `tests/fixtures/made_up_year.py`.

    Pushes: 52 x 5 = 260. Of them failed: Wednesdays of 52 / 4 = 13 weeks, and one Thursday. So 246
    pushes were live and, with the one of somebody else, 247 deployments; 261 changes in all. With
    the four that were left by hand, 13 + 1 + 4 = 18 failed.

    Lead times: Mondays 52 x 4 min, Tuesdays 52 x 5, Wednesdays 39 x 6, Thursdays 51 x 7, Fridays
    52 x 8. Of 246, the 123rd and the 124th are 6 min (from the 105th to the 143rd), and the 222nd
    (0.9 x 246 = 221.4) is 8 min (from the 195th on).

    Times to restore: 13 x 6 min, 4 x 30 min. The Thursday's: ECS had it at 10:01, and Friday's push
    was live at 10:08, 24 h 7 min later. Of 18, the 9th and the 10th are 6 min, and the 17th (0.9 x
    18 = 16.2) is 30 min.
    """
    outcomes = [found for one in made_up_year.records() if (found := outcome_of(one))]
    year = figures(changes(outcomes), made_up_year.DAYS)
    assert (year.deployments, year.changes, year.failed, year.unrestored) == (247, 261, 18, 0)
    assert year.per_day == 247 / 364
    assert year.failure_rate == 18 / 261
    assert year.lead == Spread(count=246, median=6 * 60, p90=8 * 60)
    assert year.restore == Spread(count=18, median=6 * 60, p90=30 * 60)


def test_the_weeks_of_the_made_up_year_are_those_of_its_story() -> None:
    outcomes = [found for one in made_up_year.records() if (found := outcome_of(one))]
    by_week = weeks(changes(outcomes), made_up_year.DAYS, made_up_year.ENDS)
    assert len(by_week) == 52
    assert by_week[0].begins == made_up_year.BEGINS
    usual = dict.fromkeys(range(1, 53), 5)
    lost = dict.fromkeys(range(4, 53, 4), 1) | {10: 1}
    assert [one.deployments for one in by_week] == [
        usual[week] - lost.get(week, 0) + (week == 20) for week in range(1, 53)
    ]
    left = {13, 26, 39, 52}
    assert [one.failed for one in by_week] == [
        lost.get(week, 0) + (week in left) for week in range(1, 53)
    ]


def test_a_period_that_is_no_whole_weeks_has_a_short_first_week() -> None:
    old, new = push(0, 0, "r1"), push(0, 29 * 86_400, "r2")
    found = weeks(changes([old, new]), 30, at(30 * 86_400))
    assert [one.deployments for one in found] == [1, 0, 0, 0, 1]
    assert [one.begins for one in found] == [at(0), *(at((2 + 7 * n) * 86_400) for n in range(4))]


_seconds = st.integers(0, 40)
_outcomes = st.lists(
    st.builds(
        lambda applied, took, revision, status, cause, left: push(
            applied, applied + took, revision, status, cause=cause, left=left
        ),
        _seconds,
        _seconds,
        st.sampled_from(["r1", "r2", "r3"]),
        st.sampled_from([SUCCESSFUL, FAILED, BACK, NOT_BACK]),
        st.sampled_from(["push", "manual", "rollback", "foreign"]),
        st.sampled_from(["r1", "r2", "r3"]),
    ),
    max_size=8,
    unique_by=lambda one: one.deployment,
)


@given(_outcomes, st.randoms(use_true_random=False))
def test_the_order_of_the_records_does_not_matter(found: list[Outcome], chance: Any) -> None:
    mixed = list(found)
    chance.shuffle(mixed)
    assert changes(mixed) == changes(found)


@given(_outcomes)
def test_a_record_that_comes_twice_counts_once(found: list[Outcome]) -> None:
    assert changes(found + found) == changes(found)


@given(_outcomes, st.sampled_from(["REFUSED", "SUPERSEDED", "OBSERVED", "PENDING"]), _seconds)
def test_what_is_no_change_alters_no_figure(found: list[Outcome], status: str, when: int) -> None:
    other = push(when, when, "r2", status, deployment="other")
    assert changes([*found, other]) == changes(found)


@given(_outcomes)
def test_no_figure_contradicts_another(found: list[Outcome]) -> None:
    its = figures(changes(found), 30)
    assert its.failed <= its.changes
    assert its.deployments <= its.changes
    assert its.restore.count + its.unrestored == its.failed
    assert its.changes - its.deployments <= its.failed  # what was never live has failed
