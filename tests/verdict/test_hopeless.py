"""Which ends of tasks say that a rollout will not heal, and which never do."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.model.services import BreakerThreshold, RunningTask, StoppedTask, Tasks
from chalicelib.verdict.hopeless import (
    breaker_trips_at,
    certain_cause,
    crash_loop,
    crashed_at_once,
    many_ended,
)
from embedded.services.ecs.breaker import breaker_threshold
from tests.fixtures.examples import at

PULL = "CannotPullContainerError: pull image manifest has been retried 1 time(s): not found"


def crashed(started: float, stopped: float, **fields: object) -> StoppedTask:
    return StoppedTask.model_validate(
        {
            "id": f"{started}",
            "stop_code": "EssentialContainerExited",
            "reason": "Essential container in task exited",
            "container": "web",
            "exit_code": 1,
            "started_at": at(started),
            "stopped_at": at(stopped),
            **fields,
        }
    )


def never_ran(stopped: float, reason: str = PULL) -> StoppedTask:
    return crashed(0, stopped, stop_code="TaskFailedToStart", reason=reason, exit_code=None,
                   started_at=None)  # fmt: skip


def running(started: float) -> RunningTask:
    return RunningTask(id=f"r{started}", started_at=at(started))


def hopeless(tasks: Tasks, desired: int, now: datetime) -> str:
    """The words of the first of the two rules that matches."""
    return certain_cause(tasks) or crash_loop(tasks, desired, now)


WRONG_CPU = ("exec /usr/bin/gunicorn: exec format error",)


def judged(
    stopped: list[StoppedTask],
    alive: list[RunningTask] | None = None,
    desired: int = 2,
) -> str:
    return hopeless(Tasks(stopped=tuple(stopped), running=tuple(alive or ())), desired, at(100))


@pytest.mark.parametrize(
    ("stopped", "alive", "desired", "called"),
    [
        ([], [], 2, ""),
        ([never_ran(10)], [], 2, ""),
        ([never_ran(10), never_ran(11)], [], 2, "no retry can change it"),
        ([never_ran(10), never_ran(11)], [running(12)], 2, "no retry can change it"),
        ([crashed(1, 6)] * 4, [], 2, ""),
        ([crashed(1, 6)] * 5, [], 2, "none stays up"),
        ([crashed(1, 6)] * 5, [running(95)], 2, "none stays up"),
        ([crashed(1, 6)] * 5, [running(60)], 2, ""),
        ([crashed(1, 6)] * 3, [], 1, ""),
        ([crashed(1, 6)] * 4, [], 1, "none stays up"),
        ([crashed(1, 6)] * 20, [], 10, ""),
        ([crashed(1, 6)] * 21, [], 10, "none stays up"),
        ([crashed(1, 6, stop_code="SpotInterruption", exit_code=143)] * 9, [], 2, ""),
        ([crashed(1, 6, stop_code="UserInitiated", exit_code=143)] * 9, [], 2, ""),
        ([crashed(1, 6, stop_code="InfrastructureHealth", exit_code=143)] * 9, [], 2, ""),
    ],
    ids=[
        "nothing ended",
        "one pull failed",
        "two pulls failed",
        "two pulls failed, another runs",
        "each crashed twice",
        "one crashed a third time",
        "one has just started again",
        "one has outlived them",
        "one task crashed three times",
        "one task crashed four times",
        "ten crashed twice each",
        "ten, and one a third time",
        "Spot took them",
        "a person stopped them",
        "the host failed",
    ],
)
def test_a_rollout_is_hopeless_only_by_a_rule(
    stopped: list[StoppedTask], alive: list[RunningTask], desired: int, called: str
) -> None:
    why = judged(stopped, alive, desired)
    assert (called in why) if called else why == ""


@pytest.mark.parametrize(
    ("stopped", "log", "called"),
    [
        ([crashed(0, 1, exit_code=255)] * 2, WRONG_CPU, True),
        ([crashed(0, 1, exit_code=255)], WRONG_CPU, False),
        ([crashed(0, 11, exit_code=255)] * 2, WRONG_CPU, False),
        ([crashed(0, 1, exit_code=255), crashed(0, 1, exit_code=1)], WRONG_CPU, False),
        ([crashed(0, 1, exit_code=255)] * 2, (), False),
        ([crashed(0, 1, exit_code=255)] * 2, (*WRONG_CPU, "database not reachable"), False),
    ],
    ids=["two at once", "one", "not at once", "not alike", "no log", "not its last words"],
)
def test_the_log_of_what_crashed_at_once_may_show_that_no_retry_helps(
    stopped: list[StoppedTask], log: tuple[str, ...], called: bool
) -> None:
    why = hopeless(Tasks(stopped=tuple(stopped), running=(), log=log), 2, at(100))
    assert ("another CPU architecture (2 tasks" in why) is called


def test_a_log_is_asked_for_only_when_two_crashed_alike_and_at_once() -> None:
    newest = crashed(3, 4, id="newest")
    assert crashed_at_once([newest, crashed(0, 1)]) == newest
    assert crashed_at_once([newest]) is None
    assert crashed_at_once([newest, crashed(0, 1, exit_code=2)]) is None
    assert crashed_at_once([never_ran(1), never_ran(2)]) is None


def test_no_loop_is_called_before_the_running_tasks_were_read() -> None:
    ended = [crashed(1, 6)] * 5
    assert many_ended(ended, 2)
    assert hopeless(Tasks(stopped=tuple(ended)), 2, at(100)) == ""


@pytest.mark.parametrize("seconds", [19.9, 20, 20.1])
def test_a_task_that_runs_outlives_them_at_twice_their_longest_life_and_ten_seconds(
    seconds: float,
) -> None:
    ended = [crashed(1, 6)] * 4 + [crashed(1, 3)]
    assert bool(judged(ended, [running(100 - seconds)])) is (seconds <= 20)


@pytest.mark.parametrize(
    ("kind", "value", "desired", "trips_at"),
    [
        ("COUNT", 1, 10, 1),
        ("COUNT", 500, 10, 500),
        ("BOUNDED_PERCENT", 50, 2, 3),
        ("BOUNDED_PERCENT", 50, 7, 4),
        ("BOUNDED_PERCENT", 50, 1_000, 200),
        ("BOUNDED_PERCENT", 500, 3, 15),
        ("UNBOUNDED_PERCENT", 50, 7, 4),
        ("UNBOUNDED_PERCENT", 1, 10, 1),
        ("UNBOUNDED_PERCENT", 50, 1_000, 500),
    ],
)
def test_the_breakers_threshold_is_counted_as_ecs_counts(
    kind: str, value: int, desired: int, trips_at: int
) -> None:
    assert breaker_trips_at(BreakerThreshold(kind=kind, value=value), desired) == trips_at
    assert breaker_threshold(desired, {"type": kind, "value": value}) == trips_at


@pytest.mark.parametrize(
    ("threshold", "ended", "many"),
    [
        (None, 4, False),
        (None, 5, True),
        (BreakerThreshold(kind="COUNT", value=1), 4, False),
        (BreakerThreshold(kind="COUNT", value=1), 5, True),
        (BreakerThreshold(kind="COUNT", value=9), 8, False),
        (BreakerThreshold(kind="COUNT", value=9), 9, True),
        (BreakerThreshold(kind="UNBOUNDED_PERCENT", value=400), 7, False),
        (BreakerThreshold(kind="UNBOUNDED_PERCENT", value=400), 8, True),
    ],
    ids=str,
)
def test_no_loop_is_called_below_the_threshold_that_the_service_sets(
    threshold: BreakerThreshold | None, ended: int, many: bool
) -> None:
    spot = [crashed(1, 6, stop_code="SpotInterruption", exit_code=143)] * 20
    assert many_ended([crashed(1, 6)] * ended + spot, 2, threshold) is many


@st.composite
def good_rollouts(draw: st.DrawFn) -> tuple[Tasks, int, datetime]:
    """A rollout that will succeed, at any moment of it.

    Each wanted task crashes at most twice, after any life, before it stays up; Spot, hosts and
    people stop as many as they like; the moment lies anywhere.
    """
    desired = draw(st.integers(1, 20))
    now = draw(st.floats(0, 600))
    stopped, alive = [], []
    for _ in range(desired):
        moment = draw(st.floats(0, 60))
        for _ in range(draw(st.integers(0, 2))):
            life = draw(st.floats(0, 120))
            stopped.append(crashed(moment, moment + life))
            moment += life + draw(st.floats(1, 60))
        for code in draw(
            st.lists(st.sampled_from(["SpotInterruption", "UserInitiated"]), max_size=2)
        ):
            stopped.append(crashed(moment, moment + 5, stop_code=code, exit_code=143))
            moment += draw(st.floats(6, 60))
        alive.append(running(moment))
    return (
        Tasks(
            stopped=tuple(
                task for task in stopped if task.stopped_at and task.stopped_at <= at(now)
            ),
            running=tuple(task for task in alive if task.started_at and task.started_at <= at(now)),
        ),
        desired,
        at(now),
    )


@settings(max_examples=500)
@given(good_rollouts())
def test_no_good_rollout_is_ever_called_hopeless(rollout: tuple[Tasks, int, datetime]) -> None:
    assert hopeless(*rollout) == ""


@pytest.mark.slow
@settings(max_examples=10_000)
@given(good_rollouts())
def test_no_good_rollout_in_ten_thousand_is_called_hopeless(
    rollout: tuple[Tasks, int, datetime],
) -> None:
    assert hopeless(*rollout) == ""


@given(desired=st.integers(1, 20), life=st.floats(0, 60), gap=st.floats(1, 30))
def test_a_loop_that_never_stays_up_is_called_in_its_fifth_round_at_the_latest(
    desired: int, life: float, gap: float
) -> None:
    ended = [
        crashed(round_ * (life + gap), round_ * (life + gap) + life)
        for round_ in range(5)
        for _ in range(desired)
    ]
    end = at(4 * (life + gap) + life) + timedelta(seconds=1)
    assert "none stays up" in hopeless(Tasks(stopped=tuple(ended), running=()), desired, end)
