"""The timeline of a record: what happened to it, in order."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.explain.timeline import timeline
from chalicelib.model.deployments import Cause, Deployment, Return, Status, ToldNotice
from chalicelib.model.holds import Approval, Held
from chalicelib.model.runs import RunOutcome as O
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


ASKED = "RunTask: its `before` task was asked for"
RUNS = "its `before` task runs, in the container conflicto-backend"


@pytest.mark.parametrize(
    ("run", "words"),
    [
        pytest.param({}, [ASKED], id="asked for"),
        pytest.param({"started": at(20)}, [ASKED, RUNS], id="it runs"),
        pytest.param(
            {"started": at(20), "ended": at(40), "outcome": O.SUCCEEDED, "exit_code": 0},
            [ASKED, RUNS, "its `before` task ended with exit code 0: SUCCEEDED"],
            id="it ended well",
        ),
        pytest.param(
            {"started": at(20), "stopping": at(920), "stopped_for": "it took too long",
             "ended": at(980), "outcome": O.FAILED, "exit_code": 143},
            [ASKED, RUNS, "StopTask: it took too long",
             "its `before` task ended with exit code 143: FAILED"],
            id="it was stopped",
        ),
        pytest.param(
            {"ended": at(900), "outcome": O.NOT_STARTED},
            [ASKED, "its `before` task ended: NOT_STARTED"],
            id="it never ran",
        ),
    ],
)  # fmt: skip
def test_a_before_is_told_from_its_request_to_its_end(
    run: dict[str, Any], words: list[str]
) -> None:
    record = examples.preparing(before=examples.run(**run))
    assert _words(record) == [RECORDED, *words]


def test_a_rollout_stands_between_its_before_and_its_after() -> None:
    well: dict[str, Any] = {"outcome": O.SUCCEEDED, "exit_code": 0}
    record = examples.rolling_out(
        status=Status.SUCCESSFUL,
        applied_at=at(60),
        before=examples.run(started=at(20), ended=at(50), **well),
        succeeded=at(300),
        after=examples.run(began=at(300), started=at(330), ended=at(360), **well),
        updated=at(370),
    )
    assert _words(record) == [
        RECORDED, ASKED, RUNS, "its `before` task ended with exit code 0: SUCCEEDED", APPLIED,
        "ECS called it successful; Slipway watches it",
        "RunTask: its `after` task was asked for",
        "its `after` task runs, in the container conflicto-backend",
        "its `after` task ended with exit code 0: SUCCEEDED",
        "ended SUCCESSFUL",
    ]  # fmt: skip


def test_an_after_that_was_never_asked_for_is_no_task() -> None:
    gone = examples.run(request="", outcome=O.NOT_STARTED, ended=at(400))
    record = examples.rolling_out(has_after=True, succeeded=at(300), after=gone)
    assert not any("`after`" in words for words in _words(record))


def test_a_hostile_text_stays_on_one_short_line() -> None:
    record = examples.deployment(cause=Cause.MANUAL, by="a\nb", why="x" * 5_000)
    (entry,) = timeline(record)
    assert "\n" not in entry.what
    assert len(entry.what) <= 500
