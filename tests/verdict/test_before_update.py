"""Before UpdateService sets a revision back: what others deployed meanwhile stays."""

from __future__ import annotations

import pytest

from chalicelib.model.deployments import Deployment, Status
from chalicelib.model.verdicts import Remedy, Verdict
from chalicelib.verdict.before_update import unless_deployed_since
from tests.fixtures import examples
from tests.fixtures.examples import revision
from tests.verdict.observations import BY_UPDATE, going_back

ROLLING_OUT = examples.rolling_out(reason="so far")
GOES_BACK = going_back(BY_UPDATE)
SET_BACK = Verdict(
    rule="stopped", status=Status.ROLLBACK_IN_PROGRESS, reason="x", remedy=Remedy.UPDATE
)


@pytest.mark.parametrize(
    ("record", "newer", "rule", "status"),
    [
        (ROLLING_OUT, revision(9), "superseded", Status.SUPERSEDED),
        (ROLLING_OUT, revision(7), "superseded", Status.SUPERSEDED),
        (ROLLING_OUT, revision(8), "look_again", Status.IN_PROGRESS),
        (ROLLING_OUT, "", "look_again", Status.IN_PROGRESS),
        (GOES_BACK, revision(9), "return_superseded", Status.FAILED),
        (GOES_BACK, revision(7), "look_again", Status.ROLLBACK_IN_PROGRESS),
        (GOES_BACK, "", "look_again", Status.ROLLBACK_IN_PROGRESS),
    ],
    ids=[
        "a third revision, while it rolls out",
        "the revision before it, while it rolls out",
        "the same revision, while it rolls out",
        "a revision that is not shown yet, while it rolls out",
        "a third revision, while it goes back",
        "the revision that is gone back to: it was asked for already",
        "a revision that is not shown yet, while it goes back",
    ],
)
def test_nothing_that_others_deployed_since_is_set_back(
    record: Deployment, newer: str, rule: str, status: Status
) -> None:
    verdict = unless_deployed_since(record, SET_BACK, newer)
    assert (verdict.rule, verdict.status, verdict.remedy) == (rule, status, Remedy.NONE)


def test_another_setting_of_the_failed_revision_does_not_keep_it_from_being_set_back() -> None:
    assert unless_deployed_since(GOES_BACK, SET_BACK, revision(8)) == SET_BACK


def test_what_came_instead_is_named() -> None:
    assert unless_deployed_since(ROLLING_OUT, SET_BACK, revision(9)).reason == (
        "conflicto-backend-dev:9 was deployed to the service instead (a newer service deployment)"
    )
    assert unless_deployed_since(GOES_BACK, SET_BACK, revision(9)).reason == (
        "it crashed; before it was rolled back, conflicto-backend-dev:9 was deployed instead"
    )
