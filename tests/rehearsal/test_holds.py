"""Holds, freezes and approvals: the next push is stopped, and nobody is surprised at any step."""

from __future__ import annotations

from typing import Any

import pytest

from tests.dialect.account import BY_HAND, FAMILY, SERVICE
from tests.dialect.rehearsed import TARGETS, RehearsedAccount, rehearsed

DAY = 86_400
FROZEN = TARGETS + 'freeze = [{from = "mon 10:00", to = "mon 12:00", why = "the audit"}]\n'
APPROVED = TARGETS + 'approval = "7d"\n'


def ask(account: RehearsedAccount, function: str, **payload: Any) -> dict[str, Any]:
    """Somebody invokes a function about the service, unless the payload names a deployment."""
    whom = {} if "deployment" in payload else {"service": SERVICE}
    return dict(account.invoke(function, {**whom, **BY_HAND, **payload}))


def pushed(account: RehearsedAccount, tag: str) -> dict[str, Any]:
    """The record of a push, two minutes later."""
    digest = account.push(tag)
    account.advance(120)
    return next(one for one in account.deployments(SERVICE) if one["digest"] == digest)


def subjects(account: RehearsedAccount, since: int = 0) -> list[str]:
    return [notice["subject"].partition(": ")[2] for notice in account.notices()[since:]]


def polling(account: RehearsedAccount) -> list[str]:
    """The executions of the state machine that have not ended."""
    executions = account.watchers.executions
    return [name for name, status in executions.items() if status == "RUNNING"]


def test_bad_but_healthy_at_night() -> None:
    """A rollback holds, the next push is held and told, and a release deploys it."""
    with rehearsed() as account:
        account.settle(SERVICE, account.push("aaa1111"))
        account.settle(SERVICE, account.push("bad0000"))  # healthy, but wrong
        heard = len(account.notices())
        assert account.rollback(why="wrong prices")["status"] == "IN_PROGRESS"
        account.advance(120)
        assert account.revision() == f"{FAMILY}:2"
        held = pushed(account, "ccc3333")
        assert held["status"] == "HELD"
        assert held["reason"].endswith("so pushes wait for a release (wrong prices)")
        assert account.revision() == f"{FAMILY}:2"
        assert polling(account) == []
        account.advance(6 * 3600)
        reply = ask(account, "release", deployment=held["deployment"], why="prices are right")
        assert reply["status"] == "PENDING"
        account.advance(120)
        (live,) = [one for one in account.deployments(SERVICE) if one["tag"] == "ccc3333"]
        assert live["status"] == "SUCCESSFUL"
        assert subjects(account, heard) == [
            "going back to aaa1111",
            "pushes are held",
            "back on aaa1111",
            "ccc3333 is held",
            "ccc3333 is being deployed",
            "ccc3333 is live",
        ]


def test_a_persons_hold_stops_pushes_and_never_a_rollback() -> None:
    with rehearsed() as account:
        account.settle(SERVICE, account.push("aaa1111"))
        account.settle(SERVICE, account.push("bbb2222"))
        reply = ask(account, "hold", by="ann", why="load test")
        assert [hold["words"] for hold in reply["holds"]] == ["ann holds pushes (load test)"]
        assert pushed(account, "ccc3333")["status"] == "HELD"
        assert account.rollback()["status"] == "IN_PROGRESS"
        account.advance(120)
        assert account.revision() == f"{FAMILY}:2"
        (still,) = [one for one in account.deployments(SERVICE) if one["tag"] == "ccc3333"]
        assert still["status"] == "HELD"
        ask(account, "release")
        account.advance(120)
        assert account.deployments(SERVICE)[0]["status"] == "SUCCESSFUL"
        assert account.revision() == f"{FAMILY}:4"


def test_a_hold_with_an_end_lets_its_push_go_within_a_minute_and_says_so() -> None:
    with rehearsed() as account:
        ask(account, "hold", until="2h", why="load test")
        assert pushed(account, "aaa1111")["status"] == "HELD"
        calls = len(account.calls)
        account.deliver = False  # no event and no sweep: only the state machine knows
        account.advance(2 * 3600 - 180)
        assert len(account.calls) == calls
        account.advance(120)
        assert account.deployments(SERVICE)[0]["status"] in {"IN_PROGRESS", "SUCCESSFUL"}
        assert "aaa1111 is no longer held" in subjects(account)


def test_a_newer_push_takes_the_place_of_the_one_that_is_held() -> None:
    with rehearsed() as account:
        ask(account, "hold")
        older, newer = pushed(account, "aaa1111"), pushed(account, "bbb2222")
        found = {one["tag"]: one for one in account.deployments(SERVICE)}
        assert found["aaa1111"]["status"] == "SUPERSEDED"
        assert found["aaa1111"]["reason"] == f"a newer deployment is held ({newer['deployment']})"
        assert found["bbb2222"]["status"] == "HELD"
        reply = ask(account, "release", deployment=older["deployment"])
        assert reply["error"].startswith(f"{older['deployment']} is SUPERSEDED, so it was not")
        assert f"held now is {newer['deployment']}" in reply["error"]
        assert ask(account, "release")["deployment"] == newer["deployment"]


def test_what_waits_already_is_held_too() -> None:
    """A foreign rollout is under way, so the push waits when the hold is set."""
    with rehearsed() as account:
        account.client("ecs").update_service(
            cluster="conflicto-dev", service=SERVICE.split("/")[1], forceNewDeployment=True
        )
        digest = account.push("aaa1111")
        account.advance(3)
        ask(account, "hold")
        account.advance(600)
        (record,) = [one for one in account.deployments(SERVICE) if one["digest"] == digest]
        assert record["status"] == "HELD"
        assert account.revision() == f"{FAMILY}:1"


def test_a_freeze_is_never_lifted_by_a_release_and_ends_by_itself() -> None:
    with rehearsed(FROZEN) as account:  # the clock begins on a Monday at 10:00 UTC
        held = pushed(account, "aaa1111")
        assert held["status"] == "HELD"
        assert held["reason"].startswith("frozen from Monday 10:00 to Monday 12:00, UTC (the")
        reply = ask(account, "release", deployment=held["deployment"])
        assert (reply["status"], reply["reason"]) == ("HELD", held["reason"])
        account.advance(2 * 3600)
        assert account.deployments(SERVICE)[0]["status"] == "SUCCESSFUL"
        assert "aaa1111 is no longer held" in subjects(account)


def test_an_override_passes_a_freeze_and_is_recorded() -> None:
    with rehearsed(FROZEN) as account:
        pushed(account, "aaa1111")
        by_hand = {"image": "aaa1111", "why": "the site is down"}
        assert ask(account, "deploy", **by_hand)["status"] == "HELD"
        account.advance(1)
        assert ask(account, "deploy", override=True, **by_hand)["status"] == "IN_PROGRESS"
        account.advance(120)
        assert account.revision() == f"{FAMILY}:2"
        assert {one["status"] for one in account.deployments(SERVICE)} == {
            "SUCCESSFUL",
            "SUPERSEDED",
        }


def test_an_approval_shows_the_plan_and_approves_exactly_one_deployment() -> None:
    with rehearsed(APPROVED) as account:
        held = pushed(account, "aaa1111")
        assert held["status"] == "HELD"
        assert held["reason"].startswith("it waits for an approval until 2026-03-09 10:0")
        assert f"it would register a revision of {FAMILY} from {FAMILY}:1" in held["reason"]
        assert polling(account) == []
        assert ask(account, "release", deployment=held["deployment"])["status"] == "PENDING"
        account.advance(120)
        live = account.deployments(SERVICE)[0]
        assert live["status"] == "SUCCESSFUL"
        assert (live["released"]["by"], live["released"]["why"]) == ("a test", "to see")
        assert pushed(account, "bbb2222")["status"] == "HELD"


def test_an_approval_that_nobody_gives_ends_refused_after_a_reminder_a_day() -> None:
    with rehearsed(APPROVED) as account:
        pushed(account, "aaa1111")
        for _ in range(7):
            account.advance(DAY)
            account.sweep()
        account.sweep()
        record = account.deployments(SERVICE)[0]
        assert (record["status"], record["reason"]) == (
            "REFUSED",
            "nobody approved it in time. Push it again, or deploy it by hand with `override`.",
        )
        assert subjects(account) == [
            "aaa1111 is held",
            *["aaa1111 is held (still)"] * 6,
            "aaa1111 was refused",
        ]


def test_what_is_held_may_be_dropped() -> None:
    with rehearsed() as account:
        ask(account, "hold")
        held = pushed(account, "aaa1111")
        reply = ask(account, "release", deploy="none", by="ann", why="not today")
        assert (reply["deployment"], reply["status"]) == (held["deployment"], "REFUSED")
        assert account.deployments(SERVICE)[0]["reason"] == "released without it by ann: not today"
        account.advance(60)
        account.push("aaa2222", build="aaa1111")  # the same image may be pushed again
        account.advance(120)
        assert account.deployments(SERVICE)[0]["status"] == "SUCCESSFUL"
        assert account.settle(SERVICE, account.push("bbb2222"))["status"] == "SUCCESSFUL"


def test_the_same_key_holds_and_releases_once() -> None:
    with rehearsed() as account:
        first = ask(account, "hold", key="k")
        account.advance(60)
        assert ask(account, "hold", key="k") == first
        held = pushed(account, "aaa1111")
        done = ask(account, "release", deployment=held["deployment"], key="r")
        again = ask(account, "release", deployment=held["deployment"], key="r")
        assert again["deployment"] == done["deployment"] == held["deployment"]
        assert "error" not in again
        assert subjects(account).count("pushes are held") == 1


@pytest.mark.parametrize(
    ("payload", "error"),
    [
        ({"until": "tomorrow"}, "`until`: expected a span like"),
        ({"until": "2020-01-01T00:00:00Z"}, "`until`: expected a moment after now"),
        ({"until": "9000d"}, "`until`: expected a moment after now and within 366 days"),
        ({"untill": "4h"}, "`untill` is not a key of hold; did you mean `until`?"),
        ({"service": "conflicto-dev/nobody"}, "no target is named 'conflicto-dev/nobody'"),
    ],
)
def test_a_hold_that_is_not_understood_is_refused(payload: dict[str, str], error: str) -> None:
    with rehearsed() as account:
        assert ask(account, "hold", **payload)["error"].startswith(error)


def test_a_release_of_nothing_is_refused() -> None:
    with rehearsed() as account:
        account.sweep()
        assert ask(account, "release")["error"] == f"nothing is held on {SERVICE}"
        assert "give either `service`" in account.invoke("release", dict(BY_HAND))["error"]


def test_people_are_reminded_of_a_hold_once_a_day() -> None:
    with rehearsed() as account:
        ask(account, "hold")
        for _ in range(3 * 24):
            account.advance(3600)
            account.sweep()
        assert subjects(account) == ["pushes are held"] * 4
        assert len({notice["attributes"]["notice"] for notice in account.notices()}) == 4


def test_a_hold_that_is_over_leaves_status() -> None:
    with rehearsed() as account:
        ask(account, "hold", until="1h")
        (hold,) = account.invoke("status", {"service": SERVICE})["holds"]
        assert (hold["service"], hold["kind"], hold["why"]) == (SERVICE, "person", BY_HAND["why"])
        account.advance(3600)
        assert "holds" not in account.invoke("status", {"service": SERVICE})
        assert account.sweep()[0]["outcome"] == "hold ended"


def test_the_board_has_one_row_a_service() -> None:
    with rehearsed() as account:
        account.settle(SERVICE, account.push("aaa1111"))
        ask(account, "hold", by="ann", why="load test")
        held = pushed(account, "bbb2222")
        (row,) = account.invoke("status", {"board": True})["board"]
        assert row["service"] == SERVICE
        assert (row["runs"]["tag"], row["runs"]["revision"]) == ("aaa1111", f"{FAMILY}:2")
        assert [one["deployment"] for one in row["under_way"]] == [held["deployment"]]
        assert [one["words"] for one in row["holds"]] == ["ann holds pushes (load test)"]
        assert row["last"]["status"] == "SUCCESSFUL"


def test_a_rollback_that_only_observes_says_why_nothing_was_done() -> None:
    with rehearsed(TARGETS + 'mode = "observe"\n') as account:
        account.sweep()
        reply = account.rollback(to=f"{FAMILY}:1")
        assert reply["status"] == "OBSERVED"
        assert reply["reason"].startswith("would go back to")
        assert "holds" not in account.invoke("status", {"service": SERVICE})
