"""The ledger's way to DynamoDB: what it reads no more, what it sends, what it makes of answers."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ReadTimeoutError

from chalicelib.errors import Conflict, Refused, Unanswered, Unavailable, Unreadable
from chalicelib.model.deployments import Notice, Status
from chalicelib.model.heads import Head
from chalicelib.model.stored import NEWEST
from rehearsal.wire import Attempt
from tests.aws.conftest import Answer, Table
from tests.fixtures import examples
from tests.fixtures.examples import NAME
from tests.fixtures.stored import Item

# What a newer release stored

NEWER: dict[str, Item] = {
    "a newer schema": {"schema": {"N": str(NEWEST + 1)}},
    "a newer schema and an unknown field": {"schema": {"N": "99"}, "unheard": {"S": "of"}},
    "an unknown field": {"unheard": {"S": "of"}},
}


@pytest.mark.parametrize("newer", NEWER.values(), ids=NEWER)
def test_what_a_newer_release_wrote_is_read_by_no_path_and_stays_as_it_is(
    table: Table, newer: Item
) -> None:
    record = examples.rolling_out()
    table.ledger.save(examples.head(), record)
    for item in table.all():
        table.put({**item, **newer})
    before = table.all()
    reads: list[tuple[str, Callable[[], object]]] = [
        (f"HEAD of {NAME}", lambda: table.ledger.head(NAME)),
        (f"DEPLOYMENT#{record.id} of {NAME}", lambda: table.ledger.deployment(NAME, record.id)),
        (f"DEPLOYMENT#{record.id} of {NAME}", lambda: table.ledger.history(NAME, 20)),
    ]
    for what, read in reads:
        with pytest.raises(Unreadable, match=f"the ledger's {what} "):
            read()
    assert table.ledger.service_of(record.id) == NAME  # keys are for every release
    assert table.ledger.unfinished() == [(NAME, record.id)]
    assert table.all() == before


def test_what_was_written_by_a_newer_release_meanwhile_is_a_conflict_and_not_overwritten(
    table: Table,
) -> None:
    head = table.ledger.save(examples.head())
    newer = {"schema": {"N": str(NEWEST + 1)}, "version": {"N": str(head.version + 1)}}
    (item,) = table.all()
    table.put({**item, **newer})
    with pytest.raises(Conflict):
        table.ledger.save(head, examples.rolling_out())
    assert table.all() == [{**item, **newer}]


# What is sent


def _read_all(table: Table) -> None:
    table.ledger.head(NAME)
    table.ledger.deployment(NAME, "id")
    table.ledger.history(NAME, 5)


def test_every_read_that_rules_depend_on_is_consistent(table: Table) -> None:
    """Eventually consistent reads of an index are all that DynamoDB has; they only find keys."""
    _read_all(table)
    assert [attempt.operation for attempt in table.sent] == ["GetItem", "GetItem", "Query"]
    assert [attempt.parameters.get("ConsistentRead") for attempt in table.sent] == [True] * 3
    table.sent.clear()
    table.ledger.service_of("id")
    table.ledger.unfinished()
    asked = [attempt.parameters for attempt in table.sent]
    assert [query["IndexName"] for query in asked] == ["by-deployment", "open"]
    assert not any("ConsistentRead" in query for query in asked)


# What is answered


def _says(code: str, **members: Any) -> Answer:
    body = {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": "no", **members}
    return lambda attempt: attempt.answer(400, json.dumps(body).encode())


def _cancelled(*codes: str) -> Answer:
    """The transaction's items in their order; `None` of one that was not the reason."""
    reasons = [{"Code": code, "Message": f"about {code}"} for code in codes]
    return _says("TransactionCanceledException", CancellationReasons=reasons)


ANSWERS = {
    "somebody wrote HEAD": (_cancelled("ConditionalCheckFailed", "None"), Conflict),
    "somebody writes HEAD": (_cancelled("TransactionConflict", "None"), Conflict),
    "somebody writes the record": (_cancelled("None", "TransactionConflict"), Conflict),
    "somebody wrote, and throttled": (
        _cancelled("ConditionalCheckFailed", "ThrottlingError"),
        Conflict,
    ),
    "no reasons": (_says("TransactionCanceledException"), Conflict),
    "a conflict, by itself": (_says("TransactionConflictException"), Conflict),
    "throttled": (_cancelled("None", "ThrottlingError"), Unavailable),
    "too many writes": (_cancelled("ProvisionedThroughputExceeded", "None"), Unavailable),
    "throttled as a whole": (_says("ThrottlingException"), Unavailable),
    "still in progress": (_says("TransactionInProgressException"), Unanswered),
    "too large": (_cancelled("None", "ValidationError"), Refused),
    "too large, and throttled": (_cancelled("ThrottlingError", "ValidationError"), Refused),
    "malformed": (_says("ValidationException"), Refused),
    "another request of this token": (_says("IdempotentParameterMismatchException"), Refused),
}


@pytest.mark.parametrize(("answer", "error"), ANSWERS.values(), ids=ANSWERS)
def test_a_write_that_is_not_taken_says_whether_to_read_again_to_wait_or_to_stop(
    table: Table, answer: Answer, error: type[Exception]
) -> None:
    table.answers = [answer] * 3
    with pytest.raises(Exception, match=f"^could not write {NAME} to the ledger") as raised:
        table.ledger.save(examples.head(), examples.rolling_out())
    assert type(raised.value) is error


def test_a_fault_of_a_transaction_is_told_in_dynamodbs_words(table: Table) -> None:
    table.answers = [_cancelled("None", "ValidationError")]
    with pytest.raises(Refused, match=r"ValidationError: about ValidationError$"):
        table.ledger.save(examples.head(), examples.rolling_out())


def test_the_sdks_own_retry_of_a_lost_answer_carries_the_same_token(table: Table) -> None:
    """DynamoDB takes a token once in ten minutes: what was written is not refused as a conflict."""

    def lost(attempt: Attempt) -> AWSResponse:
        raise ReadTimeoutError(endpoint_url=attempt.request.url)

    table.answers = [lost]
    table.ledger.save(examples.head(), examples.rolling_out())
    first, second = [attempt.parameters for attempt in table.sent]
    assert first == second
    assert first["ClientRequestToken"]
    table.ledger.save(Head(service="c/other", order=examples.NOW))
    assert table.sent[-1].parameters["ClientRequestToken"] != first["ClientRequestToken"]


# What is written


def test_head_is_written_on_condition_that_it_is_as_it_was_read(table: Table) -> None:
    first = table.ledger.save(examples.head())
    second = table.ledger.save(first, examples.rolling_out())
    assert (first.version, second.version) == (1, 2)
    puts = [attempt.parameters["TransactItems"][0]["Put"] for attempt in table.sent]
    assert puts[0]["ConditionExpression"] == "attribute_not_exists(pk)"
    assert puts[1]["ConditionExpression"] == "#version = :version"
    assert puts[1]["ExpressionAttributeNames"] == {"#version": "version"}
    assert puts[1]["ExpressionAttributeValues"] == {":version": {"N": "1"}}


def test_of_two_that_read_the_same_head_the_second_writes_nothing(table: Table) -> None:
    read = table.ledger.save(examples.head())
    table.ledger.save(read, examples.rolling_out(id="first"))
    before = table.all()
    for late in (read, examples.head()):  # one that read it, and one that found none
        with pytest.raises(Conflict):
            table.ledger.save(late, examples.rolling_out(id="second"))
    assert table.all() == before


UNSENT = Notice(id="n-1", status=Status.SUCCESSFUL, subject="", text="", at=examples.NOW)


@pytest.mark.parametrize(
    ("fields", "finished"),
    [
        pytest.param({}, False, id="open"),
        pytest.param({"status": Status.SUCCESSFUL, "notices": (UNSENT,)}, False, id="untold"),
        pytest.param({"status": Status.FAILED, "unexplained": examples.NOW}, False, id="its case"),
        pytest.param({"status": Status.SUCCESSFUL}, True, id="closed and told"),
    ],
)
def test_a_record_is_in_the_sparse_index_until_it_is_finished_and_expires_only_then(
    table: Table, fields: dict[str, Any], finished: bool
) -> None:
    record = examples.rolling_out(**fields)
    table.ledger.save(examples.head(), record)
    item = table.get(NAME, f"DEPLOYMENT#{record.id}")
    head = table.get(NAME, "HEAD")
    assert item is not None
    assert head is not None
    assert ("open" in item, "expires" in item) == (not finished, finished)
    assert not {"open", "expires", "deployment"} & head.keys()
    assert table.ledger.unfinished() == ([] if finished else [(NAME, record.id)])
    if finished:
        days = timedelta(days=400)
        assert item["expires"] == {"N": str(int((record.updated + days).timestamp()))}


def test_the_history_of_a_service_is_its_newest_records_and_nothing_else(table: Table) -> None:
    head = examples.head()
    for name in ("20260101t0", "20260103t0", "20260102t0"):
        head = table.ledger.save(head, examples.rolling_out(id=name))
    other = examples.rolling_out(id="20260104t0", service="c/other")
    table.ledger.save(examples.head(service="c/other"), other)
    found = [record.id for record in table.ledger.history(NAME, 2)]
    assert found == ["20260103t0", "20260102t0"]
    assert table.ledger.service_of("20260104t0") == "c/other"
    assert table.ledger.service_of("unknown") is None


def test_a_history_that_takes_more_than_one_page_is_read_to_its_limit(table: Table) -> None:
    """A page of DynamoDB ends after a megabyte; a record may have fifty thousand characters."""
    head = examples.head()
    for number in range(30):
        record = examples.rolling_out(id=f"d-{number:02}", case="x" * 50_000)
        head = table.ledger.save(head, record)
    table.sent.clear()
    found = [record.id for record in table.ledger.history(NAME, 25)]
    assert found == [f"d-{number:02}" for number in reversed(range(5, 30))]
    assert len(table.sent) > 1
