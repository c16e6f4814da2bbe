"""The timeline of a record: what happened to it, in order."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.explain.timeline import timeline
from chalicelib.model.deployments import Cause, Deployment, Return, Status, ToldNotice
from chalicelib.model.holds import Approval, Held
from tests.fixtures import examples
from tests.fixtures.examples import at

APPLIED = "applied: UpdateService to conflicto-backend-dev:8, from conflicto-backend-dev:7"
RECORDED = "recorded: a push to ECR"


def _told(seconds: float, status: Status, what: str) -> ToldNotice:
    return ToldNotice(at=at(seconds), status=status, subject=f"backend: abc1234 {what}")


def _words(record: Deployment) -> list[str]:
    found = timeline(record)
    assert [entry.at for entry in found] == sorted(entry.at for entry in found)
    return [entry.what for entry in found]


def test_a_push_that_waits_was_only_recorded() -> None:
    assert _words(examples.deployment()) == [RECORDED]


def test_who_asked_by_hand_is_named() -> None:
    record = examples.deployment(cause=Cause.MANUAL, by="ann", why="the fix")
    assert _words(record) == ["recorded: a deployment by hand, by ann (the fix)"]


def test_a_hold_a_release_and_the_rollout_follow_each_other() -> None:
    record = examples.rolling_out(
        status=Status.SUCCESSFUL,
        applied_at=at(40),
        updated=at(70),
        approval=Approval(by="bob", why="tested", at=at(30)),
        told=(
            _told(10, Status.HELD, "is held"),
            _told(20, Status.HELD, "is held (still)"),
            _told(40, Status.IN_PROGRESS, "is being deployed"),
            _told(69, Status.SUCCESSFUL, "is live"),
        ),
    )
    assert _words(record) == [
        RECORDED, "held", "told that it is still held", "released by bob (tested)", APPLIED,
        "ended SUCCESSFUL",
    ]  # fmt: skip
    assert timeline(record)[-1].at == at(69)


def test_the_progress_of_a_rollout_that_people_were_told_of_is_in_it() -> None:
    answer = Approval(by="ann", why="tested", at=at(500))
    record = examples.rolling_out(
        applied_at=at(40),
        pause=examples.pause(ended=at(510), answer=answer),
        told=(
            _told(40, Status.IN_PROGRESS, "is being deployed"),
            _told(60, Status.IN_PROGRESS, "is paused in stage POST_TEST_TRAFFIC_SHIFT"),
            _told(520, Status.IN_PROGRESS, "gets 10 % of the traffic"),
        ),
    )
    assert _words(record) == [
        RECORDED, APPLIED, "abc1234 is paused in stage POST_TEST_TRAFFIC_SHIFT",
        "let go on by ann (tested)", "abc1234 gets 10 % of the traffic",
    ]  # fmt: skip


def test_what_holds_it_now_is_said_once() -> None:
    record = examples.deployment(
        status=Status.HELD,
        held=Held(words="sam holds pushes", since=at(10)),
        told=(_told(10, Status.HELD, "is held"),),
    )
    assert _words(record) == [RECORDED, "held: sam holds pushes"]


@pytest.mark.parametrize("what", ["is no longer held", "waits for a permission"])
def test_what_it_waited_for_is_told(what: str) -> None:
    record = examples.deployment(told=(_told(10, Status.PENDING, what),))
    assert _words(record) == [RECORDED, f"abc1234 {what}"]


@pytest.mark.parametrize(
    ("returning", "words"),
    [
        pytest.param(
            Return(by="ecs", how="breaker", began=at(50), done=True),
            ["failed", "the rollback to conflicto-backend-dev:7 began, by ECS itself: its circuit "
             "breaker, an alarm or a hook"],
            id="by ECS",
        ),
        pytest.param(
            Return(by="slipway", how="update", began=at(50)),
            ["failed", "the rollback began, by Slipway: UpdateService to conflicto-backend-dev:7"],
            id="by Slipway",
        ),
        pytest.param(
            Return(by="person", how="stop", began=at(50)),
            ["stopped by hand", "the rollback to conflicto-backend-dev:7 began, by a person: "
             "StopServiceDeployment"],
            id="by a person",
        ),
    ],
)  # fmt: skip
def test_a_rollback_says_who_wanted_it_and_how(returning: Return, words: list[str]) -> None:
    record = examples.rolling_out(
        status=Status.ROLLBACK_SUCCESSFUL, returning=returning, updated=at(90), reason="it crashed"
    )
    ended = "ended ROLLBACK_SUCCESSFUL: it crashed"
    assert _words(record) == [RECORDED, APPLIED, *words, ended]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        pytest.param(
            {"began": at(5)},
            [RECORDED, APPLIED, "adopted: another ECS deployment began that carries "
             "conflicto-backend-dev:8"],
            id="adopted",
        ),
        pytest.param(
            {"began": at(-5)},
            [RECORDED, "the service ran conflicto-backend-dev:8 already; nothing was updated"],
            id="nothing to update",
        ),
        pytest.param(
            {"cause": Cause.FOREIGN, "created": at(9)},
            ["somebody else deployed conflicto-backend-dev:8",
             "recorded: somebody else's deployment"],
            id="somebody else's",
        ),
    ],
)  # fmt: skip
def test_a_rollout_may_begin_in_other_ways(fields: dict[str, Any], words: list[str]) -> None:
    assert _words(examples.rolling_out(**fields)) == words


def test_a_hostile_text_stays_on_one_short_line() -> None:
    record = examples.deployment(cause=Cause.MANUAL, by="a\nb", why="x" * 5_000)
    (entry,) = timeline(record)
    assert "\n" not in entry.what
    assert len(entry.what) <= 500
