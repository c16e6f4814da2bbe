"""run + what ECS shows of its task + moment -> run: what is due, and how a run ends."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.decide.admit import deployment_id
from chalicelib.decide.runs import (
    Due,
    due,
    ended_by,
    failed_to_start,
    not_shown,
    refused,
    stopped,
    token,
    tried_again,
)
from chalicelib.events.service import RunStopped, recognise_change
from chalicelib.model.runs import Kind, RunOutcome, TaskRun
from chalicelib.model.services import StoppedContainer, StoppedTask
from tests.fixtures import examples
from tests.fixtures.examples import at, run

TWO_DAYS = 172_800  # the longest time-out that a target may have
WITHDRAWN = {"stopping": at(5), "stopped_for": "ana stopped it", "withdrawn": True}


@pytest.mark.parametrize(
    ("fields", "seconds", "expected"),
    [
        pytest.param({}, 0, Due.SEND, id="it may not have been sent"),
        pytest.param({}, 899, Due.SEND, id="just within its time-out"),
        pytest.param({}, 900, Due.FIND, id="its time-out is over"),
        pytest.param({"timeout": 7200}, 3299, Due.SEND, id="its token surely lives"),
        pytest.param({"timeout": 7200}, 3300, Due.FIND, id="its token may be gone soon"),
        pytest.param(
            {"timeout": 7200, "asked": at(600)}, 3899, Due.SEND, id="a later token lives longer"
        ),
        pytest.param({"timeout": 7200, "asked": at(600)}, 3900, Due.FIND, id="but no day"),
        pytest.param({"stopping": at(5)}, 6, Due.FIND, id="to be stopped, and not known"),
        pytest.param({"task": "t"}, 0, Due.LOOK, id="its task is known"),
        pytest.param({"task": "t"}, 99_999, Due.LOOK, id="its task is known, and late"),
        pytest.param({"task": "t", "stopping": at(5)}, 6, Due.LOOK, id="its task is stopped"),
        pytest.param({"failed": at(100)}, 114, Due.NOTHING, id="nothing started a moment ago"),
        pytest.param({"failed": at(100)}, 115, Due.TRY_AGAIN, id="nothing started a while ago"),
        pytest.param({"failed": at(100)}, 899, Due.TRY_AGAIN, id="the last moment for another"),
        pytest.param({"failed": at(100)}, 900, Due.GIVE_UP, id="none started in time"),
        pytest.param({"failed": at(890)}, 899, Due.NOTHING, id="a pause near the end"),
        pytest.param({"failed": at(890)}, 900, Due.GIVE_UP, id="a pause past the end"),
        pytest.param(
            {"failed": at(100), "stopping": at(101)}, 102, Due.GIVE_UP, id="stopped in a pause"
        ),
    ],
)
def test_what_is_due(fields: dict[str, Any], seconds: float, expected: Due) -> None:
    assert due(run(**fields), at(seconds)) is expected


def _pause(attempt: int) -> int:
    """After how many seconds another attempt follows this one."""
    failed = run(attempt=attempt, failed=at(0), timeout=TWO_DAYS)
    return next(s for s in range(400) if due(failed, at(s)) is Due.TRY_AGAIN)


def test_the_pause_between_two_attempts_doubles_up_to_five_minutes() -> None:
    assert [_pause(attempt) for attempt in range(1, 8)] == [15, 30, 60, 120, 240, 300, 300]


@given(st.integers(1, 10_000))
def test_a_pause_is_never_shorter_than_the_one_before_and_never_longer_than_five_minutes(
    attempt: int,
) -> None:
    assert 15 <= _pause(attempt) <= _pause(attempt + 1) <= 300


@pytest.mark.parametrize(
    ("kind", "attempt", "ends"),
    [("before", 1, "-b"), ("before", 2, "-b2"), ("after", 1, "-a"), ("after", 17, "-a17")],
)
def test_a_token_names_the_deployment_the_kind_and_the_attempt(
    kind: Kind, attempt: int, ends: str
) -> None:
    assert token("web-1", kind, attempt) == f"web-1{ends}"


@given(st.from_regex(r"[A-Za-z0-9_-]{1,255}", fullmatch=True), st.integers(1, 999))
def test_a_token_is_short_enough_for_ecs_and_its_event_leads_back(name: str, attempt: int) -> None:
    identity = deployment_id(examples.request(service=f"{examples.CLUSTER}/{name}"))
    named = token(identity, "before", attempt)
    assert len(named) <= 64
    event = {
        "source": "aws.ecs",
        "detail-type": "ECS Task State Change",
        "detail": {
            "lastStatus": "STOPPED",
            "clusterArn": f"{examples.ARN}:cluster/{examples.CLUSTER}",
            "startedBy": f"slipway/{named}",
        },
    }
    assert recognise_change(event) == RunStopped(cluster=examples.CLUSTER, deployment=identity)


def test_the_longest_time_out_has_room_for_fewer_attempts_than_a_token_can_count() -> None:
    attempt, seconds = 1, 0
    while seconds < TWO_DAYS:
        seconds += _pause(min(attempt, 10))
        attempt += 1
    assert attempt <= 999


def test_the_next_attempt_is_not_known_to_have_done_anything_and_keeps_the_time_of_the_first() -> (
    None
):
    first = run(failed=at(60), reason="no capacity", missing=at(30))
    again = tried_again(first, "{}", at(90))
    assert again == run(attempt=2, request="{}", asked=at(90), reason="no capacity")


NOT_BEGUN = "its `before` task could not be started"


@pytest.mark.parametrize(
    ("fields", "seconds", "certain", "reason"),
    [
        pytest.param({}, 10, False, "", id="the first attempt"),
        pytest.param({}, 10, True, "", id="a cause that no retry changes, once"),
        pytest.param({"attempt": 2}, 10, True, f"{NOT_BEGUN}: no CPU", id="such a cause, again"),
        pytest.param({"attempt": 9}, 899, False, "", id="the ninth attempt, in time"),
        pytest.param({}, 900, False, f"{NOT_BEGUN} within 15 minutes: no CPU", id="too late"),
        pytest.param(
            {"attempt": 2}, 900, True, f"{NOT_BEGUN} within 15 minutes: no CPU", id="late, certain"
        ),
        pytest.param(WITHDRAWN, 10, False, "ana stopped it", id="to be stopped"),
    ],
)
def test_an_attempt_that_started_nothing_is_followed_by_another_or_ends_the_run(
    fields: dict[str, Any], seconds: float, certain: bool, reason: str
) -> None:
    asked = run(**{"task": "t", "started": at(3), "missing": at(4), **fields})
    failed = failed_to_start(asked, "before", "no CPU", at(seconds), certain=certain)
    if reason:
        assert (failed.outcome, failed.ended) == (RunOutcome.NOT_STARTED, at(seconds))
        assert failed.reason == reason
    else:
        assert failed == run(**fields, failed=at(seconds), reason="no CPU")


def test_what_ecs_refuses_for_good_ends_a_run_that_started_nothing() -> None:
    ended = refused(run(), "after", "no such subnet", at(3))
    why = "its `after` task could not be started: no such subnet"
    assert ended == run(outcome=RunOutcome.NOT_STARTED, ended=at(3), reason=why)


@pytest.mark.parametrize(
    ("fields", "since"),
    [({}, at(9)), ({"stopping": at(5), "stopped_for": "too long"}, at(5))],
    ids=["it goes on", "it is stopped already"],
)
def test_a_run_that_is_stopped_lets_nothing_go_on(fields: dict[str, Any], since: object) -> None:
    given_up = stopped(run(**fields), "ana stopped it", at(9))
    why = "ana stopped it"
    assert given_up == run(stopping=since, stopped_for=why, reason=why, withdrawn=True)


GONE = "ECS does not show its `before` task any more, so whether it ended well is not known"
NEVER = "whether its `before` task ran is not known: ECS never answered, and shows no task"


@pytest.mark.parametrize(
    ("fields", "seconds", "expected"),
    [
        pytest.param({}, 299, run(), id="not answered, and ECS may show it later"),
        pytest.param({}, 300, NEVER, id="not answered, and ECS would show it by now"),
        pytest.param({"asked": at(600)}, 899, run(asked=at(600)), id="not answered, the second"),
        pytest.param({"asked": at(600)}, 900, NEVER, id="not answered, the second, too long"),
        pytest.param({"task": "t"}, 1000, run(task="t", missing=at(1000)), id="missing now"),
        pytest.param(
            {"task": "t", "missing": at(1000)},
            1299,
            run(task="t", missing=at(1000)),
            id="missing for minutes",
        ),
        pytest.param({"task": "t", "missing": at(1000)}, 1300, GONE, id="missing for too long"),
        pytest.param(WITHDRAWN, 300, "ana stopped it", id="to be stopped, not answered"),
        pytest.param(
            {**WITHDRAWN, "task": "t", "missing": at(0)}, 300, "ana stopped it", id="stopped, gone"
        ),
    ],
)
def test_a_task_that_ecs_does_not_show_is_waited_for_and_then_not_known(
    fields: dict[str, Any], seconds: float, expected: TaskRun | str
) -> None:
    seen = not_shown(run(**fields), "before", at(seconds))
    if isinstance(expected, TaskRun):
        assert seen == expected
    else:
        assert (seen.outcome, seen.ended) == (RunOutcome.UNKNOWN, at(seconds))
        assert seen.reason == expected


def test_a_task_is_told_as_the_runs_own_container_ended_it() -> None:
    containers = (
        StoppedContainer(name="envoy", reason="OutOfMemoryError", exit_code=137),
        StoppedContainer(name="web", reason="it failed", exit_code=3),
    )
    end = StoppedTask(
        id="1", stop_code="EssentialContainerExited", reason="Essential container in task exited",
        container="envoy", container_reason="OutOfMemoryError", exit_code=137,
        started_at=at(1), stopped_at=at(2), containers=containers,
    )  # fmt: skip
    own = {"container": "web", "container_reason": "it failed", "exit_code": 3}
    assert ended_by(end, "web").model_dump() == {**end.model_dump(), **own}
    assert ended_by(end, "another") == end
