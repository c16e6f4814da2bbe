"""Whatever ECS answers and shows, and whenever: a command runs at most once."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, get_args

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.decide.runs import (
    Due,
    due,
    failed_to_start,
    not_shown,
    refused,
    shown,
    stopped,
    token,
    tried_again,
)
from chalicelib.model.changes import changed_run
from chalicelib.model.runs import Kind, RunOutcome, StandaloneTask, TaskRun
from chalicelib.model.services import StoppedContainer, StoppedTask
from tests.fixtures import examples

ID, CONTAINER = "web-1", "conflicto-backend"
Answer = Literal["starts", "starts, no answer", "no answer", "no capacity", "throttled", "refused"]
Happens = Literal["nothing", "runs", "ends 0", "ends 3", "cannot start", "host lost", "by hand"]


@dataclass
class Ecs:
    """The tasks that ECS started, by token, and the tokens whose container ran."""

    tasks: dict[str, StandaloneTask] = field(default_factory=dict)
    ran: set[str] = field(default_factory=set)

    def run_task(self, named: str, answer: Answer) -> str:
        """Return the task of this token, or what ECS answers instead."""
        if answer.startswith("starts") and named not in self.tasks:
            end = StoppedTask(id=named, containers=(StoppedContainer(name=CONTAINER),))
            self.tasks[named] = StandaloneTask(arn=named, status="PROVISIONING", end=end)
        known = named in self.tasks and answer not in {"starts, no answer", "no answer"}
        return named if known else answer

    def happens(self, what: Happens, now: datetime) -> None:
        for named, task in self.tasks.items():
            if what == "nothing" or task.stopped:
                continue
            if what in {"runs", "host lost"} or what.startswith("ends"):
                self.ran.add(named)
            self.tasks[named] = self._after(task, what, now)

    def _after(self, task: StandaloneTask, what: Happens, now: datetime) -> StandaloneTask:
        ran = task.arn in self.ran
        unseen = what == "host lost"  # it may have run, and ECS shows no time at which it did
        started = task.end.started_at or (now if ran and not unseen else None)
        if what == "runs" or (what == "cannot start" and ran):
            end = task.end.model_copy(update={"started_at": started})
            return StandaloneTask(arn=task.arn, status="RUNNING", end=end)
        code = {"ends 0": 0, "ends 3": 3, "by hand": 143 if ran else None}.get(what)
        stop_code = {
            "cannot start": "TaskFailedToStart",
            "host lost": "TerminationNotice",
            "by hand": "UserInitiated",
        }.get(what, "EssentialContainerExited")
        container = StoppedContainer(name=CONTAINER, exit_code=code)
        end = StoppedTask(
            id=task.arn, stop_code=stop_code, started_at=started, containers=(container,)
        )
        return StandaloneTask(arn=task.arn, status="STOPPED", ending=True, end=end)


class Steps:
    """A run, and the steps that it takes in the manner of `flow/task_run.py`."""

    def __init__(self, kind: Kind, timeout: int) -> None:
        self.kind, self.now, self.ecs = kind, examples.NOW, Ecs()
        first = token(ID, kind, 1)
        self.run = examples.run(timeout=timeout, request=first)
        self.tokens = [first]

    def send(self, answer: Answer, *, first: bool) -> TaskRun:
        run = self.run
        assert self.now < run.asked + timedelta(minutes=55)
        assert self.now < run.began + timedelta(seconds=run.timeout)
        assert run.stopping is None
        task = self.ecs.run_task(run.request, answer)
        if task in self.ecs.tasks:
            return changed_run(run, task=task, reason="", missing=None)
        if answer == "no capacity" or (answer == "throttled" and first):
            return failed_to_start(run, self.kind, answer, self.now)
        if answer == "refused" and first:
            return refused(run, self.kind, answer, self.now)
        return changed_run(run, reason=answer)

    def look(self, *, hidden: bool) -> TaskRun:
        task = None if hidden else self.ecs.tasks.get(self.run.task or self.run.request)
        if task is None:
            return not_shown(self.run, self.kind, self.now)
        run = shown(self.run, self.kind, task, self.now)
        if not task.stopped and (run.stopping is not None or run.outcome is not None):
            self.ecs.happens("by hand", self.now)
        return run

    def step(self, answer: Answer, *, hidden: bool) -> None:
        match due(self.run, self.now):
            case Due.NOTHING:
                pass
            case Due.GIVE_UP:
                self.run = failed_to_start(self.run, self.kind, self.run.reason, self.now)
            case Due.TRY_AGAIN:
                self.tokens.append(token(ID, self.kind, self.run.attempt + 1))
                self.run = tried_again(self.run, self.tokens[-1], self.now)
                self.run = self.send(answer, first=True)
            case Due.SEND:
                self.run = self.send(answer, first=False)
            case Due.FIND | Due.LOOK:
                self.run = self.look(hidden=hidden)

    def passes(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)


STEP = st.tuples(
    st.sampled_from([1, 15, 60, 300, 1000, 3000]),
    st.sampled_from(get_args(Happens)),
    st.sampled_from(get_args(Answer)),
    st.booleans(),
    st.sampled_from([False] * 9 + [True]),
)


@given(
    st.sampled_from(get_args(Kind)),
    st.sampled_from([60, 900, 7200]),
    st.sampled_from(get_args(Answer)),
    st.lists(STEP, max_size=25),
)
def test_at_most_one_attempt_runs_and_the_run_ends_as_that_one_did(
    kind: Kind,
    timeout: int,
    first: Answer,
    steps: list[tuple[int, Happens, Answer, bool, bool]],
) -> None:
    it = Steps(kind, timeout)
    it.run = it.send(first, first=True)
    for seconds, happens, answer, hidden, withdrawn in steps:
        it.passes(seconds)
        it.ecs.happens(happens, it.now)
        if it.run.outcome is None:
            if withdrawn:
                it.run = stopped(it.run, "ana stopped it", it.now)
            it.step(answer, hidden=hidden)
        _nothing_runs_twice(it)
        _an_outcome_is_true(it)


def _nothing_runs_twice(it: Steps) -> None:
    assert len(it.ecs.ran) <= 1
    assert len(set(it.tokens)) == len(it.tokens) == it.run.attempt
    ahead = [named for named in it.tokens[:-1] if named in it.ecs.tasks]
    assert all(it.ecs.tasks[named].end.stop_code == "TaskFailedToStart" for named in ahead)


def _an_outcome_is_true(it: Steps) -> None:
    codes = {task.exit_code(CONTAINER) for task in it.ecs.tasks.values()}
    match it.run.outcome:
        case RunOutcome.SUCCEEDED:
            assert 0 in codes
        case RunOutcome.FAILED:
            assert codes & {3, 143}
        case RunOutcome.NOT_STARTED:
            assert not it.ecs.ran
            assert all(task.stopped for task in it.ecs.tasks.values())
        case _:
            pass


@given(
    st.sampled_from([60, 900, 7200]),
    st.sampled_from(get_args(Answer)),
    st.sampled_from(get_args(Answer)),
    st.sampled_from(["nothing", "runs", "cannot start"]),
    st.booleans(),
)
def test_every_run_ends_within_twice_its_time_out_and_a_few_looks(
    timeout: int, first: Answer, answer: Answer, happens: Happens, hidden: bool
) -> None:
    it = Steps("before", timeout)
    it.run = it.send(first, first=True)
    while it.run.outcome is None:
        it.passes(60)
        it.ecs.happens(happens, it.now)
        it.step(answer, hidden=hidden)
        assert it.now - examples.NOW <= timedelta(seconds=2 * timeout + 900)
