"""DynamoDB table <-> HEADs and records: implements the flows' `Ledger`.

The key `pk` is CLUSTER/SERVICE, and `sk` is HEAD or DEPLOYMENT#id. A record has the attribute
`deployment` for the index `by-deployment`. While it is open or has unsent notices, it also has the
attribute `open`, for the sparse index of that name. `model/stored.py` lists all other attributes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any, TypeVar

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

from chalicelib.aws.clients import client
from chalicelib.aws.errors import translated
from chalicelib.errors import Unavailable, Unreadable
from chalicelib.model.base import Frozen
from chalicelib.model.changes import changed_head
from chalicelib.model.deployments import Deployment
from chalicelib.model.heads import Head
from chalicelib.model.outcomes import Outlines
from chalicelib.model.stored import read, stored

_HEAD = "HEAD"
_RECORD = "DEPLOYMENT#"
_OPEN = "OPEN"
_KEYS = frozenset({"pk", "sk", "deployment", "open", "expires"})
# What a record needs for its outcome: the fields without a default, and those that the figures use.
_OUTLINE = (
    "pk", "sk", "schema", "id", "service", "status", "cause", "repository", "digest", "image",
    "order", "created", "updated", "applied", "began", "ecs_ended", "succeeded", "closed_at",
    "revision", "goes_to", "return_to",
)  # fmt: skip
_BATCH = 100  # keys of one BatchGetItem
_ANSWERS = 8  # to the keys of one batch; 100 items of 400 KB need three
_write = TypeSerializer().serialize
_read = TypeDeserializer().deserialize
_Model = TypeVar("_Model", bound=Frozen)


class DynamoLedger:
    """The ledger's table. A finished record expires after `retention_days`; a HEAD never does."""

    def __init__(self, table: str, retention_days: int) -> None:
        self._table = table
        self._retention = timedelta(days=retention_days)

    def head(self, service: str) -> Head | None:
        return self._get(Head, service, _HEAD)

    def deployment(self, service: str, deployment: str) -> Deployment | None:
        return self._get(Deployment, service, _RECORD + deployment)

    def read_heads(self, services: Sequence[str]) -> Mapping[str, Head | Unreadable]:
        found = self._get_many(Head, [(service, _HEAD) for service in services])
        return {service: head for (service, _), head in found.items()}

    def read_deployments(
        self, keys: Sequence[tuple[str, str]]
    ) -> Mapping[tuple[str, str], Deployment | Unreadable]:
        wanted = [(service, _RECORD + deployment) for service, deployment in keys]
        found = self._get_many(Deployment, wanted)
        return {(pk, sort.removeprefix(_RECORD)): one for (pk, sort), one in found.items()}

    def service_of(self, deployment: str) -> str | None:
        with translated(f"find the deployment {deployment} in the ledger"):
            answer = client("dynamodb").query(
                TableName=self._table,
                IndexName="by-deployment",
                KeyConditionExpression="deployment = :id",
                ExpressionAttributeValues={":id": _write(deployment)},
                Limit=1,
            )
        return _read(answer["Items"][0]["pk"]) if answer["Items"] else None

    def save(self, head: Head, deployment: Deployment | None = None) -> Head:
        after = changed_head(head, version=head.version + 1)
        puts = [self._put_head(head.version, after)]
        if deployment is not None:
            puts.append({"Put": {"TableName": self._table, "Item": self._record(deployment)}})
        with translated(f"write {head.service} to the ledger"):
            client("dynamodb").transact_write_items(TransactItems=puts)
        return after

    def unfinished(self) -> Sequence[tuple[str, str]]:
        with translated("list the unfinished deployments"):
            pages = (
                client("dynamodb")
                .get_paginator("query")
                .paginate(
                    TableName=self._table,
                    IndexName="open",
                    KeyConditionExpression="#open = :open",
                    ExpressionAttributeNames={"#open": "open"},
                    ExpressionAttributeValues={":open": _write(_OPEN)},
                )
            )
            return [
                (_read(item["pk"]), _read(item["sk"]).removeprefix(_RECORD))
                for page in pages
                for item in page["Items"]
            ]

    def history(self, service: str, limit: int) -> Sequence[Deployment]:
        with translated(f"read the history of {service}"):
            pages = (  # a page ends after a megabyte, whatever the limit is
                client("dynamodb")
                .get_paginator("query")
                .paginate(
                    TableName=self._table,
                    KeyConditionExpression="pk = :service AND begins_with(sk, :records)",
                    ExpressionAttributeValues={
                        ":service": _write(service),
                        ":records": _write(_RECORD),
                    },
                    ScanIndexForward=False,
                    ConsistentRead=True,
                    PaginationConfig={"MaxItems": limit, "PageSize": limit},
                )
            )
            return [_model(Deployment, item) for page in pages for item in page["Items"]]

    def outlines(self, service: str, behind: str, limit: int) -> Outlines:
        # An id has no character before "-", and "!" comes before it: `behind` itself is left out.
        with translated(f"read the outcomes of {service}"):
            answer = client("dynamodb").query(
                TableName=self._table,
                KeyConditionExpression="pk = :service AND sk BETWEEN :behind AND :end",
                ExpressionAttributeValues={
                    ":service": _write(service),
                    ":behind": _write(f"{_RECORD}{behind}!"),
                    ":end": _write(f"{_RECORD}~"),
                },
                ProjectionExpression=", ".join(f"#{name}" for name in _OUTLINE),
                ExpressionAttributeNames={f"#{name}": name for name in _OUTLINE},
                Limit=limit,
            )
        last = _read(answer["LastEvaluatedKey"]["sk"]) if "LastEvaluatedKey" in answer else ""
        records = tuple(_readable(answer["Items"]))
        unreadable = len(answer["Items"]) - len(records)
        behind = last.removeprefix(_RECORD)
        return Outlines(records=records, unreadable=unreadable, behind=behind)

    def _get(self, model: type[_Model], service: str, sort: str) -> _Model | None:
        with translated(f"read {service} from the ledger"):
            answer = client("dynamodb").get_item(
                TableName=self._table,
                Key={"pk": _write(service), "sk": _write(sort)},
                ConsistentRead=True,
            )
        return _model(model, answer["Item"]) if "Item" in answer else None

    def _get_many(
        self, model: type[_Model], keys: Sequence[tuple[str, str]]
    ) -> dict[tuple[str, str], _Model | Unreadable]:
        """Return the models of these (pk, sk); in place of one that is unreadable, its error."""
        unique = list(dict.fromkeys(keys))  # BatchGetItem refuses a key that stands twice
        found: dict[tuple[str, str], _Model | Unreadable] = {}
        for first in range(0, len(unique), _BATCH):
            for item in self._batch(unique[first : first + _BATCH]):
                try:
                    one: _Model | Unreadable = _model(model, item)
                except Unreadable as error:
                    one = error
                found[_read(item["pk"]), _read(item["sk"])] = one
        return found

    def _batch(self, keys: Sequence[tuple[str, str]]) -> list[Mapping[str, Any]]:
        """Return the items of at most 100 keys. API reference, BatchGetItem.

        An answer holds at most 16 MB, and a throttled table answers a part: the other keys are
        asked for again.

        Raises:
            Unavailable: when keys are left after some such answers.
        """
        names = [{"pk": _write(service), "sk": _write(sort)} for service, sort in keys]
        asked: Any = {self._table: {"Keys": names, "ConsistentRead": True}}
        items: list[Mapping[str, Any]] = []
        for _ in range(_ANSWERS):
            with translated("read many services from the ledger"):
                answer = client("dynamodb").batch_get_item(RequestItems=asked)
            items += answer["Responses"].get(self._table, ())
            asked = answer.get("UnprocessedKeys")
            if not asked:
                return items
        raise Unavailable("could not read the ledger yet: it leaves keys unread, again and again")

    def _put_head(self, version: int, after: Head) -> dict[str, Any]:
        put: dict[str, Any] = {
            "TableName": self._table,
            "Item": _item(after, pk=after.service, sk=_HEAD),
            "ConditionExpression": "attribute_not_exists(pk)",
        }
        if version:
            put["ConditionExpression"] = "#version = :version"
            put["ExpressionAttributeNames"] = {"#version": "version"}
            put["ExpressionAttributeValues"] = {":version": _write(version)}
        return {"Put": put}

    def _record(self, deployment: Deployment) -> dict[str, Any]:
        extra: dict[str, Any] = {"deployment": deployment.id}
        if not deployment.finished:
            extra["open"] = _OPEN
        else:
            extra["expires"] = int((deployment.updated + self._retention).timestamp())
        return _item(deployment, pk=deployment.service, sk=_RECORD + deployment.id, **extra)


def _item(model: Frozen, **keys: Any) -> dict[str, Any]:
    """Return the item of a model: its fields, readable in the console, and the table's keys."""
    fields = stored(model)
    if taken := _KEYS & fields.keys():
        raise ValueError(f"{sorted(taken)} are the table's own attributes, not a model's fields")
    return {key: _write(value) for key, value in {**fields, **keys}.items() if value is not None}


def _readable(items: Sequence[Mapping[str, Any]]) -> Iterator[Deployment]:
    for item in items:
        with suppress(Unreadable):
            yield _model(Deployment, item)


def _model(model: type[_Model], item: Mapping[str, Any]) -> _Model:
    fields = {key: _read(value) for key, value in item.items()}
    name = f"{fields['sk']} of {fields['pk']}"
    return read(model, {key: fields[key] for key in fields if key not in _KEYS}, name)
