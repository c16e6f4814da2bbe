"""Every ten minutes, what was lost is found."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from chalicelib.errors import Conflict, Refused, Unavailable
from chalicelib.flow.advance import advance
from chalicelib.flow.image_event import image_event
from chalicelib.flow.rollback import rollback_by_hand
from chalicelib.flow.sweep.sweep import sweep_targets
from chalicelib.model.deployments import Status
from chalicelib.model.holds import HeldDeployment, Hold
from tests.fixtures import examples
from tests.fixtures.examples import DIGEST, NAME, NOW, OTHER_DIGEST, at, push_event, revision
from tests.flow.fakes import Aws, Fault, aws

FIRST_OF_THE_HOUR = NOW.replace(minute=3)
WEB = examples.target(service="web")


def _sweep(world: Aws, when: datetime) -> list[tuple[str, str]]:
    world.now = when - timedelta(seconds=60)
    return [(outcome.outcome, outcome.service) for outcome in sweep_targets(world.world())]


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
    assert (head.met, head.version) == (at(0), 1)
    assert [one.revision for one in head.proven] == [revision(7)]
    assert _sweep(world, at(600)) == []


def test_what_was_pushed_before_the_meeting_is_not_deployed() -> None:
    world = aws()
    _sweep(world, at(0))
    world.images.all = [examples.image(pushed_at=at(-1))]
    assert _sweep(world, FIRST_OF_THE_HOUR + timedelta(hours=1)) == []
    assert world.ecs_acts == []


def test_a_service_that_does_not_exist_is_told_and_the_next_one_swept() -> None:
    world = aws(examples.target(), WEB)
    del world.services.all[NAME]
    assert _sweep(world, at(0)) == [("failed", NAME), ("met", WEB.name)]


@pytest.mark.parametrize("minutes", range(1, 60, 7))
def test_a_push_whose_event_was_lost_is_found_by_the_next_sweep(minutes: int) -> None:
    world = _met()
    when = FIRST_OF_THE_HOUR + timedelta(minutes=minutes)
    world.images.all = [examples.image(pushed_at=when - timedelta(minutes=5))]
    assert _sweep(world, when) == [("found", NAME)]
    record = world.record()
    assert (record.cause, record.tag, record.status) == ("sweep", "abc1234", Status.IN_PROGRESS)
    assert world.ecs_acts == ["register", "update conflicto-backend-dev:8"]
    assert (record.id, record.watcher) in world.watchers.running


def test_a_repository_that_several_services_follow_is_read_once() -> None:
    world = aws(examples.target(), WEB, examples.target(service="worker"))
    world.images.all = []
    _sweep(world, FIRST_OF_THE_HOUR - timedelta(hours=1))
    world.restart()
    _sweep(world, FIRST_OF_THE_HOUR)
    assert world.calls.count("tagged") == 1
    assert world.calls.count("image") == 0


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


def test_what_was_lost_for_a_day_is_told_once_and_never_deployed() -> None:
    world = _met()
    world.images.all = [examples.image(pushed_at=FIRST_OF_THE_HOUR)]
    day, hour = timedelta(hours=24), timedelta(hours=1)
    assert _sweep(world, FIRST_OF_THE_HOUR + day + hour) == [("refused", NAME)]
    record = world.record()
    assert (record.cause, record.status) == ("sweep", Status.REFUSED)
    assert record.reason == (
        "the event of this push (2026-03-02T10:03:30.000Z) never came, and it is too old to be "
        "deployed by itself. Deploy it by hand, or push a new build."
    )
    assert _sweep(world, FIRST_OF_THE_HOUR + day + 2 * hour) == []
    assert world.told == ["REFUSED"]
    assert world.ecs_acts == []
    assert not world.watchers.running


def test_what_was_lost_for_just_a_day_is_still_deployed() -> None:
    world = _met()
    world.images.all = [examples.image(pushed_at=FIRST_OF_THE_HOUR)]
    assert _sweep(world, FIRST_OF_THE_HOUR + timedelta(hours=24)) == [("found", NAME)]


def test_what_was_refused_for_its_age_may_be_deployed_by_hand_or_pushed_again() -> None:
    world = _met()
    world.images.all = [examples.image(pushed_at=FIRST_OF_THE_HOUR)]
    _sweep(world, FIRST_OF_THE_HOUR + timedelta(hours=25))
    (outcome,) = image_event(world.world(), push_event(time=world.now))
    assert (outcome.outcome, outcome.status) == ("recorded", "IN_PROGRESS")


def test_what_was_deployed_already_is_no_lost_push() -> None:
    world = _met()
    world.now, world.images.all = NOW, [examples.image(pushed_at=at(1))]
    image_event(world.world(), push_event(time=at(0)))
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


@pytest.mark.parametrize("older_first", [True, False], ids=["superseded", "refused"])
def test_the_older_of_two_pushes_within_one_second_is_no_lost_push(older_first: bool) -> None:
    world = _met()
    world.images.all = [
        examples.image(OTHER_DIGEST, at(0.1), tags=("older",)),
        examples.image(DIGEST, at(0.9), tags=("newer",)),
    ]
    world.now = NOW
    events = [push_event(OTHER_DIGEST, "older", at(0)), push_event(DIGEST, "newer", at(0))]
    for event in events if older_first else reversed(events):
        image_event(world.world(), event)
    world.services.complete(NAME)
    for identity in world.ledger.heads[NAME].open_deployments:
        advance(world.world(), NAME, identity)
    acts = list(world.ecs_acts)
    _sweep(world, FIRST_OF_THE_HOUR + timedelta(hours=1))
    assert world.ecs_acts == acts


def _rolled_back_in_the_same_second(pushed_at: float, *, push_first: bool) -> Aws:
    """A push and a rollback by hand, half a second after `NOW`; then all that could follow."""
    world = _met()
    world.images.all = [
        examples.image(OTHER_DIGEST, NOW - timedelta(minutes=9), tags=("live",)),
        examples.image(examples.OLD_DIGEST, NOW - timedelta(days=1), tags=("old",)),
    ]
    world.now = NOW - timedelta(minutes=10)
    image_event(world.world(), push_event(OTHER_DIGEST, "live", NOW - timedelta(minutes=9)))
    world.services.complete(NAME)
    advance(world.world(), NAME, world.record().id)
    world.images.all.append(examples.image(DIGEST, at(pushed_at), tags=("new",)))

    def asked() -> None:
        world.now = at(0.5) - timedelta(seconds=60)
        rollback_by_hand(
            world.world(),
            {"service": NAME, "by": "ann", "why": "a test", "to": revision(7), "hold": False},
        )

    if not push_first:
        asked()
    image_event(world.world(0), push_event(DIGEST, "new", at(0)))
    if push_first:
        asked()
    for _ in range(3):
        for identity in world.ledger.heads[NAME].open_deployments:
            advance(world.world(), NAME, identity)
        if world.services.all[NAME].deployments[0].rollout_state == "IN_PROGRESS":
            world.services.complete(NAME)
    for hour in range(1, 4):
        _sweep(world, FIRST_OF_THE_HOUR + timedelta(hours=hour))
    return world


@pytest.mark.parametrize("push_first", [True, False], ids=["the push", "the rollback"])
@pytest.mark.parametrize(("pushed_at", "runs"), [(0.4, 7), (0.6, 9)], ids=["before", "after"])
def test_a_push_in_the_second_of_a_rollback_by_hand_ends_the_same_whichever_comes_first(
    push_first: bool, pushed_at: float, runs: int
) -> None:
    world = _rolled_back_in_the_same_second(pushed_at, push_first=push_first)
    assert world.services.all[NAME].task_definition == revision(runs)
    refused = [one for one in world.ledger.records.values() if one.status is Status.REFUSED]
    assert {one.digest for one in refused} <= {DIGEST}
    assert not [one for one in world.ledger.records.values() if one.cause == "sweep"]


def test_a_push_that_was_refused_is_not_deployed_by_the_sweep_whatever_the_clocks_say() -> None:
    world = _met()
    world.images.all = [examples.image(OTHER_DIGEST, NOW, tags=("newer",))]
    world.now = NOW
    image_event(world.world(), push_event(OTHER_DIGEST, "newer", NOW))
    world.services.complete(NAME)
    advance(world.world(), NAME, world.record().id)
    world.images.all.append(examples.image(DIGEST, at(1), tags=("new",)))  # by ECR's clock
    assert image_event(world.world(), push_event(DIGEST, "new", at(-1)))[0].outcome == "refused"
    assert _sweep(world, FIRST_OF_THE_HOUR + timedelta(hours=1)) == []


def test_what_is_open_is_advanced() -> None:
    world = aws()
    image_event(world.world(), push_event())
    world.services.complete(NAME)
    (outcome,) = sweep_targets(world.world())
    assert (outcome.outcome, outcome.status) == ("advanced", "SUCCESSFUL")
    assert sweep_targets(world.world()) == ()


def test_a_dead_watcher_is_replaced_by_the_next_one() -> None:
    world = aws()
    image_event(world.world(), push_event())
    record = world.record()
    world.watchers.running.clear()
    sweep_targets(world.world())
    assert world.watchers.running == {(record.id, 2)}
    assert world.record().watcher == 2
    sweep_targets(world.world())
    assert world.watchers.running == {(record.id, 2)}


def test_a_watcher_that_never_started_is_started() -> None:
    world = aws()
    world.faults = [Fault(0, Unavailable("down"), name="start")]
    try:
        image_event(world.world(), push_event())
    except Unavailable:
        image_event(world.world(), push_event())
    assert not world.watchers.running
    sweep_targets(world.world())
    assert world.watchers.running


def test_one_services_fault_keeps_no_other_from_being_swept() -> None:
    world = aws(examples.target(), WEB)
    image_event(world.world(), push_event())
    world.services.complete(NAME)
    world.services.complete(WEB.name)
    world.restart()
    world.faults = [Fault(0, Refused("odd"), name="service")]
    outcomes = [(one.outcome, one.service, one.status) for one in sweep_targets(world.world())]
    assert outcomes == [("failed", NAME, ""), ("advanced", WEB.name, "SUCCESSFUL")]


def test_a_fault_of_ours_is_raised_when_all_had_their_turn() -> None:
    world = aws(examples.target(), WEB)
    image_event(world.world(), push_event())
    world.services.complete(NAME)
    world.services.complete(WEB.name)
    world.restart()
    world.faults = [Fault(0, ValueError("a fault of ours"), name="service")]
    with pytest.raises(ValueError, match="a fault of ours"):
        sweep_targets(world.world())
    assert world.record().status is Status.IN_PROGRESS
    assert world.record(WEB.name).status is Status.SUCCESSFUL
    sweep_targets(world.world())
    assert world.record().status is Status.SUCCESSFUL


def test_what_waits_for_a_person_is_given_no_watcher() -> None:
    world = aws()
    held = examples.deployment(id="d", status=Status.HELD)
    hold = Hold(kind="person", by="ann", why="a test", since=NOW)
    named = HeldDeployment(deployment="d", digest=held.digest, order=held.order)
    head = examples.head(open_deployments=("d",), holds=(hold,), held=named)
    world.ledger.save(head, held)
    (outcome,) = sweep_targets(world.world())
    assert (outcome.outcome, outcome.status) == ("advanced", "HELD")
    assert not world.watchers.running


def test_who_was_met_at_the_same_moment_by_another_step_is_met_once() -> None:
    world = aws()
    world.faults = [Fault(0, Conflict("written"), name="save")]
    assert _sweep(world, at(0)) == [("met", NAME)]
    assert world.ledger.heads[NAME].version == 1


def test_a_notice_that_could_not_be_sent_is_sent() -> None:
    world = aws()
    world.faults = [Fault(0, Unavailable("down"), name="publish")]
    image_event(world.world(), push_event())
    assert world.told == []
    sweep_targets(world.world())
    assert world.told == ["IN_PROGRESS"]
    assert world.record().notices == ()


# What a rollback needs


def _live() -> Aws:
    """The pushed image runs, and the first one is where a rollback goes."""
    world = _met()
    world.images.all = [examples.image(pushed_at=FIRST_OF_THE_HOUR - timedelta(minutes=5))]
    _sweep(world, FIRST_OF_THE_HOUR)
    world.services.complete(NAME)
    _sweep(world, FIRST_OF_THE_HOUR + timedelta(minutes=20))
    assert world.record().status is Status.SUCCESSFUL
    world.topic.published.clear()
    return world


def test_an_image_that_a_rollback_needs_and_that_is_gone_is_told_once() -> None:
    world = _live()
    hour = timedelta(hours=1)
    assert _sweep(world, FIRST_OF_THE_HOUR + hour) == []
    world.images.all = []
    assert _sweep(world, FIRST_OF_THE_HOUR + 2 * hour) == [("image missing", NAME)]
    assert _sweep(world, FIRST_OF_THE_HOUR + 3 * hour) == []
    (notice,) = world.topic.published
    assert notice.id == f"{world.record().id}-image-missing-2026030212"
    assert notice.subject == f"{NAME.split('/')[1]}: the image of abc1234 cannot be pulled"
    assert f"no longer has {DIGEST} (a lifecycle policy?)" in notice.text
    assert world.record().notices == ()


def test_an_archived_image_is_told_of_again_after_it_was_back() -> None:
    world = _live()
    hour, restored = timedelta(hours=1), world.images.all
    archived = [examples.image(pushed_at=restored[0].pushed_at, status="ARCHIVED")]
    world.images.all = archived
    assert _sweep(world, FIRST_OF_THE_HOUR + hour) == [("image missing", NAME)]
    world.images.all = restored
    assert _sweep(world, FIRST_OF_THE_HOUR + 2 * hour) == [("image back", NAME)]
    world.images.all = archived
    assert _sweep(world, FIRST_OF_THE_HOUR + 3 * hour) == [("image missing", NAME)]
    assert len({notice.id for notice in world.topic.published}) == 2
    assert "update-image-storage-class" in world.topic.published[0].text


def test_a_notice_of_a_missing_image_that_was_not_sent_is_sent_by_the_next_sweep() -> None:
    world = _live()
    world.images.all = []
    world.faults = [Fault(world.calls.count("publish"), Unavailable("throttled"), name="publish")]
    assert _sweep(world, FIRST_OF_THE_HOUR + timedelta(hours=1)) == [("image missing", NAME)]
    assert world.topic.published == []
    _sweep(world, FIRST_OF_THE_HOUR + timedelta(hours=1, minutes=10))
    assert len(world.topic.published) == 1
