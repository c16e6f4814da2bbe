"""`release` with a stage over fakes: a rollout that ECS has paused goes on, or goes back."""

from __future__ import annotations

import pytest

from chalicelib.errors import Refused, Unavailable
from chalicelib.flow.deploy import deploy_by_hand
from chalicelib.flow.image_event import image_event
from chalicelib.flow.release import release_by_hand
from chalicelib.flow.rollback import rollback_by_hand
from chalicelib.flow.status import tell_status
from chalicelib.model.deployments import Status
from chalicelib.model.services import HookSettings, Strategy
from tests.fixtures import examples
from tests.fixtures.examples import NAME, OTHER_DIGEST, at, push_event, waiting_hook
from tests.flow.fakes import Aws, Fault
from tests.flow.steps import pushed, step

STAGE = "POST_TEST_TRAFFIC_SHIFT"
WHY = {"by": "ann", "why": "it is tested"}
PAUSES = Strategy(name="BLUE_GREEN", hooks=(HookSettings(kind="PAUSE", stages=(STAGE,)),))


def paused() -> Aws:
    """A world in which ECS has paused the rollout of a push, and Slipway has seen it."""
    world = pushed()
    service = world.services.all[NAME]
    world.services.all[NAME] = service.model_copy(update={"strategy": PAUSES})
    world.images.all.append(examples.image(OTHER_DIGEST))
    world.services.stage(NAME, STAGE, 0, waiting_hook())
    step(world)
    assert world.record().paused is not None
    world.acts.clear()
    return world


def release(world: Aws, **payload: str) -> dict[str, object]:
    asked = {**WHY, "deployment": world.record().id, "stage": STAGE, **payload}
    return release_by_hand(world.world(), asked)


def test_a_paused_rollout_goes_on_and_the_record_says_who_let_it() -> None:
    world = paused()
    reply = release(world)
    assert reply == {"deployment": world.record().id, "status": "IN_PROGRESS", "stage": STAGE}
    assert world.acts == ["answer_hook ecs-pause-1"]
    pause = world.record().pause
    assert pause is not None
    assert pause.answer is not None
    assert (pause.answer.by, pause.answer.why) == ("ann", "it is tested")
    step(world)
    assert world.record().paused is None


def test_whoever_asks_again_changes_nothing_more() -> None:
    world = paused()
    first = release(world)
    assert release(world) == first
    assert world.acts == ["answer_hook ecs-pause-1"]


def test_an_answer_that_ecs_did_not_hear_is_given_again_by_the_next_step() -> None:
    world = paused()
    world.faults = [Fault(0, Unavailable("ECS did not answer"), name="answer_hook")]
    release(world)
    assert world.acts == []
    step(world)
    assert world.acts == ["answer_hook ecs-pause-1"]


def test_a_look_from_before_the_pause_is_no_reason_to_refuse() -> None:
    world = paused()
    world.services.stage(NAME, "TEST_TRAFFIC_SHIFT")
    asked = {**WHY, "deployment": world.record().id, "stage": STAGE}
    with pytest.raises(Unavailable, match=f"ECS does not show yet that .* waits in stage {STAGE}"):
        release_by_hand(world.world(after=5), asked)
    assert world.acts == []
    world.services.stage(NAME, STAGE, 0, waiting_hook())
    release_by_hand(world.world(after=5), asked)
    assert world.acts == ["answer_hook ecs-pause-1"]


def test_a_look_at_the_pause_before_answers_no_hook_of_the_next_one() -> None:
    world = paused()
    world.services.stage(NAME, STAGE, 0, waiting_hook("ecs-pause-2"))
    step(world)
    world.services.stage(NAME, STAGE, 0, waiting_hook())
    with pytest.raises(Unavailable, match="ECS does not show yet"):
        release(world)
    assert "answer_hook" not in " ".join(world.acts)


def test_whoever_asks_again_hears_the_same_when_ecs_took_the_answer_the_first_time() -> None:
    world = paused()
    release(world)
    world.services.stage(NAME, STAGE, 0, waiting_hook())  # a look from before the answer
    world.faults = [Fault(1, Refused("the hook does not await an action"), name="answer_hook")]
    assert release(world)["status"] == "IN_PROGRESS"


def test_whoever_asks_again_hears_the_same_when_the_rollout_has_ended_meanwhile() -> None:
    world = paused()
    release(world)
    world.services.complete(NAME)
    step(world)
    assert release(world)["status"] == "SUCCESSFUL"


def test_who_would_roll_back_what_goes_on_already_is_refused() -> None:
    world = paused()
    release(world)
    with pytest.raises(Refused, match=f"is not paused in stage {STAGE}: it is in stage PRODUCTION"):
        release(world, deploy="none")


def test_what_ecs_refuses_of_a_first_answer_is_told() -> None:
    world = paused()
    world.faults = [Fault(0, Refused("the hook does not await an action"), name="answer_hook")]
    with pytest.raises(Refused, match="does not await an action"):
        release(world)


def test_none_rolls_the_paused_rollout_back() -> None:
    world = paused()
    assert release(world, deploy="none")["status"] == "IN_PROGRESS"
    assert world.acts == ["answer_hook ecs-pause-1"]
    record = step(world)
    assert record.status is Status.ROLLBACK_IN_PROGRESS
    assert f"ann rolled it back in stage {STAGE}: it is tested" in record.reason


@pytest.mark.parametrize(
    ("stage", "found"),
    [
        ("BAKE_TIME", f"is not paused in stage BAKE_TIME: it is in stage {STAGE} and waits there"),
        ("bake", f"is not paused in stage bake: it is in stage {STAGE}"),
    ],
)
def test_a_stage_that_was_not_shown_is_refused(stage: str, found: str) -> None:
    world = paused()
    with pytest.raises(Refused, match=found):
        release(world, stage=stage)
    assert world.acts == []


def test_what_is_not_paused_is_refused() -> None:
    world = pushed()
    with pytest.raises(Refused, match="ECS shows no stage of it"):
        release(world)
    world.services.complete(NAME)
    step(world)
    with pytest.raises(Refused, match="is SUCCESSFUL, so it is not paused in a stage"):
        release(world)


def test_a_stage_needs_the_deployment_that_was_shown() -> None:
    world = paused()
    with pytest.raises(Refused, match="`stage` is that of one deployment"):
        release_by_hand(world.world(), {**WHY, "service": NAME, "stage": STAGE})


def test_a_newer_push_waits_while_a_person_is_awaited() -> None:
    world = paused()
    image_event(world.world(), push_event(OTHER_DIGEST, "newer", at(60)))
    newer = world.record()
    assert newer.status is Status.PENDING
    assert "is paused in stage POST_TEST_TRAFFIC_SHIFT and waits for a person" in newer.reason
    assert "update" not in " ".join(world.acts)


def test_a_deployment_by_hand_passes_a_pause_with_override_only() -> None:
    world = paused()
    asked = {**WHY, "service": NAME, "image": OTHER_DIGEST}
    assert deploy_by_hand(world.world(), asked)["status"] == "PENDING"
    override = {**asked, "override": True, "key": "2"}
    assert deploy_by_hand(world.world(), override)["status"] == "IN_PROGRESS"


def test_a_rollback_by_hand_passes_a_pause() -> None:
    world = paused()
    reply = rollback_by_hand(world.world(), {**WHY, "service": NAME})
    assert reply == {"deployment": world.record().id, "status": "ROLLBACK_IN_PROGRESS"}


def test_status_and_board_say_what_waits() -> None:
    world = paused()
    told = tell_status(world.world(), {"service": NAME, "now": True})
    assert told["now"]["stage"] == STAGE
    assert told["now"]["traffic"] == 0
    assert [wait["stage"] for wait in told["now"]["waits"]] == [STAGE]
    assert told["deployments"][0]["paused"]["stage"] == STAGE
    (row,) = tell_status(world.world(), {"board": True})["board"]
    assert row["under_way"][0]["paused"]["stage"] == STAGE
