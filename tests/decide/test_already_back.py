"""Whether a service is back already, or on its way: what a repeated rollback looks at."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.decide.already_back import already_words, is_back, on_its_way
from chalicelib.model.deployments import Cause, Status
from tests.fixtures.examples import revision, rolling_out

BY_HAND: dict[str, Any] = {
    "cause": Cause.ROLLBACK, "revision": revision(7), "goes_to": revision(7),
    "return_to": revision(8),
}  # fmt: skip
PUSH: dict[str, Any] = {"revision": revision(8), "return_to": revision(7)}


@pytest.mark.parametrize(
    ("fields", "status", "running", "back"),
    [
        pytest.param(BY_HAND, Status.SUCCESSFUL, 7, True, id="a rollback went well"),
        pytest.param(BY_HAND, Status.IN_PROGRESS, 7, True, id="a rollback is under way"),
        pytest.param(BY_HAND, Status.SUCCESSFUL, 9, False, id="something else runs since"),
        pytest.param(BY_HAND, Status.FAILED, 7, False, id="a rollback failed"),
        pytest.param(BY_HAND, Status.ROLLBACK_SUCCESSFUL, 8, False, id="a rollback was undone"),
        pytest.param(BY_HAND, Status.ROLLBACK_IN_PROGRESS, 8, False, id="one is being undone"),
        pytest.param(PUSH, Status.ROLLBACK_SUCCESSFUL, 7, True, id="a push was rolled back"),
        pytest.param(PUSH, Status.ROLLBACK_IN_PROGRESS, 7, True, id="a push goes back"),
        pytest.param(PUSH, Status.ROLLBACK_SUCCESSFUL, 9, False, id="and something else runs"),
        pytest.param(PUSH, Status.ROLLBACK_FAILED, 7, False, id="it could not go back"),
        pytest.param(PUSH, Status.SUCCESSFUL, 8, False, id="a push went well"),
        pytest.param(PUSH, Status.FAILED, 8, False, id="a push failed and stays"),
    ],
)
def test_a_service_is_back_where_a_rollback_took_it_to_what_it_runs(
    fields: dict[str, Any], status: Status, running: int, *, back: bool
) -> None:
    assert is_back(rolling_out(status=status, **fields), revision(running)) is back


@pytest.mark.parametrize("status", Status)
def test_a_rollback_by_hand_is_on_its_way_from_its_record_to_its_verdict(status: Status) -> None:
    open_ones = {Status.PENDING, Status.IN_PROGRESS}
    assert on_its_way(rolling_out(status=status, **BY_HAND)) is (status in open_ones)
    assert not on_its_way(rolling_out(status=status, **PUSH))


@pytest.mark.parametrize(
    ("fields", "status", "words"),
    [
        (BY_HAND, Status.SUCCESSFUL, "it is back already, to conflicto-backend-dev:7. To go"),
        (
            {**BY_HAND, "revision": ""},
            Status.PENDING,
            "it is going back already, to conflicto-backend-dev:7. To go",
        ),
        (PUSH, Status.ROLLBACK_SUCCESSFUL, "it is back already, to conflicto-backend-dev:7. To go"),
    ],
)
def test_the_words_say_to_what_it_is_back(
    fields: dict[str, Any], status: Status, words: str
) -> None:
    assert already_words(rolling_out(status=status, **fields)).startswith(words)
