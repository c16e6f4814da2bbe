"""DynamoDB operations → IAM needs; a transaction needs what each of its items needs."""

from __future__ import annotations

from collections.abc import Iterator

from embedded.calls.call import Call
from embedded.iam.actions.need import Need, make_arn, unmapped

_TRANSACTED = {
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
    "Get": "GetItem",
}


def needs(call: Call) -> Iterator[Need]:
    p = call.parameters
    match call.operation:
        case "TransactWriteItems" | "TransactGetItems":
            for item in p["TransactItems"]:
                for kind, inner in item.items():
                    table = _table(call, inner["TableName"])
                    yield Need(f"dynamodb:{_TRANSACTED[kind]}", (table,))
        case "BatchGetItem" | "BatchWriteItem":
            tables = tuple(_table(call, name) for name in p["RequestItems"])
            yield Need(f"dynamodb:{call.operation}", tables)
        case "ListTables":
            yield Need("dynamodb:ListTables", ("*",))
        case _ if "TableName" in p:
            table = _table(call, p["TableName"])
            index = p.get("IndexName")
            resource = f"{table}/index/{index}" if index else table
            yield Need(f"dynamodb:{call.operation}", (resource,))
        case _:
            raise unmapped(call)


def _table(call: Call, name: str) -> str:
    return name if name.startswith("arn:") else make_arn(call, "dynamodb", f"table/{name}")
