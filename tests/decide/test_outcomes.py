"""record -> outcome: which records count, and by which of their times."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.decide.outcomes import outcome_of
from chalicelib.model.deployments import Cause, Deployment, Status
from chalicelib.model.outcomes import Outcome
from tests.fixtures import examples
from tests.fixtures.examples import NAME, NOW, at, revision


def record(**fields: Any) -> Deployment:
    base = {"status": Status.SUCCESSFUL, "applied_at": at(60), "closed_at": at(300)}
    return examples.rolling_out(**{**base, **fields})


def outcome(**fields: Any) -> Outcome:
    found = outcome_of(record(**fields))
    assert found is not None
    return found


def test_a_push_that_is_live_has_its_push_its_beginning_and_its_end() -> None:
    assert outcome(id="d-1") == Outcome(
        service=NAME,
        deployment="d-1",
        cause="push",
        status="SUCCESSFUL",
        pushed=NOW,
        applied=at(60),
        ended=at(300),
        revision=revision(8),
    )


@pytest.mark.parametrize("status", Status)
def test_what_is_open_superseded_refused_or_observed_is_of_no_account(status: Status) -> None:
    counts = {"SUCCESSFUL", "FAILED", "ROLLBACK_SUCCESSFUL", "ROLLBACK_FAILED"}
    assert (outcome_of(record(status=status)) is not None) == (status in counts)


@pytest.mark.parametrize("status", [Status.FAILED, Status.SUCCESSFUL])
def test_what_ecs_never_had_is_of_no_account(status: Status) -> None:
    assert outcome_of(record(status=status, applied_at=None)) is None


@pytest.mark.parametrize(
    ("fields", "live"),
    [
        pytest.param({"ecs_ended": at(200), "succeeded": at(210)}, 200, id="ECS says when"),
        pytest.param({"succeeded": at(210)}, 210, id="it is watched on"),
        pytest.param({"ecs_ended": at(30)}, 300, id="an end before its beginning is another's"),
        pytest.param({"closed_at": None, "updated": at(400)}, 400, id="of an earlier release"),
        pytest.param({"status": Status.FAILED, "ecs_ended": at(200)}, 300, id="failed"),
        pytest.param({"cause": Cause.FOREIGN}, 60, id="found later than it was live"),
    ],
)
def test_it_is_live_once_ecs_calls_its_rollout_complete(fields: dict[str, Any], live: int) -> None:
    assert outcome(**fields).ended == at(live)


@pytest.mark.parametrize(
    ("fields", "pushed"),
    [
        pytest.param({"order": at(9_000), "created": at(5)}, at(5), id="released by a person"),
        pytest.param({"order": at(-900), "cause": Cause.SWEEP}, at(-900), id="a lost push"),
        pytest.param({"cause": Cause.MANUAL}, None, id="by hand"),
        pytest.param({"cause": Cause.FOREIGN}, None, id="by somebody else"),
    ],
)
def test_only_a_push_says_when_it_was_pushed(fields: dict[str, Any], pushed: object) -> None:
    assert outcome(**fields).pushed == pushed


def test_a_rollback_by_hand_says_what_it_left_and_where_it_went() -> None:
    back = outcome(cause=Cause.ROLLBACK, revision="", goes_to=revision(6))
    assert (back.left, back.revision) == (revision(7), revision(6))
    assert outcome().left == ""
