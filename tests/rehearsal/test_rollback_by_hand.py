"""A person rolls a service back."""

from __future__ import annotations

import pytest

from embedded.services.ecs import Crash
from tests.dialect.account import FAMILY, SERVICE
from tests.dialect.rehearsed import NO_BREAKER, rehearsed

BAD = "bad0000"


def test_a_rollback_by_hand_goes_back_and_back_again() -> None:
    with rehearsed() as account:
        for build in ("aaa1111", "bbb2222"):
            account.settle(SERVICE, account.push(build))
            account.advance(60)
        first = account.rollback()
        account.advance(120)
        answered = account.invoke("status", {"deployment": first["deployment"]})
        assert answered["deployments"][0]["status"] == "SUCCESSFUL"
        assert account.revision() == f"{FAMILY}:2"
        account.rollback()
        account.advance(120)
        assert account.revision() == f"{FAMILY}:1"
        assert "no proven revision from before" in account.rollback()["error"]


def test_a_rollback_skips_what_a_rollback_left() -> None:
    with rehearsed() as account:
        for build in ("aaa1111", "bbb2222"):
            account.settle(SERVICE, account.push(build))
            account.advance(60)
        account.rollback(hold=False)  # leaves bbb2222 (revision 3), back on aaa1111 (revision 2)
        account.advance(120)
        account.settle(SERVICE, account.push("ccc3333"))
        account.rollback()
        account.advance(120)
        assert account.revision() == f"{FAMILY}:2"


def test_after_an_automatic_rollback_a_rollback_by_hand_says_already_back() -> None:
    with rehearsed() as account:
        account.settle(SERVICE, account.push("aaa1111"))
        account.breaks(BAD, Crash())
        account.settle(SERVICE, account.push(BAD))
        assert f"already back on {FAMILY}:2" in account.rollback()["error"]


@pytest.mark.parametrize("form", ["deployment", "revision", "tag", "digest"])
def test_a_rollback_takes_to_in_every_form(form: str) -> None:
    with rehearsed() as account:
        wanted = account.settle(SERVICE, account.push("aaa1111"))
        account.settle(SERVICE, account.push("bbb2222"))
        account.rollback(to=wanted[form])
        account.advance(120)
        assert account.revision() == wanted["revision"]


def test_an_inactive_revision_is_registered_again_as_a_copy() -> None:
    with rehearsed() as account:
        wanted = account.settle(SERVICE, account.push("aaa1111"))
        account.settle(SERVICE, account.push("bbb2222"))
        account.client("ecs").deregister_task_definition(taskDefinition=wanted["revision"])
        account.rollback(to="aaa1111")
        account.advance(120)
        assert account.revision() == f"{FAMILY}:4"
        (image,) = account.images(f"{FAMILY}:4")
        assert image.endswith(wanted["digest"])


def test_a_rollback_while_a_deployment_is_open_stops_it_and_returns_its_id() -> None:
    with rehearsed() as account:
        digest = account.push("abc1234")
        account.advance(10)
        reply = account.rollback()
        record = account.settle(SERVICE, digest)
        assert reply["deployment"] == record["deployment"]
        assert record["status"] == "ROLLBACK_SUCCESSFUL"
        assert "stopped by hand by a test: to see" in record["reason"]
        assert account.running() == [f"{FAMILY}:1"] * 2


def test_without_a_rollback_target_nothing_is_stopped_by_hand_either() -> None:
    with rehearsed(**NO_BREAKER) as account:
        refused = account.rollback(to="nothing")
        assert "has not met" in refused["error"]
