"""moto's DynamoDB without its detours: what a write or a query costs does not grow with the table.

moto copies the whole table before every transaction, and sorts the whole table for every query.
Here a transaction keeps the items that it writes, and a query sorts the items of its key. What they
answer is moto's own.
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from moto.dynamodb import models
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import DynamoType, Item
from moto.dynamodb.models.table import Table


@contextmanager
def without_detours() -> Iterator[None]:
    """Within the block, moto's DynamoDB takes the short way."""
    write, query = DynamoDBBackend.transact_write_items, Table.query

    def transact_write_items(self: DynamoDBBackend, transact_items: list[dict[str, Any]]) -> None:
        kept = [_kept(self, operation) for one in transact_items for operation in one.values()]
        try:
            write(self, transact_items)
        except Exception:
            for partition, sort, item in kept:
                partition.pop(sort, None)
                if item is not None:
                    partition[sort] = item
            raise

    signature = inspect.signature(query)

    def short_query(self: Table, *arguments: Any, **named: Any) -> Any:
        found = _of_key(self, signature.bind(self, *arguments, **named).arguments)
        self.all_items = lambda: found  # type: ignore[method-assign]
        try:
            return query(self, *arguments, **named)
        finally:
            del self.all_items

    with ExitStack() as patches:
        shallow = SimpleNamespace(**{**vars(copy), "deepcopy": _deep_but_for_tables})
        patches.enter_context(patch.object(models, "copy", shallow))
        patches.enter_context(
            patch.object(DynamoDBBackend, "transact_write_items", transact_write_items)
        )
        patches.enter_context(patch.object(Table, "query", short_query))
        yield


def _deep_but_for_tables(value: Any) -> Any:
    return value if isinstance(value, Table) else copy.deepcopy(value)


def _kept(backend: DynamoDBBackend, operation: dict[str, Any]) -> tuple[Any, Any, Item | None]:
    """The partition that an operation writes to, the sort key, and the item as it is now."""
    table = backend.get_table(operation["TableName"])
    key = operation.get("Item") or operation["Key"]
    partition = table.items[DynamoType(key[table.hash_key_attr])]
    sort = DynamoType(key[table.range_key_attr])
    return partition, sort, copy.deepcopy(partition.get(sort))


def _of_key(table: Table, asked: dict[str, Any]) -> list[Item]:
    if not asked.get("index_name"):
        return list(table.items.get(asked["hash_key"], {}).values())
    conditions = asked["hash_key_conditions"]
    return [
        item
        for partition in table.items.values()
        for item in partition.values()
        if all(name in item.attrs and item.attrs[name] == value for name, value in conditions)
    ]
