"""The account of a rehearsal: Slipway's table and its topic, and the clients of people."""

from __future__ import annotations

from functools import cache
from typing import Any

import boto3

from example.conflicto import REGION

TABLE = "ledger"


@cache
def client(service: str) -> Any:
    """A person's client. All rehearsals share it: making one costs a hundred times a call."""
    return boto3.Session().client(service, region_name=REGION)  # type: ignore[call-overload]


def set_up() -> str:
    """Make the table and the topic; returns the topic's ARN."""
    dynamodb = client("dynamodb")
    dynamodb.create_table(
        TableName=TABLE,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[_key("pk", "HASH"), _key("sk", "RANGE")],
        AttributeDefinitions=[
            {"AttributeName": name, "AttributeType": "S"}
            for name in ("pk", "sk", "open", "deployment")
        ],
        GlobalSecondaryIndexes=[
            _index("open", _key("open", "HASH"), _key("sk", "RANGE")),
            _index("by-deployment", _key("deployment", "HASH")),
        ],
    )
    return str(client("sns").create_topic(Name="slipway-dev-notices")["TopicArn"])


def _key(name: str, kind: str) -> dict[str, str]:
    return {"AttributeName": name, "KeyType": kind}


def _index(name: str, *keys: dict[str, str]) -> dict[str, Any]:
    return {
        "IndexName": name,
        "KeySchema": list(keys),
        "Projection": {"ProjectionType": "KEYS_ONLY"},
    }
