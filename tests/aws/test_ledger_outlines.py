"""The records of a period, in the few attributes that the figures need."""

from __future__ import annotations

import pytest

from chalicelib.decide.outcomes import outcome_of
from chalicelib.model.deployments import Cause, Status
from chalicelib.model.stored import NEWEST
from tests.aws.conftest import Table
from tests.fixtures import examples
from tests.fixtures.examples import NAME, at, revision

IDS = [f"202601{day:02}t000000-web-0a1b2c3d" for day in range(1, 7)]


@pytest.fixture
def filled(table: Table) -> Table:
    head = examples.head()
    for name in IDS:
        head = table.ledger.save(head, examples.rolling_out(id=name))
    other = examples.rolling_out(id=IDS[2], service="c/other")
    table.ledger.save(examples.head(service="c/other"), other)
    table.sent.clear()
    return table


def test_they_are_read_from_a_time_on_oldest_first_and_go_on_behind_an_id(filled: Table) -> None:
    first = filled.ledger.outlines(NAME, "20260102t000000", 2)
    assert [record.id for record in first.records] == IDS[1:3]
    rest = filled.ledger.outlines(NAME, first.behind, 10)
    assert [record.id for record in rest.records] == IDS[3:]
    assert rest.behind == ""
    assert filled.ledger.outlines(NAME, IDS[-1], 10).records == ()


def test_head_is_not_among_them(filled: Table) -> None:
    assert filled.ledger.outlines(NAME, "", 100).read == len(IDS)


def test_one_read_asks_for_few_attributes_and_a_bounded_number(filled: Table) -> None:
    filled.ledger.outlines(NAME, "2026", 4)
    (sent,) = filled.sent
    assert (sent.operation, sent.parameters["Limit"]) == ("Query", 4)
    assert "ConsistentRead" not in sent.parameters
    assert "#case" not in sent.parameters["ProjectionExpression"]


@pytest.mark.parametrize(
    "fields",
    [
        {"status": Status.SUCCESSFUL, "closed_at": at(300), "ecs_ended": at(200)},
        {"status": Status.SUCCESSFUL, "closed_at": at(300), "succeeded": at(250)},
        {"status": Status.ROLLBACK_SUCCESSFUL, "updated": at(400)},
        {"status": Status.SUCCESSFUL, "cause": Cause.ROLLBACK, "goes_to": revision(6)},
        {"status": Status.SUCCESSFUL, "cause": Cause.FOREIGN},
        {"status": Status.SUCCESSFUL, "cause": Cause.SWEEP, "created": at(900)},
    ],
)
def test_the_outcome_is_that_of_the_whole_record(table: Table, fields: dict[str, object]) -> None:
    record = examples.rolling_out(**fields, case="a long story", log="line\n" * 100)
    table.ledger.save(examples.head(), record)
    (outline,) = table.ledger.outlines(NAME, "", 10).records
    assert outcome_of(outline) == outcome_of(record) is not None
    assert outline.case == ""


def test_what_a_newer_release_wrote_is_counted_and_left_out(filled: Table) -> None:
    item = next(one for one in filled.all() if one["sk"]["S"].endswith(IDS[0]))
    filled.put({**item, "schema": {"N": str(NEWEST + 1)}})
    found = filled.ledger.outlines(NAME, "", 10)
    assert (len(found.records), found.unreadable, found.read) == (5, 1, 6)
