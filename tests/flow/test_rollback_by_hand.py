"""`rollback` by hand: what it stops, and what it goes back to."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.errors import Conflict, Refused, Unanswered, Unavailable
from chalicelib.flow.advance import advance
from chalicelib.flow.deploy import deploy_by_hand
from chalicelib.flow.image_event import image_event
from chalicelib.flow.rollback import rollback_by_hand
from chalicelib.model.deployments import Status
from chalicelib.model.heads import Lease
from tests.fixtures import examples
from tests.fixtures.examples import DIGEST, NAME, OTHER_DIGEST, URI, at, push_event, revision
from tests.flow.by_hand import WHO, deployed, end, throttled
from tests.flow.fakes import Aws, Fault, aws


def test_a_rollback_goes_to_the_proven_revision_before_and_registers_nothing() -> None:
    world = deployed()
    reply = rollback_by_hand(world.world(), WHO)
    record = world.record()
    assert reply == {"deployment": record.id, "status": "IN_PROGRESS"}
    assert (record.cause, record.revision, record.goes_to) == ("rollback", revision(7), revision(7))
    assert record.digest == examples.OLD_DIGEST
    assert world.ecs_acts == ["update conflicto-backend-dev:7"]
    assert end(world) is Status.SUCCESSFUL
    assert [one.rolled_away for one in world.ledger.heads[NAME].proven] == [False, True]


def test_after_a_rollback_a_second_one_goes_no_further_than_what_is_proven() -> None:
    world = deployed()
    rollback_by_hand(world.world(), WHO)
    end(world)
    with pytest.raises(Refused, match="no proven revision from before conflicto-backend-dev:7"):
        rollback_by_hand(world.world(), WHO)


@pytest.mark.parametrize("to", ["conflicto-backend-dev:7", revision(7)])
def test_a_rollback_goes_where_it_is_told(to: str) -> None:
    world = deployed(well=False)
    assert rollback_by_hand(world.world(), {**WHO, "to": to})["status"] == "IN_PROGRESS"


def test_after_a_rollback_by_ecs_one_by_hand_needs_a_name() -> None:
    with pytest.raises(Refused, match="is already back on conflicto-backend-dev:7"):
        rollback_by_hand(deployed(well=False).world(), WHO)


def test_an_inactive_revision_is_registered_again_as_a_copy() -> None:
    world = deployed()
    seven = world.services.definitions[revision(7)]
    seven.body["status"] = "INACTIVE"
    rollback_by_hand(world.world(), WHO)
    assert world.ecs_acts == ["register", "update conflicto-backend-dev:9"]
    nine = world.services.definitions[revision(9)]
    assert nine.body["containerDefinitions"] == seven.body["containerDefinitions"]


def test_a_rollback_stops_what_is_under_way_and_returns_its_id() -> None:
    world = deployed()
    deploy_by_hand(world.world(), {**WHO, "image": "def5678"})
    open_one = world.record()
    world.acts.clear()
    reply = rollback_by_hand(world.world(), WHO)
    assert reply == {"deployment": open_one.id, "status": "ROLLBACK_IN_PROGRESS"}
    assert world.ecs_acts == ["stop 3"]
    world.services.rolled_back(NAME)
    assert advance(world.world(), NAME, open_one.id).status is Status.ROLLBACK_SUCCESSFUL
    assert world.record().reason == "stopped by hand by ann: a test"


def test_a_rollback_of_what_has_just_completed_goes_back_from_it() -> None:
    world = deployed()
    deploy_by_hand(world.world(), {**WHO, "image": "def5678"})
    stopped = world.record()
    world.services.complete(NAME)
    reply = rollback_by_hand(world.world(), WHO)
    assert reply == {"deployment": world.record().id, "status": "IN_PROGRESS"}
    assert world.ledger.records[NAME, stopped.id].status is Status.SUCCESSFUL
    assert world.record().goes_to == world.record().revision == stopped.return_to


@pytest.mark.parametrize(
    ("hold", "status", "reason"),
    [
        (None, Status.HELD, "ann rolled back by hand, so pushes wait for a release (a test)"),
        (False, Status.REFUSED, "stopped by hand by ann: a test"),
    ],
    ids=["held", "not held"],
)
def test_a_rollback_keeps_what_waits_from_going_and_goes_back_all_the_same(
    hold: bool | None, status: Status, reason: str
) -> None:
    world = throttled(deployed())
    deploy_by_hand(world.world(), {**WHO, "image": "def5678"})
    waiting = world.record()
    assert waiting.status is Status.PENDING
    reply = rollback_by_hand(world.world(), {**WHO, "hold": hold})
    assert reply == {"deployment": world.record().id, "status": "IN_PROGRESS"}
    kept = world.ledger.records[NAME, waiting.id]
    assert (kept.status, kept.reason) == (status, reason)
    assert world.ecs_acts == ["update conflicto-backend-dev:7"]


def test_what_waits_is_stopped_also_where_there_is_nothing_to_go_back_to() -> None:
    world = throttled(deployed(well=False))
    deploy_by_hand(world.world(), {**WHO, "image": "def5678"})
    waiting = world.record()
    reply = rollback_by_hand(world.world(), WHO)
    assert (reply["deployment"], reply["status"]) == (waiting.id, "HELD")
    assert reply["error"].startswith(f"{waiting.id} is HELD; but the service stays")
    assert "is already back on conflicto-backend-dev:7" in reply["error"]
    assert world.ecs_acts == []


def test_a_rollback_while_another_step_acts_is_asked_for_again() -> None:
    world = deployed()
    deploy_by_hand(world.world(), {**WHO, "image": "def5678"})
    lease = Lease(holder="another", until=world.now + (at(90) - at(0)))
    head = world.ledger.heads[NAME]
    world.ledger.heads[NAME] = head.model_copy(update={"lease": lease})
    with pytest.raises(Unavailable, match="another step is acting"):
        rollback_by_hand(world.world(), WHO)


@pytest.mark.parametrize(
    ("payload", "error"),
    [
        pytest.param({**WHO, "to": "v0"}, "'v0' names no revision that ran successfully", id="to"),
        pytest.param({"service": NAME, "by": "ann"}, "`why`", id="no reason"),
        pytest.param({**WHO, "service": "a/b"}, "no target is named 'a/b'", id="service"),
    ],
)
def test_what_cannot_be_gone_back_to_is_refused(payload: Any, error: str) -> None:
    with pytest.raises(Refused, match=error):
        rollback_by_hand(deployed().world(), payload)


def test_a_service_never_met_has_nothing_to_go_back_to() -> None:
    with pytest.raises(Refused, match="Slipway has not met"):
        rollback_by_hand(aws().world(), WHO)


def test_a_revision_deleted_from_ecs_is_refused() -> None:
    world = deployed()
    del world.services.definitions[revision(7)]
    with pytest.raises(Refused, match="was deleted from ECS"):
        rollback_by_hand(world.world(), WHO)


def test_a_revision_that_runs_another_registrys_image_is_gone_back_to() -> None:
    world = deployed()
    seven = world.services.definitions[revision(7)]
    image = f"999999999999.dkr.ecr.us-west-2.amazonaws.com/{examples.REPOSITORY}@sha256:{'9' * 64}"
    seven.body["containerDefinitions"][0]["image"] = image
    world.targets = examples.targets(examples.target(containers=("conflicto-backend",)))
    reply = rollback_by_hand(world.world(), WHO)
    assert reply["status"] == "IN_PROGRESS"
    assert world.record().image == image


def test_an_image_deleted_from_ecr_is_refused() -> None:
    world = deployed()
    world.images.all = [examples.image()]
    with pytest.raises(Refused, match="no longer has"):
        rollback_by_hand(world.world(), WHO)


def test_an_image_archived_by_ecr_is_refused() -> None:
    world = deployed()
    world.images.all[-1] = examples.image(examples.OLD_DIGEST, status="ARCHIVED")
    with pytest.raises(Refused, match="its status is ARCHIVED"):
        rollback_by_hand(world.world(), WHO)


def test_a_revision_whose_image_was_named_by_tag_only_is_gone_back_to() -> None:
    world = deployed()
    seven = world.services.definitions[revision(7)]
    seven.body["containerDefinitions"][0]["image"] = f"{URI}:old"
    assert rollback_by_hand(world.world(), WHO)["status"] == "IN_PROGRESS"
    assert (world.record().digest, world.record().tag) == ("", "old")


def test_a_rollback_of_a_deleted_service_is_refused() -> None:
    world = deployed()
    world.services.all.clear()
    with pytest.raises(Refused, match="has no active service"):
        rollback_by_hand(world.world(), WHO)


def test_a_rollback_ends_what_waits_and_stops_what_is_rolled_out() -> None:
    world = deployed()
    deploy_by_hand(world.world(), {**WHO, "image": "def5678"})
    rolling = world.record()
    deploy_by_hand(throttled(world).world(), {**WHO, "image": "old"})
    waiting = world.record()
    reply = rollback_by_hand(world.world(), WHO)
    assert reply == {"deployment": rolling.id, "status": "ROLLBACK_IN_PROGRESS"}
    assert world.ledger.records[NAME, waiting.id].status is Status.HELD
    assert world.ecs_acts[-1] == "stop 3"


def test_a_late_push_that_is_refused_does_not_hide_that_the_last_one_was_rolled_back() -> None:
    world = deployed()
    image_event(world.world(), push_event(OTHER_DIGEST, "def5678", at(60)))
    assert end(world, well=False) is Status.ROLLBACK_SUCCESSFUL
    late = "sha256:" + "c" * 64
    world.images.all.append(examples.image(late, tags=("late",)))
    assert image_event(world.world(), push_event(late, "late", at(-60)))[0].outcome == "refused"
    with pytest.raises(Refused, match="is already back on conflicto-backend-dev:8"):
        rollback_by_hand(world.world(), WHO)


def test_a_rollback_that_another_step_wrote_into_is_decided_again() -> None:
    world = deployed()
    deploy_by_hand(world.world(), {**WHO, "image": "def5678"})
    world.restart()
    world.faults = [Fault(0, Conflict("written by another"), name="save")]
    assert rollback_by_hand(world.world(), WHO)["status"] == "ROLLBACK_IN_PROGRESS"
    assert world.ecs_acts.count("stop 3") == 1


def test_a_rollback_that_others_keep_writing_into_is_asked_for_again() -> None:
    world = deployed()
    deploy_by_hand(world.world(), {**WHO, "image": "def5678"})
    world.restart()
    world.faults = [Fault(number, Conflict("again"), name="save") for number in range(5)]
    with pytest.raises(Unavailable, match="others kept writing"):
        rollback_by_hand(world.world(), WHO)
    assert "stop 3" not in world.ecs_acts


@pytest.mark.parametrize("ended", [False, True], ids=["under way", "over"])
def test_a_rollback_asked_for_again_with_its_key_changes_nothing(ended: bool) -> None:
    world = deployed()
    first = rollback_by_hand(world.world(), {**WHO, "key": "k"})
    if ended:
        end(world)
    again = rollback_by_hand(world.world(), {**WHO, "key": "k"})
    assert again["deployment"] == first["deployment"]
    assert world.ecs_acts == ["update conflicto-backend-dev:7"]


def test_a_rollback_of_what_may_have_been_applied_leaves_nothing_rolling_out() -> None:
    world = aws()
    world.faults = [Fault(0, Unanswered("no answer"), after=True, name="update")]
    image_event(world.world(), push_event())
    assert world.record().acting
    rollback_by_hand(world.world(), WHO)
    primary = world.services.all[NAME].primary
    assert primary is not None
    assert (world.record().status, primary.task_definition) != (Status.REFUSED, revision(8))


@pytest.mark.parametrize("happened", [False, True])
def test_a_copy_whose_registration_was_not_answered_is_registered_once(happened: bool) -> None:
    world = deployed()
    world.services.definitions[revision(7)].body["status"] = "INACTIVE"
    world.restart()
    world.faults = [Fault(0, Unanswered("no answer"), after=happened, name="register")]
    rollback_by_hand(world.world(), WHO)
    assert advance(world.world(), NAME, world.record().id).status is Status.IN_PROGRESS
    assert world.ecs_acts == ["register", "update conflicto-backend-dev:9"]


# What somebody else deployed counts as what ran


def _by_somebody(world: Aws) -> str:
    """Somebody deploys a revision of their own; no sweep has looked since."""
    made = world.services.register({**examples.task_definition().body, "tags": []})
    world.services.begin(NAME, made.arn)
    world.services.complete(NAME)
    return made.arn


@pytest.mark.parametrize("well", [True, False], ids=["after a success", "after a rollback"])
def test_a_rollback_of_what_somebody_else_deployed_goes_to_what_ran_before(well: bool) -> None:
    world = deployed(well=well)
    theirs = _by_somebody(world)
    assert rollback_by_hand(world.world(), WHO)["status"] == "IN_PROGRESS"
    assert world.record().revision == revision(8 if well else 7)
    foreign = next(one for one in world.ledger.records.values() if one.cause == "foreign")
    assert (foreign.revision, foreign.status) == (theirs, Status.SUCCESSFUL)
    assert end(world) is Status.SUCCESSFUL
    assert [
        one.rolled_away for one in world.ledger.heads[NAME].proven if one.revision == theirs
    ] == [True]


def test_a_rollback_goes_to_what_ran_just_before_also_when_somebody_else_deployed_that() -> None:
    world = deployed()
    theirs = _by_somebody(world)
    image_event(world.world(), push_event(OTHER_DIGEST, "def5678", world.now))
    assert end(world) is Status.SUCCESSFUL
    rollback_by_hand(world.world(), WHO)
    assert world.record().revision == theirs


def test_while_somebody_elses_rollout_is_under_way_a_rollback_is_not_told_that_it_is_back() -> None:
    world = deployed(well=False)
    made = world.services.register({**examples.task_definition().body, "tags": []})
    world.services.begin(NAME, made.arn)
    reply = rollback_by_hand(world.world(), WHO)
    assert (reply["status"], world.record().goes_to) == ("PENDING", revision(7))


# What names a proven revision


def test_every_deployment_and_every_tag_of_a_proven_revision_keep_naming_it() -> None:
    world = aws()
    world.images.all = [
        examples.image(tags=("abc1234", "v1.0")),
        examples.image(OTHER_DIGEST, tags=("def5678",)),
    ]
    image_event(world.world(), push_event())
    end(world)
    first = world.record().id
    image_event(world.world(), push_event(OTHER_DIGEST, "def5678", world.now))
    end(world)
    rollback_by_hand(world.world(), {**WHO, "to": first})
    end(world)
    again = world.record()
    assert (again.cause, again.revision, again.tags) == ("rollback", revision(8), ("v1.0",))
    deploy_by_hand(world.world(), {**WHO, "image": "def5678"})
    end(world)
    for to in (first, again.id, "abc1234", "v1.0", DIGEST):
        reply = rollback_by_hand(world.world(), {**WHO, "to": to, "key": to})
        assert world.ledger.records[NAME, reply["deployment"]].goes_to == revision(8)


@pytest.mark.parametrize("first", ["abc1234", "v1.0"])
@pytest.mark.parametrize("ended", [False, True], ids=["under way", "over"])
def test_all_tags_of_an_image_name_it_whichever_event_came_first(first: str, ended: bool) -> None:
    world = aws()
    world.images.all = [examples.image(tags=(first,))]
    image_event(world.world(), push_event(tag=first))
    if ended:
        end(world)
    second = {"abc1234": "v1.0", "v1.0": "abc1234"}[first]
    world.images.all = [examples.image(tags=(first, second))]
    assert image_event(world.world(), push_event(tag=second, time=at(1)))[0].outcome == "known"
    assert world.record().tags == (second,)
    if not ended:
        end(world)
    for number, to in enumerate((first, second)):
        reply = rollback_by_hand(world.world(), {**WHO, "to": to, "key": str(number)})
        assert world.ledger.records[NAME, reply["deployment"]].goes_to == revision(8)


def test_the_same_tag_told_of_again_writes_nothing() -> None:
    world = deployed()
    writes = world.ledger.writes
    image_event(world.world(), push_event())
    assert world.ledger.writes == writes
