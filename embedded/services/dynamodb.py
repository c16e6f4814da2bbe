"""moto's DynamoDB, made fast for large tables, and with indexes that may lag.

moto copies the whole table before every transaction, and sorts the whole table for every query.
Here a transaction copies only the items that it writes, and a query sorts only the items of its
key. So their cost does not grow with the table. The answers are moto's.

Documented ("DynamoDB read consistency"): a query of a global secondary index is eventually
consistent. Inferred: by how much (`Lagging`). Reads of the table itself always show the present,
also those that do not ask for consistent reads.
"""

from __future__ import annotations

import copy
import inspect
import random
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from moto.dynamodb import models
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import DynamoType, Item
from moto.dynamodb.models.table import Table

Kept = tuple[dict[DynamoType, Item], DynamoType, Item | None]  # partition, sort key, item before


class Lagging:
    """Indexes that may not show the transactions of the last `seconds` yet."""

    def __init__(self, now: Callable[[], datetime], seconds: float, seed: int | str) -> None:
        self._now = now
        self._span = timedelta(seconds=seconds)
        self._random = random.Random(f"dynamodb {seed}")
        self._log: deque[tuple[datetime, Kept]] = deque()

    def wrote(self, kept: Iterable[Kept]) -> None:
        now = self._now()
        while self._log and self._log[0][0] < now - self._span:
            self._log.popleft()
        self._log.extend((now, item) for item in kept)

    def shown(self, table: Table) -> list[Item]:
        """All items, as one query of an index sees them."""
        moment = self._now() - self._random.random() * self._span
        items = {
            (id(partition), sort): item
            for partition in table.items.values()
            for sort, item in partition.items()
        }
        for at, (partition, sort, before) in reversed(self._log):
            if at <= moment:
                break
            items.pop((id(partition), sort), None)
            if before is not None:
                items[id(partition), sort] = before
        return list(items.values())


@contextmanager
def without_detours(lagging: Lagging | None = None) -> Iterator[None]:
    """Within the block, moto's DynamoDB is fast, and its indexes are `lagging`."""
    write, query = DynamoDBBackend.transact_write_items, Table.query

    def transact_write_items(self: DynamoDBBackend, transact_items: list[dict[str, Any]]) -> None:
        kept = [_kept(self, operation) for entry in transact_items for operation in entry.values()]
        try:
            write(self, transact_items)
        except Exception:
            for partition, sort, item in kept:
                partition.pop(sort, None)
                if item is not None:
                    partition[sort] = item
            raise
        if lagging is not None:
            lagging.wrote(kept)

    signature = inspect.signature(query)

    def short_query(self: Table, *arguments: Any, **named: Any) -> Any:
        found = _of_key(self, signature.bind(self, *arguments, **named).arguments, lagging)
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


def _kept(backend: DynamoDBBackend, operation: dict[str, Any]) -> Kept:
    """The partition that an operation writes to, the sort key, and the item as it is now."""
    table = backend.get_table(operation["TableName"])
    key = operation.get("Item") or operation["Key"]
    partition = table.items[DynamoType(key[table.hash_key_attr])]
    sort = DynamoType(key[table.range_key_attr])
    return partition, sort, copy.deepcopy(partition.get(sort))


def _of_key(table: Table, asked: dict[str, Any], lagging: Lagging | None) -> list[Item]:
    if not asked.get("index_name"):
        return list(table.items.get(asked["hash_key"], {}).values())
    conditions = asked["hash_key_conditions"]
    everything = (item for partition in table.items.values() for item in partition.values())
    return [
        item
        for item in (lagging.shown(table) if lagging else everything)
        if all(name in item.attrs and item.attrs[name] == value for name, value in conditions)
    ]
