"""What Slipway reads of its ledger: requests, items and read units, as DynamoDB counts them."""

from __future__ import annotations

import copy
import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

from botocore.awsrequest import AWSResponse
from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models.dynamo_type import DynamoType, Item

from example.conflicto import ACCOUNT, REGION
from rehearsal.account import TABLE
from rehearsal.wire import WIRE, Attempt

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
    """Count what Slipway, in this process, reads within the block."""
    reads = Reads()
    line = WIRE.line

    def counting(attempt: Attempt) -> AWSResponse:
        answer = line(attempt)
        if attempt.service == "dynamodb" and attempt.operation in _READS:
            _count(reads, attempt.parameters, json.loads(answer.content))
        return answer

    with patch.object(WIRE, "line", counting):
        yield reads


def _count(reads: Reads, asked: dict[str, Any], answer: dict[str, Any]) -> None:
    reads.requests += 1
    if "RequestItems" in asked:
        for table, keys in asked["RequestItems"].items():
            share = 1.0 if keys.get("ConsistentRead") else 0.5
            items = answer["Responses"].get(table, [])
            reads.items += len(items)
            # "BatchGetItem": each item is rounded up by itself, and a key without one is read too.
            missing = len(keys["Keys"]) - len(items)
            reads.units += (sum(map(_units, items)) + missing) * share
        return
    items = answer.get("Items", [answer["Item"]] if "Item" in answer else [])
    share = 1.0 if asked.get("ConsistentRead") else 0.5
    reads.items += answer.get("ScannedCount", len(items))
    reads.units += _units(*items) * share


def _units(*items: Any) -> int:
    return max(1, math.ceil(sum(len(json.dumps(item)) for item in items) / _UNIT))


def fill(service: str, records: int) -> None:
    """Give a service so many closed records: copies of its newest record, each older than the last.

    They go straight into moto's table: 100,000 writes through the API would take minutes.
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


def copy_to(service: str, other: str) -> None:
    """Give another service the HEAD and the records of a service, straight in moto's table."""
    table = dynamodb_backends[ACCOUNT][REGION].tables[TABLE]
    table.items[_text(other)] = {
        key: _of(item, other) for key, item in table.items[_text(service)].items()
    }


def _of(item: Item, service: str) -> Item:
    found = copy.copy(item)
    found.hash_key = _text(service)
    found.attrs = dict(item.attrs) | {"pk": _text(service), "service": _text(service)}  # type: ignore[assignment]
    return found


def _text(value: str) -> DynamoType:
    return DynamoType({"S": value})
