"""The stack was rolled back: what the newer release began is left as it is until it is back."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.model.stored import NEWEST
from tests.dialect.account import BY_HAND, FAMILY, SERVICE
from tests.dialect.rehearsed import RehearsedAccount, rehearsed

ASKED = {"service": SERVICE, **BY_HAND}
# How a newer release's items differ: they carry a number, a field that is new, or both.
NEWER: dict[str, dict[str, Any]] = {
    "a newer schema": {"schema": {"N": str(NEWEST + 1)}},
    "and a new field": {"schema": {"N": str(NEWEST + 1)}, "unheard": {"S": "of"}},
    "a new field alone": {"unheard": {"S": "of"}},
}
WRITES = {
    "ecs:RegisterTaskDefinition",
    "ecs:UpdateService",
    "ecs:StopServiceDeployment",
    "dynamodb:TransactWriteItems",
    "sns:Publish",
}


def _rewritten(account: RehearsedAccount, more: dict[str, Any], *, heads: bool = True) -> None:
    """The items as if a newer release had written them."""
    for item in account.stored():
        if heads or item["sk"]["S"] != "HEAD":
            account.client("dynamodb").put_item(TableName=account.table, Item={**item, **more})


def _back(account: RehearsedAccount, more: dict[str, Any]) -> None:
    """The newer release is back, and reads what it wrote."""
    for item in account.stored():
        known = {name: value for name, value in item.items() if name not in more}
        account.client("dynamodb").put_item(TableName=account.table, Item=known)


def _sweep(account: RehearsedAccount) -> list[tuple[str, str]]:
    return [(swept["outcome"], swept["service"]) for swept in account.sweep()]


@pytest.mark.parametrize("newer", NEWER.values(), ids=NEWER)
def test_what_a_newer_release_began_is_left_as_it_is_and_ends_well_when_it_is_back(
    newer: dict[str, Any],
) -> None:
    with rehearsed() as account:
        digest = account.push("abc1234")
        account.until_told("IN_PROGRESS", "abc1234")
        _rewritten(account, newer)
        before, calls, told = account.stored(), len(account.calls), len(account.notices())

        account.push("def5678")
        account.advance(600)
        assert ("failed", SERVICE) in _sweep(account)
        for function, payload in (
            ("status", {"service": SERVICE}),
            ("deploy", {**ASKED, "image": "0a1b2c3"}),
            ("rollback", ASKED),
        ):
            error = account.invoke(function, payload)["error"]
            assert "release of Slipway" in error
            assert error.endswith("Ask again in a minute.")
        assert account.stored() == before
        assert WRITES & set(account.calls[calls:]) == set()
        assert len(account.notices()) == told
        assert {function for function, _ in account.failures} >= {"watch", "on_image_push"}

        _back(account, newer)
        assert account.settle(SERVICE, digest)["status"] == "SUCCESSFUL"
        assert account.told("abc1234") == ["IN_PROGRESS", "SUCCESSFUL"]
        assert account.revision() == f"{FAMILY}:2"


def test_a_push_goes_live_over_a_deployment_that_only_the_newer_release_can_read() -> None:
    """HEAD uses nothing new, so the service is not blocked."""
    newer = NEWER["and a new field"]
    with rehearsed() as account:
        first = account.push("abc1234")
        account.until_told("IN_PROGRESS", "abc1234")
        _rewritten(account, newer, heads=False)
        (record,) = [item for item in account.stored() if item["sk"]["S"] != "HEAD"]
        account.advance(60)
        account.push("def5678")
        account.until(
            lambda: any("def5678 is live" in notice["subject"] for notice in account.notices())
        )
        assert account.revision() == f"{FAMILY}:3"
        assert record in account.stored()

        _back(account, newer)
        assert account.settle(SERVICE, first)["status"] in {"SUPERSEDED", "SUCCESSFUL"}
        assert account.revision() == f"{FAMILY}:3"


def test_every_read_of_the_table_in_a_deployments_life_is_consistent() -> None:
    """Only an index has no consistent reads, and only keys are taken from it."""
    with rehearsed() as account:
        seen: list[Any] = []
        account.permissions.handlers.append(seen.append)
        account.settle(SERVICE, account.push("abc1234"))
        account.rollback()
        account.advance(600)
        _sweep(account)
        account.deployments(SERVICE)
        reads = [call for call in seen if call.operation in {"GetItem", "Query"}]
        assert {call.operation for call in reads} == {"GetItem", "Query"}
        for call in reads:
            found = call.parameters
            assert found.get("ConsistentRead", False) is ("IndexName" not in found), found
