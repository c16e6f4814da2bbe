"""What Slipway's functions reply about a service that has been through something: real replies."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any

import pytest

from cli.package.dependencies import locked
from embedded.services.ecs import Crash
from tests.dialect.account import BY_HAND, SERVICE
from tests.dialect.rehearsed import RehearsedAccount, rehearsed

LOG = ("Booting worker with pid: 8", "KeyError: 'DATABASE_URL'")
PLAN = {"service": SERVICE, "by": "slipway", "why": "a plan", "plan": True}
Replies = dict[str, Any]


def eventful(factory: pytest.TempPathFactory) -> Replies:
    """Of a service: one push is live, the next one crashed, and one waits behind a hold.

    The first process of the tests to ask for it plays it, the others wait.
    """
    mine = factory.getbasetemp()
    root = mine.parent if "PYTEST_XDIST_WORKER" in os.environ else mine
    kept = root / "eventful.json"
    with locked(root / "eventful.lock"):
        if not kept.exists():
            kept.write_text(json.dumps(_played()), "utf-8")
    return dict(json.loads(kept.read_text("utf-8")))


def _played() -> Replies:
    with rehearsed() as account:
        for tag in ("aaa1111", "bbb2222"):
            account.settle(SERVICE, account.push(tag))
        account.breaks("bad0000", Crash(exit_code=1, after=3, logs=LOG))
        account.settle(SERVICE, account.push("bad0000"))
        account.invoke("hold", {"service": SERVICE, **BY_HAND})
        account.push("ccc3333")
        account.advance(60)
        return _kept(account)


def answering(replies: Replies) -> Callable[[str, dict[str, Any]], Any]:
    """The functions that give these replies, and refuse all else."""

    def answer(function: str, payload: dict[str, Any]) -> Any:
        return replies.get(_key(function, payload), {"error": "nobody expected this question"})

    return answer


def of_status(replies: Replies, status: str) -> str:
    """The id of the newest deployment with that status."""
    records = replies[_key("status", {"service": SERVICE, "now": True})]["deployments"]
    return next(str(one["deployment"]) for one in records if one["status"] == status)


def _kept(account: RehearsedAccount) -> Replies:
    now = account.invoke("status", {"service": SERVICE, "now": True})
    asked: list[tuple[str, dict[str, Any]]] = [
        ("status", {"board": True}),
        ("status", {"stats": True, "days": 30}),
        ("status", {"service": SERVICE, "now": True}),
        ("status", {"service": SERVICE, "board": True}),
        *(("status", {"deployment": one["deployment"]}) for one in now["deployments"]),
        ("rollback", PLAN),
        *(
            ("rollback", {**PLAN, "to": one["deployment"]})
            for one in now["deployments"]
            if one["proven"]
        ),
    ]
    return {_key(*question): account.invoke(*question) for question in asked}


def _key(function: str, payload: dict[str, Any]) -> str:
    return f"{function} {json.dumps(payload, sort_keys=True)}"
