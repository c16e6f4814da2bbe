"""Each second of a deployment counts for one phase, and no second is lost."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.explain.breakdown import lasted_of, slower, times_of, usual_of
from chalicelib.model.deployments import Deployment, Return, Status
from chalicelib.model.scheduled import TASKS
from chalicelib.model.services import ServiceEvent
from chalicelib.model.times import PHASES, Lasted, RolloutTimes, Step, TaskTimes, Times
from tests.explain.rollouts import GOOD, NEW, OLD, closed, event, new, old, seconds, told
from tests.fixtures import examples
from tests.fixtures.examples import at, run

BACK = {"status": Status.ROLLBACK_SUCCESSFUL, "ecs_ended": at(90)}
BY_ECS = Return(by="ecs", how="breaker", began=at(75), done=True)
STOPPED = f"has stopped 1 running tasks: (task {OLD})."


@pytest.mark.parametrize(
    ("record", "rollout", "end", "phases"),
    [
        pytest.param(
            closed(),
            GOOD,
            62,
            {
                "capacity": 9,
                "pulling": 10,
                "starting": 5,
                "healthy": 15,
                "draining": 20,
                "slipway": 3,
            },
            id="good",
        ),
        pytest.param(
            closed(blocked=at(0), attempted=at(0.5)),
            RolloutTimes(),
            62,
            {"waiting": 0.5, "slipway": 2.5, "unknown": 59},
            id="it waited, and ECS told nothing",
        ),
        pytest.param(
            closed(),
            RolloutTimes(tasks=(new(4, 10, 20, 25), new(30, 35, 45, 48)), events=GOOD.events),
            62,
            {
                "capacity": 14,
                "pulling": 20,
                "starting": 8,
                "healthy": 17,
                "slipway": 3,
            },
            id="a task that pulls counts before one that is healthy",
        ),
        pytest.param(
            closed(),
            RolloutTimes(events=(event(9, "was unable to place a task. Reason: none."),)),
            62,
            {"capacity": 59, "slipway": 3},
            id="no task could be placed",
        ),
        pytest.param(
            closed(),
            RolloutTimes(tasks=(new(4, None, None, 25), old(55)), events=GOOD.events),
            62,
            {"capacity": 3, "starting": 21, "healthy": 15, "draining": 20, "slipway": 3},
            id="a task that pulled nothing was starting",
        ),
        pytest.param(
            closed(),
            RolloutTimes(tasks=(*GOOD.tasks,), events=GOOD.events, bakes=True),
            62,
            {
                "capacity": 9,
                "pulling": 10,
                "starting": 5,
                "healthy": 15,
                "traffic": 5,
                "draining": 15,
                "slipway": 3,
            },
            id="ECS watches once the old tasks have left",
        ),
        pytest.param(
            closed(returning=BY_ECS, **BACK),
            RolloutTimes(
                tasks=(new(4, 10, 20, 25, ended=30),),
                events=(event(70, "rolling back to deployment ecs-svc/7."),),
            ),
            95,
            {
                "capacity": 9,
                "pulling": 10,
                "starting": 5,
                "healthy": 45,
                "returning": 20,
                "slipway": 6,
            },
            id="it went back, and ECS knows when before Slipway does",
        ),
        pytest.param(
            closed(
                returning=Return(by="slipway", how="update", began=at(30), done=True),
                **{**BACK, "ecs_ended": at(29)},
            ),
            RolloutTimes(events=(event(80, "has reached a steady state."),)),
            95,
            {"slipway": 16, "returning": 50, "unknown": 29},
            id="Slipway went back by UpdateService",
        ),
        pytest.param(
            closed(
                steps=(
                    Step(at=at(30), stage="SCALE_UP"),
                    Step(at=at(40), stage="POST_TEST_TRAFFIC_SHIFT", waits=True),
                    Step(at=at(45), stage="PRODUCTION_TRAFFIC_SHIFT", traffic=100),
                    Step(at=at(50), stage="CLEAN_UP", traffic=100),
                )
            ),
            RolloutTimes(tasks=(new(4, 10, 20, 25), old(58))),
            62,
            {
                "capacity": 9,
                "pulling": 10,
                "starting": 5,
                "healthy": 15,
                "traffic": 5,
                "draining": 10,
                "paused": 5,
                "slipway": 3,
            },
            id="traffic moved, after a pause",
        ),
        pytest.param(
            closed(
                before=run(began=at(1), ended=at(11)),
                applied_at=at(12),
                succeeded=at(61),
                has_after=True,
                after=run(began=at(62), ended=at(70)),
                watch_after=60,
            ),
            RolloutTimes(),
            130,
            {
                "before": 10,
                "after": 8,
                "watching": 61,
                "slipway": 3,
                "unknown": 48,
            },
            id="before, after and watched",
        ),
        pytest.param(
            examples.deployment(status=Status.REFUSED, blocked=at(2)),
            RolloutTimes(),
            50,
            {"waiting": 48, "slipway": 2},
            id="refused after it waited",
        ),
        pytest.param(
            closed(began=at(-500)),
            RolloutTimes(),
            9,
            {"slipway": 9},
            id="the service ran it already",
        ),
        pytest.param(
            closed(service=f"{TASKS}/nightly"), RolloutTimes(), 9, {"slipway": 9}, id="task"
        ),
    ],
)
def test_each_second_counts_for_the_first_phase_that_it_was_in(
    record: Deployment, rollout: RolloutTimes, end: float, phases: dict[str, float]
) -> None:
    assert seconds(told(record, rollout, end)) == phases


def _moments() -> st.SearchStrategy[datetime]:
    return st.integers(-100_000, 300_000).map(lambda millis: at(0) + timedelta(microseconds=millis))


def _tasks() -> st.SearchStrategy[TaskTimes]:
    moment = st.none() | _moments()
    names = ("created", "pull_started", "pull_stopped", "started", "stopping", "stopped")
    revisions = st.sampled_from(["conflicto-backend-dev:8", "conflicto-backend-dev:7"])
    starters = st.sampled_from(["", "ecs-svc/8"])
    times = dict.fromkeys(names, moment)
    return st.builds(TaskTimes, id=st.just(NEW), revision=revisions, started_by=starters, **times)


_MESSAGES = (
    "has started 1 tasks: (task " + NEW + ").",
    STOPPED,
    "has begun draining connections on 1 tasks.",
    "has reached a steady state.",
    "was unable to place a task. Reason: none.",
    "(deployment ecs-svc/8) deployment failed: tasks failed to start.",
    "rolling back to deployment ecs-svc/7.",
    "",
)
_STAGES = ("", "SCALE_UP", "PRODUCTION_TRAFFIC_SHIFT", "BAKE_TIME", "CLEAN_UP")
_rollouts = st.builds(
    RolloutTimes,
    tasks=st.lists(_tasks(), max_size=6).map(tuple),
    events=st.lists(
        st.builds(
            ServiceEvent,
            at=_moments(),
            message=st.sampled_from(_MESSAGES).map(lambda one: f"(service x) {one}"),
        ),
        max_size=6,
    ).map(tuple),
    bakes=st.booleans(),
)
_returns = st.builds(
    Return,
    by=st.just("slipway"),
    how=st.sampled_from(["stop", "update", "breaker"]),
    began=_moments(),
)
_runs = st.builds(run, began=_moments(), ended=st.none() | _moments())
_records = st.fixed_dictionaries(
    {
        "status": st.sampled_from(["SUCCESSFUL", "FAILED", "ROLLBACK_SUCCESSFUL", "SUPERSEDED"]),
        "created": _moments(),
        "applied_at": st.none() | _moments(),
        "blocked": st.none() | _moments(),
        "attempted": st.none() | _moments(),
        "began": st.none() | _moments(),
        "ecs_ended": st.none() | _moments(),
        "succeeded": st.none() | _moments(),
        "watch_after": st.integers(0, 60),
        "before": st.none() | _runs,
        "after": st.none() | _runs,
        "returning": st.none() | _returns,
        "steps": st.lists(
            st.builds(Step, at=_moments(), stage=st.sampled_from(_STAGES), waits=st.booleans()),
            max_size=5,
        ).map(tuple),
    }
)


@given(fields=_records, rollout=_rollouts, end=_moments())
def test_the_phases_are_the_whole_time_to_the_millisecond_whatever_the_times_say(
    fields: dict[str, Any], rollout: RolloutTimes, end: datetime
) -> None:
    record = closed(**fields)
    times = times_of(record, end, rollout)
    whole = examples.milliseconds(end) - examples.milliseconds(record.created)
    assert sum(one.milliseconds for one in times.phases) == max(0, whole)
    assert all(one.milliseconds > 0 for one in times.phases)
    assert [one.phase for one in times.phases] == sorted(
        (one.phase for one in times.phases), key=PHASES.index
    )


def test_the_record_keeps_new_tasks_first_and_says_when_each_was_healthy() -> None:
    first, second = told().tasks
    assert (first.id, first.new, first.healthy) == (NEW, True, at(40))
    assert (second.id, second.new, second.healthy) == (OLD, False, None)


def test_a_task_that_ended_before_any_sign_of_health_was_never_healthy() -> None:
    rollout = RolloutTimes(tasks=(new(4, 10, 20, 25, ended=30),), events=GOOD.events)
    assert told(rollout=rollout).tasks[0].healthy is None


def test_a_new_task_that_stopped_is_no_sign_that_new_tasks_are_healthy() -> None:
    stopped = event(30, f"has stopped 1 running tasks: (task {NEW}).")
    rollout = RolloutTimes(tasks=GOOD.tasks, events=(stopped,))
    assert told(rollout=rollout).tasks[0].healthy == at(60)
    rollout = RolloutTimes(tasks=GOOD.tasks, events=(event(30, STOPPED),))
    assert told(rollout=rollout).tasks[0].healthy == at(30)


def test_a_task_of_the_same_revision_from_before_is_not_new() -> None:
    earlier = new(-600, -590, -580, -570, identity=OLD)
    again = TaskTimes(**{**earlier.model_dump(), "started_by": "ecs-svc/6"})
    assert not told(rollout=RolloutTimes(tasks=(again,))).tasks[0].new


def test_what_a_record_keeps_of_events_is_bounded_masked_and_in_order() -> None:
    secret = "rolling back to deployment x password=hunter2hunter2"
    many = tuple(event(number / 10, f"has started 1 tasks: ({number}).") for number in range(99))
    kept = told(rollout=RolloutTimes(events=(event(11, secret), *many[::-1]))).events
    assert len(kept) == 40
    assert "(0)." in kept[0].message
    assert "hunter2" not in kept[-1].message
    assert [one.at for one in kept] == sorted(one.at for one in kept)


def test_it_says_when_ecs_named_no_new_task() -> None:
    assert told().note == ""
    assert "name no new task" in told(rollout=RolloutTimes()).note
    assert told(rollout=RolloutTimes(), note="ECS did not tell").note == "ECS did not tell"


def _slow(usual: dict[str, int]) -> Times:
    return told(closed(ecs_ended=at(150)), GOOD, 150, usual=usual)


@pytest.mark.parametrize(
    ("usual", "line"),
    [
        pytest.param({}, "", id="nothing is usual yet"),
        pytest.param({"draining": 60_000}, "", id="less than twice"),
        pytest.param({"pulling": 1_000, "capacity": 1}, "", id="less than 15 s more"),
        pytest.param({"draining": 20_000}, "Draining took 110 s, usually 20 s.", id="far longer"),
        pytest.param(
            {"draining": 20_000, "healthy": 0},
            "Draining took 110 s, usually 20 s.",
            id="the worst",
        ),
        pytest.param({"slipway": 1}, "", id="not ECS' own"),
    ],
)
def test_one_line_tells_what_took_far_longer_than_usual(usual: dict[str, int], line: str) -> None:
    assert slower(_slow(usual)) == line


def test_usual_is_the_median_of_at_least_three() -> None:
    lasted = [Lasted(pulling=pulling) for pulling in (1000, 9000, 5000)]
    assert usual_of(lasted[:2]) == {}
    assert usual_of(lasted)["pulling"] == 5000
    assert usual_of(lasted)["healthy"] == 0


def test_a_deployment_of_which_ecs_told_no_task_does_not_count_as_usual() -> None:
    assert lasted_of(told(rollout=RolloutTimes())) is None
    assert lasted_of(told()) == Lasted(
        capacity=9000, pulling=10_000, starting=5000, healthy=15_000, draining=20_000
    )
