"""moto's DynamoDB answers the same when it is made fast."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from embedded.services.dynamodb import Lagging, without_detours
from rehearsal import account
from rehearsal.account import TABLE

KEYS = [("a", "1"), ("a", "2"), ("b", "1")]


@pytest.fixture(params=[nullcontext, without_detours], ids=["moto's way", "the short way"])
def table(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with mock_aws(), request.param():
        account.set_up()
        made = boto3.resource("dynamodb", region_name="us-west-2").Table(TABLE)
        for pk, sk in KEYS:
            made.put_item(Item={"pk": pk, "sk": sk, "deployment": pk + sk, "open": "OPEN"})
        yield made


def test_a_transaction_that_is_refused_writes_nothing(table: Any) -> None:
    put = {"TableName": TABLE, "ConditionExpression": "attribute_not_exists(pk)"}
    with pytest.raises(ClientError, match="ConditionalCheckFailed"):
        table.meta.client.transact_write_items(
            TransactItems=[
                {"Put": {"TableName": TABLE, "Item": {"pk": "a", "sk": "1", "new": True}}},
                {"Put": {"TableName": TABLE, "Item": {"pk": "c", "sk": "1"}}},
                {"Put": put | {"Item": {"pk": "b", "sk": "1"}}},
            ]
        )
    items = table.scan()["Items"]
    assert sorted((item["pk"], item["sk"]) for item in items) == KEYS
    assert not any("new" in item for item in items)


def test_a_transaction_that_is_taken_writes_everything(table: Any) -> None:
    table.meta.client.transact_write_items(
        TransactItems=[
            {"Put": {"TableName": TABLE, "Item": {"pk": "c", "sk": str(number)}}}
            for number in range(2)
        ]
    )
    assert table.scan()["Count"] == 5


def test_a_query_finds_the_items_of_its_key_in_order(table: Any) -> None:
    asked = {
        "KeyConditionExpression": "pk = :pk",
        "ExpressionAttributeValues": {":pk": "a"},
        "ScanIndexForward": False,
    }
    assert [item["sk"] for item in table.query(**asked)["Items"]] == ["2", "1"]


@pytest.mark.parametrize(
    ("index", "name", "value", "found"),
    [("by-deployment", "deployment", "b1", KEYS[2:]), ("open", "open", "OPEN", KEYS)],
)
def test_a_query_of_an_index_finds_what_has_its_key(
    table: Any, index: str, name: str, value: str, found: list[tuple[str, str]]
) -> None:
    answer = table.query(
        IndexName=index,
        KeyConditionExpression="#name = :value",
        ExpressionAttributeNames={"#name": name},
        ExpressionAttributeValues={":value": value},
    )
    assert sorted((item["pk"], item["sk"]) for item in answer["Items"]) == found


class _Clock:
    time = datetime(2026, 3, 2, tzinfo=UTC)

    def now(self) -> datetime:
        return self.time


def _put(table: Any, **attributes: Any) -> None:
    item = {"pk": "a", "sk": "1", **attributes}
    table.meta.client.transact_write_items(
        TransactItems=[{"Put": {"TableName": TABLE, "Item": item}}]
    )


def _open(table: Any) -> set[int]:
    """The numbers of items that the index shows, in a hundred queries."""
    asked = {
        "IndexName": "open",
        "KeyConditionExpression": "#name = :value",
        "ExpressionAttributeNames": {"#name": "open"},
        "ExpressionAttributeValues": {":value": "OPEN"},
    }
    return {table.query(**asked)["Count"] for _ in range(100)}


def test_an_index_lags_behind_the_table_which_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    clock = _Clock()
    with mock_aws(), without_detours(Lagging(clock.now, 5, "a test")):
        account.set_up()
        table = boto3.resource("dynamodb", region_name="us-west-2").Table(TABLE)
        _put(table, open="OPEN")
        clock.time += timedelta(seconds=1)
        assert _open(table) == {0, 1}
        assert table.get_item(Key={"pk": "a", "sk": "1"})["Item"]["open"] == "OPEN"
        clock.time += timedelta(seconds=4)
        assert _open(table) == {1}
        _put(table)
        clock.time += timedelta(seconds=2)
        assert _open(table) == {0, 1}
        clock.time += timedelta(seconds=3)
        assert _open(table) == {0}
