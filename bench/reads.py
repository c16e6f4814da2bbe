"""What Slipway reads of its ledger: requests, items and read units, as DynamoDB counts them."""

from __future__ import annotations

import copy
import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import boto3
from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models.dynamo_type import DynamoType, Item

from chalicelib.aws import clients
from local.rehearsal import TABLE
from local.world import ACCOUNT, REGION

_UNIT = 4096  # bytes: "Read consistency", one unit strongly consistent, half of one otherwise
_READS = ("GetItem", "Query", "Scan", "BatchGetItem")


@dataclass
class Reads:
    """`units` are computed from the answers' size as JSON, a little more than DynamoDB counts."""

    requests: int = 0
    items: int = 0
    units: float = 0.0


@contextmanager
def counted() -> Iterator[Reads]:
    """Count what Slipway, in this process, reads within the block: its clients are made anew."""
    reads = Reads()

    def ask(params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
        context["asked"] = json.loads(params["body"])

    def count(parsed: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
        items = parsed.get("Items", [parsed["Item"]] if "Item" in parsed else [])
        size = sum(len(json.dumps(item)) for item in items)
        share = 1.0 if context["asked"].get("ConsistentRead") else 0.5
        reads.requests += 1
        reads.items += parsed.get("ScannedCount", len(items))
        reads.units += max(1, math.ceil(size / _UNIT)) * share

    if boto3.DEFAULT_SESSION is None:
        raise RuntimeError("there is no rehearsal under way")
    events = boto3.DEFAULT_SESSION.events
    clients.forget()
    for name in _READS:
        events.register(f"before-call.dynamodb.{name}", ask)
        events.register(f"after-call.dynamodb.{name}", count)
    try:
        yield reads
    finally:
        for name in _READS:
            events.unregister(f"before-call.dynamodb.{name}", ask)
            events.unregister(f"after-call.dynamodb.{name}", count)
        clients.forget()


def fill(service: str, records: int) -> None:
    """Give a service so many closed records: copies of its newest, each older than the other.

    Straight into moto's table: 100,000 writes through the API would take minutes.
    """
    table = dynamodb_backends[ACCOUNT][REGION].tables[TABLE]
    partition = table.items[_text(service)]
    newest: Item = max(
        (item for item in partition.values() if item.range_key.value.startswith("DEPLOYMENT#")),
        key=lambda item: str(item.range_key.value),
    )
    for number in range(records):
        identity = f"20200101t000000-filler-{number:08}"
        item = copy.copy(newest)
        item.range_key = _text(f"DEPLOYMENT#{identity}")
        changed = {"sk": f"DEPLOYMENT#{identity}", "id": identity, "deployment": identity}
        own = {name: _text(value) for name, value in changed.items()}
        item.attrs = dict(newest.attrs) | own  # type: ignore[assignment]
        partition[item.range_key] = item


def _text(value: str) -> DynamoType:
    return DynamoType({"S": value})
