"""HEAD + what runs -> the revision that a rollback by hand goes to."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.decide.rollback_target import back, named
from chalicelib.errors import Refused
from chalicelib.model.deployments import Status
from chalicelib.model.heads import Proven
from tests.fixtures import examples
from tests.fixtures.examples import at, revision


def _proven(number: int, **fields: Any) -> Proven:
    return Proven(revision=revision(number), **{"first": at(number), **fields})


@pytest.mark.parametrize(
    ("proven", "running", "chosen"),
    [
        pytest.param([_proven(8), _proven(7), _proven(6)], 8, 7, id="the one before"),
        pytest.param([_proven(7), _proven(8), _proven(6)], 7, 6, id="by first time, not position"),
        pytest.param([_proven(8, first=at(1)), _proven(7)], 7, 8, id="by time, not number"),
        pytest.param(
            [_proven(8), _proven(7, rolled_away=True), _proven(6)], 8, 6, id="not one left"
        ),
        pytest.param([_proven(7), _proven(6)], 9, 7, id="what runs was never proven"),
    ],
)
def test_without_a_name_it_goes_to_the_newest_proven_one_before(
    proven: list[Proven], running: int, chosen: int
) -> None:
    head = examples.head(proven=tuple(proven))
    assert back(head, revision(running), None).revision == revision(chosen)


@pytest.mark.parametrize(
    ("proven", "reason"),
    [
        pytest.param([], "proven are none", id="nothing proven"),
        pytest.param([_proven(8)], "proven are conflicto-backend-dev:8", id="only what runs"),
        pytest.param([_proven(9), _proven(8)], "from before conflicto-backend-dev:8", id="newer"),
        pytest.param(
            [_proven(7, rolled_away=True)], "no proven revision from before", id="left before"
        ),
    ],
)
def test_with_nothing_to_go_back_to_it_is_refused(proven: list[Proven], reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        back(examples.head(proven=tuple(proven)), revision(8), None)


@pytest.mark.parametrize(
    ("status", "running"),
    [
        pytest.param(Status.ROLLBACK_SUCCESSFUL, 9, id="somebody else deployed since"),
        pytest.param(Status.FAILED, 7, id="nothing was rolled back"),
    ],
)
def test_it_is_already_back_only_where_it_runs_what_the_rollback_went_to(
    status: Status, running: int
) -> None:
    head = examples.head(proven=(_proven(7), _proven(6)))
    last = examples.rolling_out(status=status)
    assert back(head, revision(running), last).revision == revision(7 if running == 9 else 6)


def test_after_a_rollback_it_does_not_go_further_back_by_itself() -> None:
    head = examples.head(proven=(_proven(7, tag="v7"), _proven(6)))
    last = examples.rolling_out(id="d-9", status=Status.ROLLBACK_SUCCESSFUL)
    with pytest.raises(Refused) as refused:
        back(head, revision(7), last)
    assert str(refused.value) == (
        f"{examples.NAME} is already back on conflicto-backend-dev:7: d-9 was rolled back. To go "
        "further back, name `to`: conflicto-backend-dev:7 (v7), conflicto-backend-dev:6."
    )


@pytest.mark.parametrize(
    "to", ["d-7", revision(7), "conflicto-backend-dev:7", "v7", examples.OLD_DIGEST]
)
def test_a_proven_revision_has_many_names(to: str) -> None:
    seven = _proven(7, deployment="d-7", tag="v7", digest=examples.OLD_DIGEST)
    head = examples.head(proven=(_proven(8), seven))
    assert named(head, to) == seven


@pytest.mark.parametrize("to", ["", "v9", "conflicto-backend-dev", "d-9"])
def test_only_what_was_proven_can_be_named(to: str) -> None:
    head = examples.head(proven=(_proven(8), _proven(7, tag="v7")))
    with pytest.raises(Refused, match=r"conflicto-backend-dev:7 \(v7\)"):
        named(head, to)
