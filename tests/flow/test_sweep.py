"""Every ten minutes, what was lost is found."""

from __future__ import annotations

from datetime import datetime, timedelta

from chalicelib.errors import Conflict, Refused, Unavailable
from chalicelib.flow.advance import advance
from chalicelib.flow.push import push
from chalicelib.flow.sweep import sweep
from chalicelib.model.deployments import Status
from tests.fixtures import examples
from tests.fixtures.examples import NAME, NOW, OTHER_DIGEST, at, push_event, revision
from tests.flow.fakes import Aws, Fault, aws

FIRST_OF_THE_HOUR = NOW.replace(minute=3)
WEB = examples.target(service="web")


def _sweep(world: Aws, when: datetime) -> list[tuple[str, str]]:
    world.now = when - timedelta(seconds=60)
    return [(outcome.outcome, outcome.service) for outcome in sweep(world.world())]


def _met() -> Aws:
    world = aws()
    world.images.all = []
    assert _sweep(world, FIRST_OF_THE_HOUR - timedelta(hours=1)) == [("met", NAME)]
    return world


def test_a_service_never_met_is_met_and_nothing_is_deployed() -> None:
    world = aws()
    assert _sweep(world, at(0)) == [("met", NAME)]
    assert world.acts == []
    head = world.ledger.heads[NAME]
    assert (head.order, head.version) == (at(0), 1)
    assert [one.revision for one in head.proven] == [revision(7)]
    assert _sweep(world, at(600)) == []


def test_what_was_pushed_before_the_meeting_is_not_deployed() -> None:
    world = aws()
    _sweep(world, at(0))
    world.images.all = [examples.image(pushed_at=at(-1))]
    assert _sweep(world, FIRST_OF_THE_HOUR + timedelta(hours=1)) == []
    (outcome,) = push(world.world(), push_event(time=at(-1)))
    assert outcome.outcome == "refused"


def test_a_service_that_does_not_exist_is_told_and_the_next_one_swept() -> None:
    world = aws(examples.target(), WEB)
    del world.services.all[NAME]
    assert _sweep(world, at(0)) == [("failed", NAME), ("met", WEB.name)]


def test_a_push_whose_event_was_lost_is_found_in_the_first_sweep_of_an_hour() -> None:
    world = _met()
    world.images.all = [examples.image(pushed_at=FIRST_OF_THE_HOUR - timedelta(minutes=5))]
    assert _sweep(world, FIRST_OF_THE_HOUR) == [("found", NAME)]
    record = world.record()
    assert (record.cause, record.tag, record.status) == ("sweep", "abc1234", Status.IN_PROGRESS)
    assert world.ecs_acts == ["register", "update conflicto-backend-dev:8"]
    assert (record.id, record.watcher) in world.watchers.running


def test_repositories_are_not_read_at_other_times() -> None:
    world = _met()
    world.images.all = [examples.image(pushed_at=FIRST_OF_THE_HOUR)]
    world.restart()
    assert _sweep(world, FIRST_OF_THE_HOUR.replace(minute=10)) == []
    assert "pushed_since" not in world.calls


def test_only_the_newest_of_the_lost_pushes_is_deployed() -> None:
    world = _met()
    minute = timedelta(minutes=1)
    world.images.all = [
        examples.image(pushed_at=FIRST_OF_THE_HOUR - 5 * minute),
        examples.image(OTHER_DIGEST, FIRST_OF_THE_HOUR - 4 * minute, tags=("latest", "def5678")),
        examples.image("sha256:" + "c" * 64, FIRST_OF_THE_HOUR - 3 * minute, tags=("latest",)),
        examples.image(
            "sha256:" + "d" * 64, FIRST_OF_THE_HOUR - 2 * minute, artifact_type="text/sbom+json"
        ),
    ]
    assert _sweep(world, FIRST_OF_THE_HOUR) == [("found", NAME)]
    assert (world.record().digest, world.record().tag) == (OTHER_DIGEST, "def5678")


def test_what_was_lost_for_a_day_is_left_alone() -> None:
    world = _met()
    world.images.all = [examples.image(pushed_at=FIRST_OF_THE_HOUR)]
    assert _sweep(world, FIRST_OF_THE_HOUR + timedelta(hours=24)) == []


def test_what_was_deployed_already_is_no_lost_push() -> None:
    world = _met()
    world.images.all = [examples.image(pushed_at=at(1))]
    push(world.world(), push_event(time=at(0)))
    world.services.complete(NAME)
    advance(world.world(), NAME, world.record().id)
    acts = list(world.acts)
    _sweep(world, FIRST_OF_THE_HOUR + timedelta(hours=1))
    assert world.acts == acts
    assert len(world.ledger.records) == 1


def test_a_lost_push_that_failed_before_is_refused_once() -> None:
    world = _met()
    world.images.all = [examples.image(pushed_at=FIRST_OF_THE_HOUR)]
    failed = examples.recent(status=Status.ROLLBACK_SUCCESSFUL)
    world.ledger.heads[NAME] = world.ledger.heads[NAME].model_copy(update={"recent": (failed,)})
    hour = timedelta(hours=1)
    assert _sweep(world, FIRST_OF_THE_HOUR + hour) == [("refused", NAME)]
    _sweep(world, FIRST_OF_THE_HOUR + 2 * hour)
    assert world.told == ["REFUSED"]
    assert world.ecs_acts == []


def test_what_is_open_is_advanced() -> None:
    world = aws()
    push(world.world(), push_event())
    world.services.complete(NAME)
    (outcome,) = sweep(world.world())
    assert (outcome.outcome, outcome.status) == ("advanced", "SUCCESSFUL")
    assert sweep(world.world()) == ()


def test_a_dead_watcher_is_replaced_by_the_next_one() -> None:
    world = aws()
    push(world.world(), push_event())
    record = world.record()
    world.watchers.running.clear()
    sweep(world.world())
    assert world.watchers.running == {(record.id, 2)}
    assert world.record().watcher == 2
    sweep(world.world())
    assert world.watchers.running == {(record.id, 2)}


def test_a_watcher_that_never_started_is_started() -> None:
    world = aws()
    world.faults = [Fault(0, Unavailable("down"), name="start")]
    try:
        push(world.world(), push_event())
    except Unavailable:
        push(world.world(), push_event())
    assert not world.watchers.running
    sweep(world.world())
    assert world.watchers.running


def test_one_services_fault_keeps_no_other_from_being_swept() -> None:
    world = aws(examples.target(), WEB)
    push(world.world(), push_event())
    world.services.complete(NAME)
    world.services.complete(WEB.name)
    world.restart()
    world.faults = [Fault(0, Refused("odd"), name="service")]
    outcomes = [(one.outcome, one.service, one.status) for one in sweep(world.world())]
    assert outcomes == [("failed", NAME, ""), ("advanced", WEB.name, "SUCCESSFUL")]


def test_who_was_met_at_the_same_moment_by_another_step_is_met_once() -> None:
    world = aws()
    world.faults = [Fault(0, Conflict("written"), name="save")]
    assert _sweep(world, at(0)) == [("failed", NAME)]
    assert _sweep(world, at(600)) == [("met", NAME)]


def test_a_notice_that_could_not_be_sent_is_sent() -> None:
    world = aws()
    world.faults = [Fault(0, Unavailable("down"), name="publish")]
    push(world.world(), push_event())
    assert world.told == []
    sweep(world.world())
    assert world.told == ["IN_PROGRESS"]
    assert world.record().notices == ()
