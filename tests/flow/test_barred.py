"""A digest that a person rolled back or stopped does not come back by itself."""

from __future__ import annotations

import pytest

from chalicelib.flow.deploy import deploy_by_hand
from chalicelib.flow.image_event import image_event
from chalicelib.flow.rollback import rollback_by_hand
from chalicelib.model.deployments import Status
from tests.fixtures import examples
from tests.fixtures.examples import DIGEST, NAME, OTHER_DIGEST, URI, at, push_event
from tests.flow.by_hand import WHO, deployed, end, throttled
from tests.flow.fakes import Aws


def _pushed_again(world: Aws, tag: str, digest: str = DIGEST) -> tuple[str, str]:
    """The same bytes are pushed under another tag, a minute later."""
    world.images.all.append(examples.image(digest, tags=(tag,)))
    (outcome,) = image_event(world.world(), push_event(digest, tag, world.now + (at(60) - at(0))))
    return outcome.outcome, outcome.reason


def test_what_a_rollback_by_hand_left_is_refused_under_any_tag_until_deployed_by_hand() -> None:
    world = deployed()
    rollback_by_hand(world.world(), WHO)
    assert end(world) is Status.SUCCESSFUL
    for tag in ("again", "and-again"):
        outcome, reason = _pushed_again(world, tag)
        assert (outcome, reason.endswith("Push a new build, or deploy it by hand.")) == (
            "refused",
            True,
        )
    assert world.ecs_acts == ["update conflicto-backend-dev:7"]
    deploy_by_hand(world.world(), {**WHO, "image": "again"})
    end(world)
    assert world.ledger.heads[NAME].barred == ()
    assert _pushed_again(world, "third")[0] == "known"


@pytest.mark.parametrize("to", [None, "conflicto-backend-dev:7"], ids=["before", "named"])
def test_a_rollback_bars_what_somebody_else_deployed_too(to: str | None) -> None:
    world = deployed()
    base = examples.task_definition().body
    theirs = {**base, "containerDefinitions": [dict(one) for one in base["containerDefinitions"]]}
    theirs["containerDefinitions"][0]["image"] = f"{URI}@{OTHER_DIGEST}"
    made = world.services.register({**theirs, "tags": []})
    world.services.begin(NAME, made.arn)
    world.services.complete(NAME)
    rollback_by_hand(world.world(), {**WHO, "to": to} if to else WHO)
    assert world.ledger.heads[NAME].barred == (OTHER_DIGEST,)


@pytest.mark.parametrize("waits", [False, True], ids=["under way", "waiting"])
def test_what_was_stopped_by_hand_is_refused_under_any_tag(waits: bool) -> None:
    """What only waited is stopped where no hold keeps it."""
    world = deployed()
    if waits:
        throttled(world)
    image_event(world.world(), push_event(OTHER_DIGEST, "def5678", world.now))
    rollback_by_hand(world.world(), {**WHO, "hold": False})
    assert OTHER_DIGEST in world.ledger.heads[NAME].barred
    assert _pushed_again(world, "again", OTHER_DIGEST)[0] == "refused"


def test_a_rollback_to_what_was_barred_lifts_the_bar() -> None:
    world = deployed()
    rollback_by_hand(world.world(), WHO)
    end(world)
    assert world.ledger.heads[NAME].barred == (DIGEST,)
    rollback_by_hand(world.world(), {**WHO, "to": DIGEST, "key": "back"})
    assert world.ledger.heads[NAME].barred == (examples.OLD_DIGEST,)


def test_a_new_build_deploys_after_a_rollback_by_hand() -> None:
    world = deployed()
    rollback_by_hand(world.world(), {**WHO, "hold": False})
    end(world)
    image_event(world.world(), push_event(OTHER_DIGEST, "def5678", world.now + (at(60) - at(0))))
    assert end(world) is Status.SUCCESSFUL
    assert world.record().digest == OTHER_DIGEST
