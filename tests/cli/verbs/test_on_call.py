"""Bad but healthy at night: why, rollback, the next push held, release, by the command line."""

from __future__ import annotations

from collections.abc import Callable

from tests.cli.verbs.conftest import Slipway
from tests.dialect.account import FAMILY, SERVICE
from tests.dialect.rehearsed import RehearsedAccount


def test_a_bad_but_healthy_push_is_rolled_back_and_the_next_one_waits_for_a_release(
    account: RehearsedAccount, slipway: Slipway, answers: Callable[..., list[str]]
) -> None:
    for tag in ("aaa1111", "bad0000"):
        account.settle(SERVICE, account.push(tag))
    put = answers("", "wrong prices", "")
    assert slipway("rollback", "backend", "--wait") == 0
    assert put == ["Back to which? [2]", "Why?", f"Roll {SERVICE} back? [Y/n]"]
    assert "SUCCESSFUL  aaa1111" in slipway.said
    same = f"slipway rollback {SERVICE} --to {FAMILY}:2 --why 'wrong prices' --yes --stage dev"
    assert f"The same as: {same}\n" in slipway.complained
    assert account.revision() == f"{FAMILY}:2"
    account.push("ccc3333")
    account.advance(60)
    assert slipway("watch", "backend") == 5
    assert "HELD  ccc3333" in slipway.said
    assert slipway("status") == 0
    assert "Ops/sam rolled back by hand" in slipway.said
    answers()
    assert slipway("release", "backend", "--why", "tested", "--yes", "--wait") == 0
    assert account.revision() == f"{FAMILY}:4"
    assert [by for _, by in ((name, payload["by"]) for name, payload in slipway.asked)] == [
        "Ops/sam",
        "Ops/sam",
    ]
