"""Several pushes: the newest is deployed, and a digest that failed is refused."""

from __future__ import annotations

import pytest

from chalicelib.errors import Refused, Unavailable
from chalicelib.flow.deploy import deploy_by_hand
from chalicelib.flow.image_event import image_event
from chalicelib.model.deployments import Status
from tests.fixtures import examples
from tests.fixtures.examples import DIGEST, NAME, OTHER_DIGEST, at, push_event, revision
from tests.flow.fakes import Aws, Died, Fault, aws
from tests.flow.steps import pushed, step


def test_an_older_push_is_refused_and_told() -> None:
    world = pushed()
    world.images.all.append(examples.image(OTHER_DIGEST))
    (outcome,) = image_event(world.world(), push_event(OTHER_DIGEST, "old", at(-60)))
    assert (outcome.outcome, outcome.status) == ("refused", "REFUSED")
    assert "a newer image was asked for" in outcome.reason
    assert world.told == ["IN_PROGRESS", "REFUSED"]
    assert len(world.ecs_acts) == 2


def test_a_newer_push_supersedes_what_is_under_way_by_being_applied() -> None:
    world = pushed()
    first = world.record()
    world.images.all.append(examples.image(OTHER_DIGEST))
    image_event(world.world(), push_event(OTHER_DIGEST, "newer", at(60)))
    assert world.ecs_acts[-1] == "update conflicto-backend-dev:9"
    assert world.services.definitions[revision(9)].body["taskDefinitionArn"]
    assert step(world, first).status is Status.SUPERSEDED
    world.services.complete(NAME)
    assert step(world).status is Status.SUCCESSFUL
    assert world.record().base == revision(7)


def test_a_deployment_that_waited_too_long_does_not_overwrite_a_newer_one() -> None:
    world = aws()
    world.faults = [Fault(0, Unavailable("throttled"), name="register")]
    image_event(world.world(), push_event())
    waiting = world.record()
    world.images.all.append(examples.image(OTHER_DIGEST))
    image_event(world.world(), push_event(OTHER_DIGEST, "newer", at(60)))
    record = step(world, waiting)
    assert record.status is Status.SUPERSEDED
    assert record.reason == f"a newer deployment was applied ({world.record().id})"
    assert len(world.ecs_acts) == 2


def test_while_a_newer_push_waits_the_one_before_it_asks_nothing_of_ecs() -> None:
    world = aws()
    world.faults = [Fault(number, Unavailable("throttled"), name="register") for number in (0, 1)]
    image_event(world.world(), push_event())
    older = world.record()
    world.images.all.append(examples.image(OTHER_DIGEST))
    image_event(world.world(), push_event(OTHER_DIGEST, "newer", at(60)))
    newer = world.record()
    reads = len(world.calls)
    waiting = step(world, older)
    assert waiting.status is Status.PENDING
    assert waiting.reason == f"a newer deployment goes first ({newer.id})"
    assert not [name for name in world.calls[reads:] if name == "service"]
    assert step(world, newer).status is Status.IN_PROGRESS
    assert step(world, older).status is Status.SUPERSEDED
    assert world.ecs_acts == ["register", "update conflicto-backend-dev:8"]


def test_what_waited_for_a_newer_push_goes_on_when_that_is_refused() -> None:
    world = aws()
    faults = [Unavailable("throttled"), Unavailable("throttled"), Refused("no such thing")]
    world.faults = [Fault(number, error, name="register") for number, error in enumerate(faults)]
    image_event(world.world(), push_event())
    older = world.record()
    world.images.all.append(examples.image(OTHER_DIGEST))
    image_event(world.world(), push_event(OTHER_DIGEST, "newer", at(60)))
    newer = world.record()
    assert step(world, older).status is Status.PENDING
    assert step(world, newer).status is Status.REFUSED
    assert step(world, older).status is Status.IN_PROGRESS


def test_of_two_pushes_within_one_second_the_first_to_be_throttled_is_overtaken() -> None:
    world = aws()
    world.images.all = [
        examples.image(pushed_at=at(0.1)),
        examples.image(OTHER_DIGEST, pushed_at=at(0.2), tags=("def5678",)),
    ]
    world.faults = [Fault(0, Unavailable("throttled"), name="register")]
    image_event(world.world(), push_event(time=at(0)))
    first = world.record()
    image_event(world.world(), push_event(OTHER_DIGEST, "def5678", at(0)))
    assert step(world, first).status is Status.SUPERSEDED
    assert world.ecs_acts == ["register", "update conflicto-backend-dev:8"]


@pytest.mark.parametrize(
    ("by_hand", "reason"),
    [
        (False, "a newer deployment goes first"),
        (True, "whether a newer deployment was applied is not known yet"),
    ],
    ids=["a push", "by hand"],
)
def test_an_older_one_waits_until_it_is_known_whether_a_newer_one_was_applied(
    by_hand: bool, reason: str
) -> None:
    world = aws()
    world.images.all.append(examples.image(OTHER_DIGEST, tags=("def5678",)))
    world.faults = [Fault(0, Unavailable("throttled"), name="register")]
    if by_hand:
        deploy_by_hand(
            world.world(), {"service": NAME, "image": DIGEST, "by": "ops", "why": "a fix"}
        )
    else:
        image_event(world.world(), push_event())
    older = world.record()
    world.faults = [Fault(world.calls.count("update"), Died(), after=True, name="update")]
    with pytest.raises(Died):
        image_event(world.world(), push_event(OTHER_DIGEST, "def5678", at(600)))
    world.services.complete(NAME)
    world.world(600)  # its lease expires; that it was applied is written nowhere
    waiting = step(world, older)
    assert waiting.status is Status.PENDING
    assert reason in waiting.reason
    newer = next(one for one in world.ledger.records.values() if one.digest == OTHER_DIGEST)
    assert step(world, newer).status is Status.IN_PROGRESS
    assert step(world, older).status is Status.SUPERSEDED
    assert world.ecs_acts == ["register", "update conflicto-backend-dev:8"]
    head = world.ledger.heads[NAME]
    assert (head.attempt, head.lease) == (None, None)


def test_a_newest_push_repeated_later_keeps_out_what_was_pushed_in_between() -> None:
    world = pushed()
    image_event(world.world(), push_event(tag="again", time=at(60)))
    assert world.ledger.heads[NAME].order == at(60)
    world.images.all.append(examples.image(OTHER_DIGEST, tags=("between",)))
    (outcome,) = image_event(world.world(), push_event(OTHER_DIGEST, "between", at(30)))
    assert (outcome.outcome, outcome.status) == ("refused", "REFUSED")
    assert world.ecs_acts == ["register", "update conflicto-backend-dev:8"]


# A digest that failed


def test_a_digest_that_failed_is_refused_every_time_it_comes_again() -> None:
    world = pushed()
    _roll_back(world)
    world.images.all.append(examples.image(OTHER_DIGEST, tags=("def5678",)))
    image_event(world.world(), push_event(OTHER_DIGEST, "def5678", at(60)))
    world.services.complete(NAME)
    step(world)
    for minute in (2, 3):
        (outcome,) = image_event(world.world(), push_event(DIGEST, "again", at(60 * minute)))
        assert outcome.outcome == "refused"
    assert len(world.ecs_acts) == 4


def test_a_flood_of_refused_pushes_never_makes_a_failed_digest_forgotten() -> None:
    world = pushed()
    _roll_back(world)
    world.images.all.append(examples.image(OTHER_DIGEST, tags=("def5678",)))
    image_event(world.world(), push_event(OTHER_DIGEST, "def5678", at(60)))
    world.services.complete(NAME)
    step(world)
    for number in range(20):
        digest = f"sha256:{number + 16:064x}"
        world.images.all.append(examples.image(digest, tags=(f"late-{number}",)))
        image_event(world.world(), push_event(digest, f"late-{number}", at(-100 - number)))
    assert (
        image_event(world.world(), push_event(DIGEST, "again", at(3_000)))[0].outcome == "refused"
    )


def _roll_back(world: Aws) -> None:
    world.services.breaker(NAME)
    world.services.rolled_back(NAME)
    assert step(world).status is Status.ROLLBACK_SUCCESSFUL


def test_what_ecs_completed_before_a_newer_one_was_applied_is_successful_all_the_same() -> None:
    world = aws()
    world.images.all.append(examples.image(OTHER_DIGEST, tags=("def5678",)))
    world.faults = [Fault(0, Died(), after=True, name="update")]
    with pytest.raises(Died):
        image_event(world.world(), push_event())
    older = world.record()
    world.services.complete(NAME)
    image_event(world.world(600), push_event(OTHER_DIGEST, "def5678", at(600)))
    assert world.record().status is Status.IN_PROGRESS
    assert step(world, older).status is Status.IN_PROGRESS
    assert step(world, older).status is Status.SUCCESSFUL
    assert world.ledger.heads[NAME].applied_deployment == world.record().id
