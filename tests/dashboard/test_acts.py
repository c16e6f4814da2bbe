"""Acts: what is done is what the plan said, once, and in the name of the person."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from chalicelib.errors import Refused
from cli.dashboard.acts import Acts, Confirmed, Plan, Wanted
from tests.dashboard.scripted import SAM, Scripted, stages
from tests.dialect.account import FAMILY, FIRST_TAG, SERVICE
from tests.dialect.rehearsed import RehearsedAccount, rehearsed

AT = "2026-12-01T10:00:00+00:00"
PROVEN: list[dict[str, Any]] = [
    {"revision": f"{FAMILY}:{number}", "tag": tag, "first": AT, "cause": "push"}
    for number, tag in ((3, "bad0000"), (2, "aaa1111"), (1, FIRST_TAG))
]
PROVEN[0]["runs"] = True


def planned(would: str, goes_to: str) -> dict[str, Any]:
    """What `rollback` replies to a plan."""
    [tag] = [str(one["tag"]) for one in PROVEN if one["revision"] == goes_to]
    return {
        "service": SERVICE,
        "would": would,
        "from": PROVEN[0],
        "revision": goes_to,
        "tag": tag,
        "proven": PROVEN,
    }


def slipway(function: str, payload: dict[str, Any]) -> dict[str, Any]:
    """The functions of a service that runs revision 3, on which nothing is held."""
    if function == "status":
        return {"at": AT, "board": [{"service": SERVICE, "under_way": []}]}
    if not payload.get("plan"):
        return {"deployment": "d-1", "status": "IN_PROGRESS", "holds": [], "service": SERVICE}
    goes_to = payload.get("to", f"{FAMILY}:2")
    return planned("nothing" if goes_to == f"{FAMILY}:3" else "deploy", goes_to)


@pytest.fixture
def functions() -> Scripted:
    return Scripted(slipway)


@pytest.fixture
def acts(functions: Scripted) -> Acts:
    return Acts(stages(dev=functions))


def acts_on(account: RehearsedAccount) -> Acts:
    return Acts(stages(dev=Scripted(account.invoke)))


def wanted(act: str, to: str = "", stage: str = "dev") -> Wanted:
    return Wanted.model_validate({"stage": stage, "act": act, "service": SERVICE, "to": to})


def confirmed(plan: Plan, **more: Any) -> Confirmed:
    return Confirmed(plan=plan.id, why="wrong prices", **more)


# On Slipway itself, rehearsed


def live(account: RehearsedAccount, *tags: str) -> None:
    for tag in tags:
        account.settle(SERVICE, account.push(tag))


def held(account: RehearsedAccount, tag: str) -> str:
    """Push an image that is held; its deployment."""
    digest = account.push(tag)
    account.advance(60)
    [record] = [one for one in account.records() if one["digest"] == digest]
    assert record["status"] == "HELD"
    return str(record["id"])


def test_a_push_after_the_plan_does_not_change_where_the_rollback_goes() -> None:
    with rehearsed() as account:
        acts = acts_on(account)
        live(account, "aaa1111", "bad0000")
        plan = acts.plan(wanted("rollback"))
        assert [(one.version, one.chosen, one.note) for one in plan.choices] == [
            ("bad0000", False, "runs now"),
            ("aaa1111", True, ""),
            (FIRST_TAG, False, ""),
        ]
        live(account, "ccc3333")
        first, second = (acts.do(confirmed(plan))[2] for _ in range(2))
        account.advance(300)
        assert account.revision() == f"{FAMILY}:2"
        assert first == second, "the second click changes nothing"
        assert [one["cause"] for one in account.records()].count("rollback") == 1


def test_a_release_lets_go_what_its_plan_showed_and_never_anything_else() -> None:
    with rehearsed() as account:
        acts = acts_on(account)
        acts.do(confirmed(acts.plan(wanted("hold")), until="4h"))
        held(account, "ccc3333")
        early = acts.plan(wanted("release"))
        assert early.lines[-1] == "The holds would end, and ccc3333 would be deployed."
        deployment = held(account, "ddd4444")
        with pytest.raises(Refused):
            acts.do(confirmed(early))
        _, words, released = acts.do(confirmed(acts.plan(wanted("release"))))
        assert released == deployment
        assert any("is PENDING" in line for line in words)
        account.advance(300)
        assert account.records()[-1]["status"] == "SUCCESSFUL"


def test_what_is_held_can_be_refused() -> None:
    with rehearsed() as account:
        acts = acts_on(account)
        acts.do(confirmed(acts.plan(wanted("hold"))))
        held(account, "ccc3333")
        plan = acts.plan(wanted("drop"))
        assert plan.lines[-1] == "The holds would end, and ccc3333 would be refused."
        acts.do(confirmed(plan))
        assert account.records()[-1]["status"] == "REFUSED"


# What is sent


def test_a_plan_changes_nothing(functions: Scripted, acts: Acts) -> None:
    for act in ("rollback", "hold"):
        acts.plan(wanted(act))
    assert functions.changes == []


def test_a_rollback_names_the_revision_the_person_and_the_reason(
    functions: Scripted, acts: Acts
) -> None:
    plan = acts.plan(wanted("rollback"))
    assert any("goes to" in line and "aaa1111" in line for line in plan.lines)
    _, words, _ = acts.do(confirmed(plan, until="4h"))
    [(function, payload)] = functions.changes
    assert (function, words) == ("rollback", ["d-1 is IN_PROGRESS"])
    assert payload == {
        "service": SERVICE,
        "to": f"{FAMILY}:2",
        "by": SAM,
        "why": "wrong prices",
        "key": plan.key,
    }


def test_a_rollout_that_is_under_way_is_stopped_and_no_revision_is_named() -> None:
    functions = Scripted(lambda *_: planned("stop", f"{FAMILY}:2"))
    plan = Acts(stages(dev=functions)).plan(wanted("rollback"))
    assert (plan.heading, plan.button) == (
        f"Stop the rollout and roll back {SERVICE}",
        "Stop and roll back",
    )
    assert "to" not in plan.payload
    assert plan.choices == ()


def test_another_choice_makes_a_plan_of_its_own(acts: Acts) -> None:
    plan = acts.plan(wanted("rollback", to=f"{FAMILY}:1"))
    assert [one.version for one in plan.choices if one.chosen] == [FIRST_TAG]
    assert plan.payload["to"] == f"{FAMILY}:1"


def test_a_second_click_sends_the_same_key(functions: Scripted, acts: Acts) -> None:
    plan = acts.plan(wanted("rollback"))
    for _ in range(2):
        acts.do(confirmed(plan))
    assert [payload["key"] for _, payload in functions.changes] == [plan.key] * 2


def test_two_plans_of_the_same_act_have_keys_of_their_own(acts: Acts) -> None:
    assert acts.plan(wanted("rollback")).key != acts.plan(wanted("rollback")).key


def test_a_plan_that_slipway_would_refuse_cannot_be_done(functions: Scripted, acts: Acts) -> None:
    plan = acts.plan(wanted("rollback", to=f"{FAMILY}:3"))
    assert not plan.may
    assert any("would change nothing" in line for line in plan.lines)
    with pytest.raises(Refused, match="look at a new one"):
        acts.do(confirmed(plan))
    assert functions.changes == []


def test_a_plan_that_is_not_known_any_more_cannot_be_done(functions: Scripted, acts: Acts) -> None:
    plan = acts.plan(wanted("rollback"))
    for _ in range(100):
        acts.plan(wanted("hold"))
    with pytest.raises(Refused, match="This plan is too old"):
        acts.do(confirmed(plan))
    with pytest.raises(Refused, match="This plan is too old"):
        acts.do(Confirmed(plan="0" * 32, why="to see"))
    assert functions.changes == []


def test_a_hold_keeps_its_end(functions: Scripted, acts: Acts) -> None:
    acts.do(confirmed(acts.plan(wanted("hold")), until="4h"))
    [(function, payload)] = functions.changes
    assert (function, payload["until"]) == ("hold", "4h")


@pytest.mark.parametrize(
    ("act", "words"),
    [
        ("release", "Nothing is held"),
        ("drop", "Nothing is held"),
        ("resume", "does not pause"),
        ("back", "does not pause"),
    ],
)
def test_where_nothing_waits_there_is_no_plan(acts: Acts, act: str, words: str) -> None:
    with pytest.raises(Refused, match=words):
        acts.plan(wanted(act))


def test_a_stage_that_is_not_served_cannot_be_reached(acts: Acts, functions: Scripted) -> None:
    with pytest.raises(Refused, match="There is no stage 'prod' here"):
        acts.plan(wanted("rollback", stage="prod"))
    assert functions.calls == []


@pytest.mark.parametrize(
    "body",
    [
        {"plan": "1", "why": ""},
        {"plan": "1", "why": "   "},
        {"plan": "1", "why": "x" * 501},
        {"plan": "1"},
        {"plan": "1", "why": "x", "by": "somebody else"},
        {"plan": "1", "why": "x", "key": "k"},
        {"plan": 1, "why": "x"},
    ],
    ids=str,
)
def test_a_confirmation_has_a_reason_and_nothing_else(body: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Confirmed.model_validate(body)
