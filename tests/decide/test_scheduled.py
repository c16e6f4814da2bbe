"""What each look at a scheduled task means: a table of what shows, and laws over all of it."""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.decide.scheduled import (
    as_service,
    change_of,
    ended_badly,
    fingerprint,
    given_up,
    late,
    not_sent,
    shown,
)
from chalicelib.model.changes import changed_scheduled
from chalicelib.model.scheduled import GIVE_UP, PATIENCE, SHOWN, ChangeState, ScheduledTask
from tests.fixtures.examples import FAMILY, NOW, revision

C = ChangeState
OLD, NEW, OTHER = revision(7), revision(8), revision(5)
NEWEST = OLD.rpartition(":")[0]


def task(names: str = OLD, **body: Any) -> ScheduledTask:
    return ScheduledTask(
        kind="rule",
        name="nightly",
        target="1",
        task_definition=names,
        body={"EcsParameters": {"TaskDefinitionArn": names}, **body},
    )


DUE = change_of(task(), FAMILY, (), NEW)
SENT = changed_scheduled(DUE, sent=NOW, was=fingerprint(task().body))
ANSWERED = changed_scheduled(SENT, answered=True)
SOON, LATER = NOW + SHOWN / 2, NOW + SHOWN


@pytest.mark.parametrize(
    ("change", "shows", "now", "state"),
    [
        pytest.param(DUE, task(), SOON, C.DUE, id="not sent yet"),
        pytest.param(DUE, task(NEW), SOON, C.DONE, id="it runs the revision already"),
        pytest.param(DUE, None, SOON, C.GONE, id="deleted before it was sent"),
        pytest.param(DUE, task(OTHER), SOON, C.DUE, id="somebody changed it before it was sent"),
        pytest.param(ANSWERED, task(NEW), SOON, C.DONE, id="carried out"),
        pytest.param(ANSWERED, task(NEW, Input="x"), SOON, C.DONE, id="and changed otherwise"),
        pytest.param(ANSWERED, task(), SOON, C.DUE, id="an old view"),
        pytest.param(ANSWERED, task(), LATER, C.LOST, id="somebody set it back"),
        pytest.param(ANSWERED, task(OTHER), SOON, C.LOST, id="somebody wrote after us"),
        pytest.param(ANSWERED, task(Input="x"), SOON, C.LOST, id="set back, and changed otherwise"),
        pytest.param(ANSWERED, None, SOON, C.GONE, id="deleted"),
        pytest.param(SENT, task(NEW), SOON, C.DONE, id="no answer, carried out"),
        pytest.param(SENT, task(), SOON, C.DUE, id="no answer, perhaps an old view"),
        pytest.param(SENT, task(), LATER, C.DUE, id="no answer, not carried out"),
        pytest.param(SENT, task(OTHER), SOON, C.LOST, id="no answer, and somebody wrote"),
    ],
)
def test_what_shows_decides(
    change: Any, shows: ScheduledTask | None, now: Any, state: ChangeState
) -> None:
    assert shown(change, shows, now).state is state


def test_only_one_that_was_not_carried_out_is_to_be_sent_again() -> None:
    assert shown(SENT, task(), LATER).sent is None
    assert shown(SENT, task(), SOON).sent is not None
    assert shown(ANSWERED, task(), SOON).sent is not None


def test_a_change_that_is_over_never_changes_again() -> None:
    looks = (None, task(), task(NEW), task(OTHER))
    for state, look in itertools.product(set(C) - {C.DUE}, looks):
        change = changed_scheduled(ANSWERED, state=state)
        assert shown(change, look, LATER) == change


def test_every_state_but_done_and_left_says_why() -> None:
    for look, now in itertools.product((None, task(), task(OTHER)), (SOON, LATER)):
        after = shown(ANSWERED, look, now)
        assert after.why or after.due


@pytest.mark.parametrize(
    ("names", "families", "state", "words"),
    [
        pytest.param(OLD, (), C.DUE, "", id="the service's own family"),
        pytest.param(revision(3, "report"), ("report",), C.DUE, "", id="a family that is named"),
        pytest.param(revision(3, "report"), (), C.LEFT, "`follow.families`", id="another family"),
        pytest.param(NEWEST, (), C.LEFT, "names no revision", id="no revision"),
        pytest.param("", (), C.LEFT, "universal target", id="a universal target"),
    ],
)
def test_which_ones_follow(
    names: str, families: tuple[str, ...], state: ChangeState, words: str
) -> None:
    change = change_of(task(names), FAMILY, families, NEW)
    assert change.state is state
    assert words in change.why
    assert bool(change.revision) == (names == OLD)


def test_the_order_of_keys_is_no_change_and_a_number_is_no_text() -> None:
    assert fingerprint({"a": 1, "b": 2}) == fingerprint({"b": 2, "a": 1})
    assert fingerprint({"a": 1}) != fingerprint({"a": "1"})


@pytest.mark.parametrize(
    ("after", "state", "tells"),
    [
        (PATIENCE - timedelta(seconds=1), C.DUE, False),
        (PATIENCE, C.DUE, True),
        (GIVE_UP, C.GIVEN_UP, True),
    ],
)
def test_what_may_pass_is_told_when_it_lasts_and_given_up_after_a_day(
    after: timedelta, state: ChangeState, tells: bool
) -> None:
    throttled = not_sent(DUE, "throttled", tells=False)
    (change,) = late((throttled,), NOW, NOW + after)
    assert (change.state, change.tells) == (state, tells)


def test_a_long_reason_is_cut() -> None:
    assert len(not_sent(DUE, "x" * 9_999, tells=True).why) == 500


@pytest.mark.parametrize(
    ("names", "runs"),
    [
        pytest.param((OLD, OLD), OLD, id="one revision"),
        pytest.param((OLD, NEW, OLD), OLD, id="most of them"),
        pytest.param((OLD, NEW), NEW, id="as many: the newest"),
        pytest.param((revision(9), revision(10)), revision(10), id="revisions are numbers"),
        pytest.param((NEWEST, OLD), OLD, id="one without a revision does not count"),
        pytest.param((revision(9, "other"), OLD), OLD, id="nor another family"),
        pytest.param((NEWEST,), None, id="none names one"),
        pytest.param((), None, id="there are none"),
    ],
)
def test_a_task_runs_what_most_of_its_rules_and_schedules_name(
    names: tuple[str, ...], runs: str | None
) -> None:
    service = as_service(FAMILY, names)
    assert (service.revision if service else None) == runs


def test_a_task_in_the_form_of_a_service_is_steady_and_has_no_tasks() -> None:
    service = as_service(FAMILY, [OLD])
    assert service is not None
    assert service.steady is not None
    assert (service.desired, service.running) == (0, 0)


def _states(*states: ChangeState) -> list[Any]:
    return [changed_scheduled(DUE, state=state, why="because") for state in states]


@pytest.mark.parametrize(
    ("states", "words"),
    [
        pytest.param((C.DONE,), "", id="done"),
        pytest.param((C.DONE, C.LEFT), "", id="one is left alone"),
        pytest.param((C.DONE, C.LOST), "1 of 2 run the new revision", id="one is lost"),
        pytest.param((C.GIVEN_UP,), "0 of 1 run the new revision", id="given up"),
        pytest.param((C.LEFT,), "no rule or schedule could get", id="all are left alone"),
        pytest.param((), "no rule or schedule could get", id="there are none"),
    ],
)
def test_when_a_task_failed(states: tuple[ChangeState, ...], words: str) -> None:
    why = ended_badly(_states(*states))
    assert why.startswith(words)
    assert bool(why) == bool(words)


def test_giving_up_changes_those_that_are_due_and_no_other() -> None:
    after = given_up(_states(*C), "stopped by sam")
    assert [one.state for one in after] == [C.GIVEN_UP if s is C.DUE else s for s in C]
