"""What `slipway doctor` takes from the function `status`: how long deployments really took."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cli.doctor.asking import Asking
from cli.doctor.facts import Measured
from cli.doctor.read_times import measured

SERVICE = "dev/shop"


class Lambda:
    """A client whose function `status` replies with these bytes, or with an error."""

    def __init__(self, reply: bytes = b"", code: str = "", **more: str) -> None:
        self.reply, self.code, self.more = reply, code, more
        self.asked: list[dict[str, Any]] = []

    def invoke(self, **parameters: Any) -> dict[str, Any]:
        self.asked.append(parameters)
        if self.code:
            raise ClientError({"Error": {"Code": self.code, "Message": "no"}}, "Invoke")
        return {"Payload": io.BytesIO(self.reply), **self.more}


def _asking(client: Lambda) -> Asking:
    clients: Callable[[str], Any] = {"lambda": client}.__getitem__
    return Asking(clients)


def _deployment(pulling: float | None, status: str = "SUCCESSFUL") -> dict[str, Any]:
    phases = {} if pulling is None else {"pulling": pulling, "capacity": 4, "starting": 2}
    return {"status": status, "phases": phases}


def _reply(*deployments: dict[str, Any]) -> bytes:
    return json.dumps({"at": "now", "deployments": deployments}).encode()


def test_the_medians_are_those_of_the_last_five_successful_deployments() -> None:
    pulls = [_deployment(seconds) for seconds in (90, 94, 98, 10, 200, 1, 1, 1)]
    failed, old = _deployment(900, "FAILED"), _deployment(None)
    client = Lambda(_reply(failed, old, *pulls))
    found = measured(_asking(client), "dev", SERVICE)
    assert found == Measured(deployments=5, pull=94, start=6)
    (asked,) = client.asked
    assert asked["FunctionName"] == "slipway-dev-status"
    assert json.loads(asked["Payload"]) == {"service": SERVICE}


@pytest.mark.parametrize(
    "client",
    [
        Lambda(_reply()),
        Lambda(_reply(_deployment(None))),
        Lambda(b'{"deployments": [{"status": "SUCCESSFUL"}]}'),  # of an earlier release
        Lambda(b'{"error": "there is no such service"}'),
        Lambda(b"null"),
        Lambda(b"not json"),
        Lambda(b"{}", FunctionError="Unhandled"),
        Lambda(code="ResourceNotFoundException"),
    ],
    ids=["none", "old", "older", "error", "null", "no json", "fault", "no stack"],
)
def test_where_nothing_was_measured_nothing_is_said(client: Lambda) -> None:
    asking = _asking(client)
    assert measured(asking, "dev", SERVICE) is None
    assert asking.notes == []


def test_a_person_who_may_not_ask_is_told() -> None:
    asking = _asking(Lambda(code="AccessDeniedException"))
    assert measured(asking, "dev", SERVICE) is None
    assert asking.notes == ["the times of dev/shop: may not call lambda:InvokeFunction"]
