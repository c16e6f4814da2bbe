"""The stack was rolled back: what the newer release began is left as it is until it is back."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.model.stored import NEWEST
from rehearsal.account import TABLE
from tests.rehearsal.conftest import SERVICE, Team

FAMILY = "conflicto-backend-dev"
WHO = {"service": SERVICE, "by": "ann", "why": "a test"}
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


def _stored(t: Team) -> list[dict[str, Any]]:
    found = t.client("dynamodb").scan(TableName=TABLE)["Items"]
    return sorted(found, key=lambda item: str(item["sk"]))


def _rewritten(t: Team, more: dict[str, Any], *, heads: bool = True) -> None:
    """The items as if a newer release had written them."""
    for item in _stored(t):
        if heads or item["sk"]["S"] != "HEAD":
            t.client("dynamodb").put_item(TableName=TABLE, Item={**item, **more})


def _back(t: Team, more: dict[str, Any]) -> None:
    """The newer release is back, and reads what it wrote."""
    for item in _stored(t):
        known = {name: value for name, value in item.items() if name not in more}
        t.client("dynamodb").put_item(TableName=TABLE, Item=known)


def _sweep(t: Team) -> list[tuple[str, str]]:
    tick = {"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}}
    return [(one["outcome"], one["service"]) for one in t.invoke("sweep", tick)["outcomes"]]


@pytest.mark.parametrize("newer", NEWER.values(), ids=NEWER)
def test_what_a_newer_release_began_is_left_as_it_is_and_ends_well_when_it_is_back(team, newer):
    with team() as t:
        digest = t.push("abc1234")
        t.until(lambda: "IN_PROGRESS" in t.told("abc1234"))
        _rewritten(t, newer)
        before, calls, told = _stored(t), len(t.calls), len(t.notices())

        t.push("def5678")
        t.advance(600)
        assert ("failed", SERVICE) in _sweep(t)
        for function, payload in (
            ("status", {"service": SERVICE}),
            ("deploy", {**WHO, "image": "0a1b2c3"}),
            ("rollback", WHO),
        ):
            error = t.invoke(function, payload)["error"]
            assert "release of Slipway" in error
            assert error.endswith("Ask again in a minute.")
        assert _stored(t) == before
        assert WRITES & set(t.calls[calls:]) == set()
        assert len(t.notices()) == told
        assert {function for function, _ in t.failures} >= {"watch", "on_image_push"}

        _back(t, newer)
        assert t.settle(SERVICE, digest)["status"] == "SUCCESSFUL"
        assert t.told("abc1234") == ["IN_PROGRESS", "SUCCESSFUL"]
        assert t.revision() == f"{FAMILY}:2"


def test_a_push_goes_live_over_a_deployment_that_only_the_newer_release_can_read(team):
    """HEAD uses nothing new, so the service is not blocked."""
    newer = NEWER["and a new field"]
    with team() as t:
        first = t.push("abc1234")
        t.until(lambda: "IN_PROGRESS" in t.told("abc1234"))
        _rewritten(t, newer, heads=False)
        (record,) = [item for item in _stored(t) if item["sk"]["S"] != "HEAD"]
        t.advance(60)
        t.push("def5678")
        t.until(lambda: any("def5678 is live" in one["subject"] for one in t.notices()))
        assert t.revision() == f"{FAMILY}:3"
        assert record in _stored(t)

        _back(t, newer)
        assert t.settle(SERVICE, first)["status"] in {"SUPERSEDED", "SUCCESSFUL"}
        assert t.revision() == f"{FAMILY}:3"


def test_every_read_of_the_table_in_a_deployments_life_is_consistent(team):
    """Only an index has no consistent reads, and only keys are taken from it."""
    with team() as t:
        seen: list[Any] = []
        t.permissions.handlers.append(seen.append)
        t.settle(SERVICE, t.push("abc1234"))
        t.invoke("rollback", WHO)
        t.advance(600)
        _sweep(t)
        t.deployments(SERVICE)
        reads = [call for call in seen if call.operation in {"GetItem", "Query"}]
        assert {call.operation for call in reads} == {"GetItem", "Query"}
        for call in reads:
            found = call.parameters
            assert found.get("ConsistentRead", False) is ("IndexName" not in found), found
