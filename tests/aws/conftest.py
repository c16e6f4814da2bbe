"""The ledger's table on the embedded DynamoDB, ECS' endpoint, and every request on its way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from unittest.mock import patch

import botocore.endpoint
import pytest
from botocore.awsrequest import AWSResponse
from moto import mock_aws

from chalicelib.aws.ledger import DynamoLedger
from embedded.services.dynamodb import without_detours
from rehearsal import account
from rehearsal.account import TABLE
from rehearsal.wire import Attempt, wired
from tests.aws.endpoint import Endpoint
from tests.fixtures.stored import Item

Answer = Callable[[Attempt], AWSResponse]


@dataclass
class Table:
    """The table as it is stored, and the way to it: `answers` are given in turn, then moto's."""

    ledger: DynamoLedger
    answers: list[Answer] = field(default_factory=list)
    sent: list[Attempt] = field(default_factory=list)

    def line(self, attempt: Attempt) -> AWSResponse:
        self.sent.append(attempt)
        return self.answers.pop(0)(attempt) if self.answers else attempt.perform()

    def put(self, item: Item) -> None:
        account.client("dynamodb").put_item(TableName=TABLE, Item=item)

    def get(self, service: str, sort: str) -> Item | None:
        key = {"pk": {"S": service}, "sk": {"S": sort}}
        answer = account.client("dynamodb").get_item(TableName=TABLE, Key=key)
        item: Item | None = answer.get("Item")
        return item

    def all(self) -> list[Item]:
        return list(account.client("dynamodb").scan(TableName=TABLE)["Items"])


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> Iterator[Table]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-west-2")
    made = Table(DynamoLedger(TABLE, 400))
    no_time = SimpleNamespace(sleep=lambda _: None)
    with (
        mock_aws(),
        without_detours(),
        patch.object(botocore.endpoint, "time", no_time),
        wired(made.line, str),
    ):
        account.set_up()
        yield made


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[Endpoint]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-west-2")
    made = Endpoint()
    no_time = SimpleNamespace(sleep=lambda _: None)
    with patch.object(botocore.endpoint, "time", no_time), wired(made.line, str):
        yield made
