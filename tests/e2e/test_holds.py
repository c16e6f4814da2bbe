"""Bad but healthy at night, as it will run on AWS: plain invocations of the packaged functions."""

from __future__ import annotations

from functools import partial

from tests.dialect.account import BY_HAND, FAMILY, SERVICE
from tests.dialect.packaged import Packaged, PackagedAccount


def _has(account: PackagedAccount, tag: str, status: str) -> bool:
    return (tag, status) in [(one["tag"], one["status"]) for one in account.deployments(SERVICE)]


def test_a_rollback_holds_and_the_next_push_goes_live_with_a_release(packaged: Packaged) -> None:
    with packaged() as account:
        for tag in ("aaa1111", "bad0000"):
            account.push(tag)
            assert account.until(partial(_has, account, tag, "SUCCESSFUL"))
        assert account.rollback(why="wrong prices")["status"] == "IN_PROGRESS"
        assert account.until(lambda: account.revision() == f"{FAMILY}:2")
        account.push("ccc3333")
        assert account.until(partial(_has, account, "ccc3333", "HELD"))
        account.until_quiet()
        held = account.deployments(SERVICE)[0]
        assert account.invoke("status", {"service": SERVICE})["holds"][0]["why"] == "wrong prices"
        released = {"deployment": held["deployment"], **BY_HAND}
        assert account.invoke("release", released)["status"] == "PENDING"
        assert account.until(partial(_has, account, "ccc3333", "SUCCESSFUL"))
        account.until_quiet()
        assert account.revision() == f"{FAMILY}:4"
        assert account.invoke("hold", {"service": SERVICE, **BY_HAND})["held"] == ""
        account.push("ddd4444")
        assert account.until(partial(_has, account, "ddd4444", "HELD"))
        assert account.failed() == []
