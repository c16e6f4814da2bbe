"""The revisions that a rollback may go back to."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.decide.proven import proved
from chalicelib.model.deployments import Cause
from chalicelib.model.heads import Proven
from tests.fixtures import examples
from tests.fixtures.examples import DIGEST, at, revision


def _proven(number: int, **fields: Any) -> Proven:
    return Proven(revision=revision(number), first=at(number), **fields)


def test_the_last_ten_proven_revisions_are_kept_newest_first() -> None:
    head = examples.head(proven=tuple(_proven(number) for number in range(10, 0, -1)))
    head = proved(head, examples.rolling_out(revision=revision(11), applied_at=at(11)), at(99))
    assert [one.revision for one in head.proven] == [revision(n) for n in range(11, 1, -1)]
    newest = head.proven_revision(revision(11))
    assert newest == _proven(11, deployment=examples.rolling_out().id, digest=DIGEST, tag="abc1234")


def test_a_revision_proven_again_keeps_its_first_time_and_comes_first() -> None:
    head = examples.head(proven=(_proven(8), _proven(7)))
    head = proved(head, examples.rolling_out(revision=revision(7)), at(99))
    assert [(one.revision, one.first) for one in head.proven] == [
        (revision(7), at(7)),
        (revision(8), at(8)),
    ]


@pytest.mark.parametrize(("cause", "left"), [(Cause.ROLLBACK, True), (Cause.PUSH, False)])
def test_only_a_rollback_by_hand_leaves_what_ran_before(cause: Cause, left: bool) -> None:
    head = examples.head(proven=(_proven(8), _proven(7), _proven(6, rolled_away=True)))
    record = examples.rolling_out(cause=cause, revision=revision(7), return_to=revision(8))
    head = proved(head, record, at(99))
    assert [one.rolled_away for one in head.proven] == [False, left, True]
