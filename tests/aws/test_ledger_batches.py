"""Many HEADs and records in few reads: BatchGetItem, and what it leaves unread."""

from __future__ import annotations

import json

import pytest
from botocore.awsrequest import AWSResponse

from chalicelib.errors import Unavailable, Unreadable
from chalicelib.model.stored import NEWEST
from rehearsal.account import TABLE
from rehearsal.wire import Attempt
from tests.aws.conftest import Table
from tests.fixtures import examples

NAMES = [f"shop/web-{number:03}" for number in range(150)]


def nothing(attempt: Attempt) -> AWSResponse:
    """A throttled table: every key comes back unread."""
    body = {"Responses": {TABLE: []}, "UnprocessedKeys": attempt.parameters["RequestItems"]}
    return attempt.answer(200, json.dumps(body).encode())


def half(attempt: Attempt) -> AWSResponse:
    """Only the first half of the keys is read."""
    asked = attempt.parameters["RequestItems"][TABLE]
    keys = asked["Keys"]
    answer = json.loads(attempt.perform().content)
    read = [{name: item[name] for name in ("pk", "sk")} for item in answer["Responses"][TABLE]]
    left = keys[len(keys) // 2 :]
    items = [
        item for item, key in zip(answer["Responses"][TABLE], read, strict=True) if key not in left
    ]
    unread = {TABLE: {**asked, "Keys": left}} if left else {}
    body = {"Responses": {TABLE: items}, "UnprocessedKeys": unread}
    return attempt.answer(200, json.dumps(body).encode())


def test_heads_and_records_are_read_a_hundred_keys_a_call_and_consistently(table: Table) -> None:
    for name in NAMES:
        table.ledger.save(examples.head(service=name), examples.rolling_out(service=name, id="one"))
    table.sent.clear()
    heads = table.ledger.read_heads([*NAMES, "shop/never-met"])
    assert heads.keys() == set(NAMES)
    assert heads[NAMES[7]] == table.ledger.head(NAMES[7])
    records = table.ledger.read_deployments([(name, "one") for name in NAMES] + [("shop/a", "x")])
    assert records.keys() == {(name, "one") for name in NAMES}
    assert records[NAMES[7], "one"] == table.ledger.deployment(NAMES[7], "one")
    asked = [
        sent.parameters["RequestItems"][TABLE]
        for sent in table.sent
        if sent.operation == "BatchGetItem"
    ]
    assert [len(each["Keys"]) for each in asked] == [100, 51, 100, 51]
    assert all(each["ConsistentRead"] for each in asked)


def test_a_key_that_is_asked_for_twice_is_sent_once(table: Table) -> None:
    table.ledger.save(examples.head(service=NAMES[0]))
    table.sent.clear()
    assert list(table.ledger.read_heads([NAMES[0], NAMES[0]])) == [NAMES[0]]
    assert len(table.sent[0].parameters["RequestItems"][TABLE]["Keys"]) == 1


def test_nothing_is_sent_for_nothing(table: Table) -> None:
    assert table.ledger.read_heads([]) == {}
    assert table.ledger.read_deployments([]) == {}
    assert table.sent == []


def test_keys_that_were_left_unread_are_asked_for_again(table: Table) -> None:
    for name in NAMES[:4]:
        table.ledger.save(examples.head(service=name))
    table.sent.clear()
    table.answers = [half, nothing, half]
    assert table.ledger.read_heads(NAMES[:4]).keys() == set(NAMES[:4])
    asked = [sent.parameters["RequestItems"][TABLE] for sent in table.sent]
    assert [len(each["Keys"]) for each in asked] == [4, 2, 2, 1]
    assert all(each["ConsistentRead"] for each in asked)


def test_a_table_that_leaves_keys_unread_again_and_again_is_unavailable(table: Table) -> None:
    table.ledger.save(examples.head(service=NAMES[0]))
    table.sent.clear()
    table.answers = [nothing] * 20
    with pytest.raises(Unavailable, match=r"leaves keys unread, again and again"):
        table.ledger.read_heads([NAMES[0]])
    assert len(table.sent) == 8


def test_in_place_of_what_a_newer_release_wrote_there_is_the_error(table: Table) -> None:
    for name in NAMES[:2]:
        table.ledger.save(examples.head(service=name), examples.rolling_out(service=name, id="one"))
    for item in table.all():
        if item["pk"] == {"S": NAMES[0]}:
            table.put({**item, "schema": {"N": str(NEWEST + 1)}})
    heads = table.ledger.read_heads(NAMES[:2])
    assert isinstance(heads[NAMES[0]], Unreadable)
    assert f"HEAD of {NAMES[0]}" in str(heads[NAMES[0]])
    assert heads[NAMES[1]] == table.ledger.head(NAMES[1])
    records = table.ledger.read_deployments([(name, "one") for name in NAMES[:2]])
    assert isinstance(records[NAMES[0], "one"], Unreadable)
    assert records[NAMES[1], "one"] == table.ledger.deployment(NAMES[1], "one")
