"""HEAD + record -> the `before` tasks that began, and what a rollback goes back across."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.decide.befores import barrier, crossed, running_before, with_before
from chalicelib.model.deployments import Status
from chalicelib.model.heads import Before, Proven
from chalicelib.model.runs import RunOutcome as O
from tests.fixtures import examples
from tests.fixtures.examples import at, revision

SEVEN = Proven(revision=revision(7), first=at(0), deployment="d7", earlier=("d7-first",))


def _before(name: str, began: float, outcome: O | None = O.SUCCEEDED) -> Before:
    """The `before` of a deployment called `dNUMBER`, or `dNUMBER-MORE`, of that revision."""
    number = int(name[1:].partition("-")[0])
    return Before(
        deployment=name,
        revision=revision(number),
        began=at(began),
        outcome=outcome,
        tag=f"v{number}",
    )


def _record(name: str, began: float, **fields: Any) -> Any:
    outcome = fields.pop("outcome", None)
    run = examples.run(began=at(began), outcome=outcome)
    return examples.preparing(id=name, before=run, **fields)


def test_a_record_without_one_changes_nothing() -> None:
    head = examples.head(befores=(_before("d7", 0),))
    assert with_before(head, examples.deployment()) == head


def test_a_new_one_comes_first() -> None:
    known = (_before("d7", 60), _before("d6", 0))
    head = with_before(examples.head(befores=known), _record("d8", 120))
    mine = Before(
        deployment="d8",
        revision=revision(8),
        digest=examples.DIGEST,
        tag="abc1234",
        began=at(120),
    )
    assert head.befores == (mine, *known)


@pytest.mark.parametrize(
    ("status", "outcome", "kept"),
    [
        pytest.param(Status.PREPARING, None, None, id="it runs"),
        pytest.param(Status.PREPARING, O.SUCCEEDED, O.SUCCEEDED, id="it ended well"),
        pytest.param(Status.FAILED, O.FAILED, O.FAILED, id="it failed"),
        pytest.param(Status.FAILED, None, O.UNKNOWN, id="its deployment was closed while it ran"),
        pytest.param(Status.SUCCESSFUL, O.SUCCEEDED, O.SUCCEEDED, id="its deployment ended well"),
    ],
)
def test_its_end_is_kept_where_it_stands(status: Status, outcome: O | None, kept: O | None) -> None:
    known = (_before("d9", 120), _before("d8", 60, None), _before("d7", 0))
    record = _record("d8", 60, status=status, outcome=outcome)
    head = with_before(examples.head(befores=known), record)
    assert [one.deployment for one in head.befores] == ["d9", "d8", "d7"]
    assert head.befores[1].outcome is kept


def test_the_newest_fifty_are_kept() -> None:
    head = examples.head()
    for number in range(60):
        head = with_before(head, _record(f"d{number}", number, outcome=O.SUCCEEDED))
    assert [one.deployment for one in head.befores] == [f"d{n}" for n in range(59, 9, -1)]
    again = with_before(head, _record("d3", 3, outcome=O.SUCCEEDED, status=Status.SUCCESSFUL))
    assert again == head


@given(st.lists(st.tuples(st.integers(0, 70), st.sampled_from([None, *O]))))
def test_they_are_in_the_order_in_which_they_began_whichever_record_is_written(
    written: list[tuple[int, O | None]],
) -> None:
    head = examples.head()
    for number, outcome in written:
        head = with_before(head, _record(f"d{number}", number, outcome=outcome))
    began = [one.began for one in head.befores]
    assert began == sorted(set(began), reverse=True)
    assert len(began) == min(50, len({number for number, _ in written}))


@pytest.mark.parametrize(
    ("befores", "running"),
    [
        pytest.param((), None, id="none"),
        pytest.param((_before("d7", 0),), None, id="one that ended"),
        pytest.param((_before("d8", 0, None),), None, id="its own"),
        pytest.param((_before("d9", 60), _before("d7", 0, None)), "d7", id="another's"),
        pytest.param((_before("d8", 60, None), _before("d7", 0, None)), "d7", id="beside its own"),
        pytest.param((_before("d7", 0, O.UNKNOWN),), None, id="one that was lost"),
    ],
)
def test_a_before_of_another_deployment_runs_until_it_has_ended(
    befores: tuple[Before, ...], running: str | None
) -> None:
    found = running_before(examples.head(befores=befores), "d8")
    assert (found.deployment if found else None) == running


@pytest.mark.parametrize(
    ("befores", "names"),
    [
        pytest.param((), [], id="none began"),
        pytest.param((_before("d8", 60),), ["d8"], id="no own: since its first deployment"),
        pytest.param((_before("d6", -60),), [], id="no own: one before its first deployment"),
        pytest.param((_before("d6", 0),), [], id="no own: one at the moment of its deployment"),
        pytest.param((_before("d7", 90), _before("d8", 60)), [], id="its own is newer"),
        pytest.param((_before("d8", 90), _before("d7", 60)), ["d8"], id="its own is older"),
        pytest.param(
            (_before("d7", 90), _before("d8", 60), _before("d7-first", 30)),
            [],
            id="it came again after the other",
        ),
        pytest.param(
            (_before("d9", 90), _before("d8", 60), _before("d7", 30)),
            ["d9", "d8"],
            id="two, the newest first",
        ),
        pytest.param((_before("d8", 60, O.NOT_STARTED),), [], id="one that never ran"),
        pytest.param((_before("d8", 60, O.FAILED),), ["d8"], id="one that failed"),
        pytest.param((_before("d8", 60, O.UNKNOWN),), ["d8"], id="one of unknown end"),
        pytest.param((_before("d8", 60, None),), ["d8"], id="one that runs"),
        pytest.param(
            (_before("d7-again", 90, O.NOT_STARTED), _before("d8", 60), _before("d7", 30)),
            ["d8"],
            id="its own never ran after the other",
        ),
        pytest.param(
            (_before("d7-again", 90, O.FAILED), _before("d8", 60), _before("d7", 30)),
            ["d8"],
            id="its own failed after the other",
        ),
        pytest.param(
            (_before("d7-again", 90, O.FAILED),), [], id="its own is no other, however it ended"
        ),
    ],
)
def test_a_rollback_goes_back_across_what_began_after_its_revision(
    befores: tuple[Before, ...], names: list[str]
) -> None:
    head = examples.head(befores=befores)
    assert [one.deployment for one in crossed(head, SEVEN)] == names
    assert bool(barrier(head, SEVEN)) is bool(names)


def test_one_of_a_deployment_that_brought_the_revision_is_its_own_also_after_a_copy() -> None:
    """A revision that was INACTIVE is registered again, so the number may differ."""
    copied = Proven(revision=revision(9), first=at(0), deployment="d7")
    assert crossed(examples.head(befores=(_before("d7", 60),)), copied) == ()


def test_a_barrier_names_the_newest_three_how_they_ended_and_what_to_do() -> None:
    befores = (
        _before("d11", 300, None),
        _before("d10", 240),
        _before("d9", 180, O.FAILED),
        _before("d8", 120, O.UNKNOWN),
    )
    assert barrier(examples.head(befores=befores), SEVEN) == (
        "conflicto-backend-dev:7 is older than what these `before` tasks left in the data: "
        "v11 (2026-03-02 10:20 UTC, still runs), v10 (2026-03-02 10:19 UTC, ended well), "
        "v9 (2026-03-02 10:18 UTC, failed) and 1 more. A rollback takes nothing of that back. If "
        "conflicto-backend-dev:7 can run on the data as it is now, roll back again with "
        "`override`."
    )


def test_one_without_a_tag_is_named_by_its_revision() -> None:
    unknown = Before(deployment="d8", revision=revision(8), began=at(60), outcome=O.UNKNOWN)
    words = "conflicto-backend-dev:8 (2026-03-02 10:16 UTC, its end is not known)"
    assert words in barrier(examples.head(befores=(unknown,)), SEVEN)
