"""What CloudWatch is told of a deployment that was closed, and that it agrees with the figures."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.decide.figures import changes, figures
from chalicelib.decide.measures import leaves, measures
from chalicelib.decide.outcomes import outcome_of
from chalicelib.model.deployments import Cause, Deployment, Status
from chalicelib.model.heads import Proven
from chalicelib.model.outcomes import Measure
from tests.fixtures import examples, made_up_year
from tests.fixtures.examples import at, revision


def record(**fields: Any) -> Deployment:
    """A push that was live after 300 s, of which ECS had it for 240."""
    base = {"status": Status.SUCCESSFUL, "applied_at": at(60), "closed_at": at(300)}
    return examples.rolling_out(**{**base, **fields})


def told(*found: Measure) -> dict[str, float]:
    return {one.name: one.value for one in found}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, {"Deployments": 1, "LeadTimeSeconds": 300}),
        ({"cause": Cause.MANUAL}, {"Deployments": 1}),
        (
            {"status": Status.ROLLBACK_SUCCESSFUL},
            {"Deployments": 0, "FailedChanges": 1, "RestoreSeconds": 240},
        ),
        ({"status": Status.FAILED}, {"Deployments": 0, "FailedChanges": 1}),
        ({"status": Status.ROLLBACK_FAILED}, {"Deployments": 0, "FailedChanges": 1}),
        ({"status": Status.FAILED, "applied_at": None}, {}),
        ({"status": Status.REFUSED}, {}),
        ({"status": Status.SUPERSEDED}, {}),
        ({"cause": Cause.ROLLBACK}, {}),
    ],
)
def test_each_end_has_its_measures(fields: dict[str, Any], expected: dict[str, float]) -> None:
    assert told(*measures(record(**fields))) == expected


def test_a_rollback_by_hand_tells_that_what_it_left_has_failed() -> None:
    left = record(id="d-1", revision=revision(8))
    back = record(
        id="d-2",
        cause=Cause.ROLLBACK,
        revision=revision(7),
        return_to=revision(8),
        applied_at=at(900),
        closed_at=at(1000),
    )
    assert told(*measures(back, left)) == {"FailedChanges": 1, "RestoreSeconds": 700}


def _proven(number: int, **fields: Any) -> Proven:
    return Proven(revision=revision(number), first=at(number), deployment=f"d-{number}", **fields)


@pytest.mark.parametrize(
    ("proven", "fields", "left"),
    [
        pytest.param([_proven(8), _proven(7)], {}, "d-8", id="the revision that ran"),
        pytest.param([_proven(8)], {}, "d-8", id="to a copy that nothing is known of"),
        pytest.param([_proven(8, rolled_away=True), _proven(7)], {}, "", id="left before"),
        pytest.param([_proven(7)], {}, "", id="not proven"),
        pytest.param(
            [_proven(8), _proven(7)],
            {"return_to": revision(7), "revision": revision(8)},
            "",
            id="back to the later one",
        ),
        pytest.param([_proven(8), _proven(7)], {"status": Status.FAILED}, "", id="not live"),
        pytest.param([_proven(8), _proven(7)], {"cause": Cause.PUSH}, "", id="no rollback"),
    ],
)
def test_a_rollback_leaves_what_it_goes_back_from(
    proven: list[Proven], fields: dict[str, Any], left: str
) -> None:
    base = {"cause": Cause.ROLLBACK, "revision": revision(7), "return_to": revision(8)}
    head = examples.head(proven=tuple(proven))
    assert leaves(head, record(**{**base, **fields})) == left


def test_the_metrics_of_the_made_up_year_add_up_to_its_figures() -> None:
    """Sums and numbers of samples, as the dashboard in CloudWatch computes them."""
    records = [one for one in made_up_year.records() if one.cause is not Cause.FOREIGN]
    by_revision = {one.revision: one for one in records if one.cause is Cause.PUSH}
    sent = [measure for one in records for measure in measures(one, by_revision.get(one.return_to))]
    outcomes = [found for one in records if (found := outcome_of(one))]
    year = figures(changes(outcomes), made_up_year.DAYS)

    def values(name: str) -> list[float]:
        return [one.value for one in sent if one.name == name]

    assert sum(values("Deployments")) == year.deployments
    assert len(values("Deployments")) == year.changes
    assert sum(values("FailedChanges")) == year.failed
    assert len(values("LeadTimeSeconds")) == year.lead.count
    # One failure was ended by the next push: that time is only in the figures.
    assert len(values("RestoreSeconds")) == year.restore.count - 1
