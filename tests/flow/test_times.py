"""A closed deployment asks ECS once where its time went, and nothing waits for the answer."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from chalicelib.errors import Denied, Unavailable
from chalicelib.flow.advance import advance
from chalicelib.flow.image_event import image_event
from chalicelib.flow.status import tell_status
from chalicelib.model.base import iso
from chalicelib.model.deployments import Deployment, Status
from chalicelib.model.services import HookSettings, ServiceEvent, Strategy
from chalicelib.model.times import Lasted, TaskTimes
from tests.fixtures import examples
from tests.fixtures.examples import NAME, push_event
from tests.flow.fakes import Aws, Died, Fault, aws
from tests.flow.steps import pushed, step

TASK = "a" * 32
READS = ("rollout_times", "task_times")


def _tells(world: Aws, pulling: float = 20) -> None:
    """ECS tells of one new task, which pulled for so many seconds."""
    now, service = world.now, world.services.all[NAME]
    message = f"(service conflicto-backend-service-dev) has started 1 tasks: (task {TASK})."
    events = (ServiceEvent(at=now + timedelta(seconds=2), message=message),)
    world.services.all[NAME] = service.model_copy(update={"events": events})
    names = ("created", "pull_started", "pull_stopped", "started")
    moments = (2, 5, 5 + pulling, 7 + pulling)
    times = {name: now + timedelta(seconds=one) for name, one in zip(names, moments, strict=True)}
    revision = world.record().revision.rsplit("/", 1)[-1]
    world.services.times = [TaskTimes(id=TASK, revision=revision, **times)]


def _later(world: Aws, seconds: float) -> Deployment:
    return advance(world.world(seconds), NAME, world.record().id)


def _live(world: Aws, after: float = 60) -> Deployment:
    world.services.complete(NAME)
    return _later(world, after)


def _phases(record: Deployment) -> dict[str, int]:
    times = record.times
    return {one.phase: one.milliseconds for one in times.phases} if times else {}


def test_it_asks_twice_after_the_verdict_and_writes_nothing_more() -> None:
    world = pushed()
    _tells(world)
    writes, calls = world.ledger.writes, len(world.calls)
    record = _live(world)
    made = world.calls[calls:]
    assert [made.count(read) for read in READS] == [1, 1]
    assert made.index("save") < made.index("rollout_times") < made.index("publish")
    assert world.ledger.writes - writes == 2  # the verdict; then the times with what was told
    assert (record.times_due, record.finished) == (None, True)
    assert world.record() == record
    assert _phases(record)["pulling"] == 20_000
    assert sum(_phases(record).values()) == 60_000


def test_a_step_after_it_asks_no_more() -> None:
    world = pushed()
    _live(world)
    calls = len(world.calls)
    step(world)
    assert not {*READS} & {*world.calls[calls:]}


@pytest.mark.parametrize("read", READS)
@pytest.mark.parametrize("error", [Unavailable("throttled"), Denied("may not")], ids=["", "no"])
def test_what_ecs_does_not_tell_is_unknown_and_people_are_told_at_once(
    read: str, error: Exception
) -> None:
    world = pushed()
    _tells(world)
    world.faults = [Fault(0, error, name=read)]
    record = _live(world)
    assert world.told == ["IN_PROGRESS", "SUCCESSFUL"]
    assert (record.status, record.finished) == (Status.SUCCESSFUL, True)
    assert record.times is not None
    assert "ECS did not tell" in record.times.note
    assert sum(_phases(record).values()) == 60_000


def _died(world: Aws, read: str = "rollout_times") -> None:
    world.faults = [Fault(0, Died(), name=read)]
    with pytest.raises(Died):
        _live(world)
    assert (world.record().status, world.record().finished) == (Status.SUCCESSFUL, False)
    assert world.told == ["IN_PROGRESS"]


@pytest.mark.parametrize("read", READS)
def test_another_step_asks_when_the_one_that_closed_it_died(read: str) -> None:
    world = pushed()
    _tells(world)
    _died(world, read)
    assert _later(world, 5).times_due is not None  # the first one may only be slow
    record = _later(world, 35)
    assert world.told == ["IN_PROGRESS", "SUCCESSFUL"]
    assert _phases(record)["pulling"] == 20_000
    assert sum(_phases(record).values()) == 60_000


def test_after_a_minute_nobody_waits_for_ecs() -> None:
    world = pushed()
    _tells(world)
    _died(world)
    calls = len(world.calls)
    record = _later(world, 61)
    assert not {*READS} & {*world.calls[calls:]}
    assert record.finished
    assert record.times is not None
    assert record.times.note == "Slipway could not ask ECS in time."


def test_a_failure_is_rolled_back_and_explained_before_anybody_asks_for_times() -> None:
    world = pushed()
    world.services.stopped(NAME)
    step(world)
    assert not {*READS} & {*world.calls}
    world.services.complete(NAME)
    record = step(world)
    assert record.status is Status.ROLLBACK_SUCCESSFUL
    assert [world.calls.count(read) for read in READS] == [1, 0]
    assert _phases(record)["returning"]


def test_one_that_was_never_applied_asks_nothing_and_has_its_times_at_once() -> None:
    world = aws(examples.target(mode="observe"))
    image_event(world.world(), push_event())
    record = world.record()
    assert (record.status, record.closed_at) == (Status.OBSERVED, record.created)
    assert (record.finished, record.times is not None) == (True, True)
    assert not {*READS} & {*world.calls}


def _usual(world: Aws, pulling: int = 10_000) -> None:
    head = world.ledger.heads[NAME]
    lasted = (Lasted(pulling=pulling, healthy=50_000),) * 3
    world.ledger.heads[NAME] = head.model_copy(update={"lasted": lasted})


def test_the_last_notice_has_one_line_on_what_took_far_longer_than_usual() -> None:
    world = pushed()
    _tells(world, pulling=50)
    _usual(world)
    record = _live(world, after=65)
    last = world.topic.published[-1]
    assert "\nTime: Pulling took 50 s, usually 10 s.\n" in last.text
    assert last.text.index("Time: ") < last.text.index("Now: ")
    assert record.times is not None
    assert {one.phase: one.usual for one in record.times.phases}["pulling"] == 10_000


def test_nothing_is_said_of_what_took_about_as_long_as_usual() -> None:
    world = pushed()
    _tells(world, pulling=20)
    _usual(world)
    _live(world)
    assert "Time: " not in world.topic.published[-1].text


def test_head_keeps_the_times_of_the_last_ten_successful_deployments() -> None:
    world = pushed()
    _tells(world)
    head = world.ledger.heads[NAME]
    kept = tuple(Lasted(pulling=number) for number in range(10))
    world.ledger.heads[NAME] = head.model_copy(update={"lasted": kept})
    _live(world)
    lasted = world.ledger.heads[NAME].lasted
    assert [one.pulling for one in lasted] == [20_000, *range(9)]


def test_what_failed_is_never_usual() -> None:
    world = pushed()
    _tells(world)
    world.services.breaker(NAME)
    step(world)
    world.services.rolled_back(NAME)
    assert step(world).times is not None
    assert world.ledger.heads[NAME].lasted == ()


def _reply(world: Aws, **asked: Any) -> dict[str, Any]:
    found: dict[str, Any] = tell_status(world.world(), asked)["deployments"][0]
    return found


def test_status_tells_when_it_was_closed_and_where_the_time_went() -> None:
    world = pushed()
    _tells(world)
    record = _live(world)
    reply = _reply(world, service=NAME)
    assert (reply["closed"], reply["seconds"]) == (iso(record.updated), 60.0)
    assert reply["phases"]["pulling"] == 20.0
    times = _reply(world, deployment=world.record().id)["times"]
    assert {"phase": "pulling", "seconds": 20.0, "usual": None} in times["phases"]
    assert [task["id"] for task in times["tasks"]] == [TASK]
    assert [task["new"] for task in times["tasks"]] == [True]
    assert "has started 1 tasks" in times["events"][0]["what"]


def test_status_of_an_open_deployment_has_the_steps_so_far() -> None:
    world = pushed()
    service = world.services.all[NAME]
    linear = Strategy(name="LINEAR", hooks=(HookSettings(kind="PAUSE"),))
    world.services.all[NAME] = service.model_copy(update={"strategy": linear})
    world.services.stage(NAME, "PRODUCTION_TRAFFIC_SHIFT", 10)
    step(world)
    reply = _reply(world, deployment=world.record().id)
    assert (reply["closed"], reply["seconds"], reply["phases"]) == ("", None, {})
    times = reply["times"]
    assert (times["phases"], times["tasks"], times["events"]) == ([], [], [])
    assert [(one["stage"], one["traffic"]) for one in times["steps"]] == [
        ("PRODUCTION_TRAFFIC_SHIFT", 10.0)
    ]


def test_a_record_of_an_earlier_release_was_closed_when_it_last_changed() -> None:
    world = pushed()
    record = _live(world)
    fields = {"closed_at": None, "times": None, "updated": record.updated + timedelta(seconds=1)}
    old = record.model_copy(update=fields)
    world.ledger.records[NAME, record.id] = old
    reply = _reply(world, deployment=record.id)
    assert (reply["closed"], reply["seconds"]) == (iso(old.updated), 61.0)
    assert (reply["phases"], reply["times"]["phases"]) == ({}, [])


def test_the_time_that_a_deployment_waited_counts_from_when_it_first_had_to() -> None:
    world = aws(examples.target())
    service = world.services.all[NAME]
    (primary,) = service.deployments
    rolls = primary.model_copy(update={"rollout_state": "IN_PROGRESS"})
    world.services.all[NAME] = service.model_copy(update={"deployments": (rolls,)})
    image_event(world.world(), push_event())
    step(world)
    assert world.record().status is Status.PENDING
    assert world.record().blocked == world.record().created
    world.services.all[NAME] = service
    step(world)
    record = _live(world)
    assert _phases(record) == {"waiting": 120_000, "unknown": 60_000}
