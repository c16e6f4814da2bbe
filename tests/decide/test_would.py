"""What a plan says of the record that a dry run ends with."""

from __future__ import annotations

import pytest

from chalicelib.decide.would import would
from chalicelib.model.deployments import Deployment, Status
from tests.fixtures import examples

NEW = None
ROLLS = examples.rolling_out()
BACK = examples.rolling_out(status=Status.ROLLBACK_IN_PROGRESS)


def _ended(status: Status) -> Deployment:
    return examples.deployment(status=status, reason="so")


@pytest.mark.parametrize(
    ("record", "before", "known", "error", "updates", "does", "reason"),
    [
        pytest.param(ROLLS, NEW, False, "", True, "deploy", "", id="goes"),
        pytest.param(
            ROLLS, NEW, False, "", False, "nothing",
            "the service runs conflicto-backend-dev:8 already", id="runs already",
        ),
        pytest.param(ROLLS, ROLLS, True, "", True, "nothing", "this key was used", id="known key"),
        pytest.param(BACK, ROLLS, True, "", True, "nothing", "this key was used", id="key, failed"),
        pytest.param(BACK, ROLLS, False, "", True, "stop", " is under way: it would be", id="stop"),
        pytest.param(BACK, BACK, False, "", False, "nothing", "is ROLLBACK_IN_PROGRESS", id="back"),
        pytest.param(ROLLS, ROLLS, False, "no", False, "refuse", "no", id="an error"),
        pytest.param(_ended(Status.HELD), NEW, False, "", False, "hold", "so", id="held"),
        pytest.param(_ended(Status.PENDING), NEW, False, "", False, "wait", "so", id="waits"),
        pytest.param(_ended(Status.REFUSED), NEW, False, "so", False, "refuse", "so", id="refused"),
        pytest.param(_ended(Status.SUPERSEDED), NEW, False, "", False, "refuse", "so", id="older"),
        pytest.param(_ended(Status.OBSERVED), NEW, False, "", False, "observe", "so", id="sees"),
        pytest.param(
            examples.deployment(), NEW, False, "", False, "wait", "another step is acting",
            id="another step",
        ),
    ],
)  # fmt: skip
def test_the_first_rule_that_matches_decides(  # noqa: PLR0917 - a row of the table
    record: Deployment,
    before: Deployment | None,
    known: bool,
    error: str,
    updates: bool,
    does: str,
    reason: str,
) -> None:
    found = would(record, before, error=error, key_known=known, updates=updates)
    assert found.does == does
    assert reason in found.reason
    assert bool(found.reason) is bool(reason)
