"""What others deployed is remembered, and never fought."""

from __future__ import annotations

from datetime import timedelta

import pytest

from chalicelib.errors import Conflict, Unavailable
from chalicelib.flow.advance import advance
from chalicelib.flow.image_event import image_event
from chalicelib.flow.rollback import rollback_by_hand
from chalicelib.flow.sweep.sweep import sweep_targets
from chalicelib.model.deployments import Cause, Status
from tests.fixtures import examples
from tests.fixtures.examples import NAME, NOW, OTHER_DIGEST, at, push_event, revision
from tests.flow.fakes import Aws, Fault, aws

THEIRS = "sha256:" + 64 * "0"  # what the examples' task definition runs
HOURLY = NOW.replace(hour=11, minute=2)
WHO = {"service": NAME, "by": "ops", "why": "slow"}


def _deployed() -> Aws:
    """A push that is live, as revision 8."""
    world = aws()
    world.images.all.append(examples.image(THEIRS, NOW - timedelta(days=1), tags=()))
    image_event(world.world(), push_event())
    world.services.complete(NAME)
    advance(world.world(), NAME, world.record().id)
    return world


def _by_somebody(world: Aws) -> str:
    base = examples.task_definition().body
    made = world.services.register({**base, "tags": []})
    world.services.begin(NAME, made.arn)
    world.services.complete(NAME)
    return made.arn


def _sweep(world: Aws, seconds: float = 120) -> list[str]:
    """What an hour's six sweeps came to; the first so many seconds after the hour began."""
    outcomes: list[str] = []
    hour = max(HOURLY, world.now).replace(minute=0, second=0) + timedelta(hours=1)
    for number in range(6):
        world.now = hour + timedelta(seconds=600 * number + seconds)
        outcomes += [outcome.outcome for outcome in sweep_targets(world.world(0))]
    return outcomes


def test_what_somebody_else_deployed_is_recorded_proven_and_not_told() -> None:
    world = _deployed()
    told, acts = list(world.told), list(world.ecs_acts)
    made = _by_somebody(world)
    assert _sweep(world) == ["foreign"]
    record = world.record()
    assert (record.cause, record.status, record.revision) == (
        Cause.FOREIGN,
        Status.SUCCESSFUL,
        made,
    )
    assert record.digest == THEIRS
    assert world.ledger.heads[NAME].proven[0].revision == made
    assert (world.told, world.ecs_acts) == (told, acts)


def test_of_another_repositorys_image_no_digest_is_taken_for_one_of_the_targets() -> None:
    world = _deployed()
    world.targets = examples.targets(examples.target(containers=("conflicto-backend",)))
    other = f"999999999999.dkr.ecr.us-west-2.amazonaws.com/{examples.REPOSITORY}@{THEIRS}"
    container = {"name": "conflicto-backend", "image": other}
    body = {**examples.task_definition().body, "containerDefinitions": [container]}
    world.services.begin(NAME, world.services.register({**body, "tags": []}).arn)
    world.services.complete(NAME)
    assert _sweep(world) == ["foreign"]
    assert (world.record().image, world.record().digest) == (other, "")
    assert world.ledger.heads[NAME].proven[0].digest == ""


@pytest.mark.parametrize("seconds", [0, 1, 300, 599], ids="{} s after".format)
def test_it_is_recorded_once_within_an_hour_whenever_the_sweep_comes(seconds: float) -> None:
    world = _deployed()
    _by_somebody(world)
    world.restart()
    assert _sweep(world, seconds) == ["foreign"]
    assert world.calls.count("services") == 1
    assert _sweep(world, seconds) == []


def test_the_looks_of_many_services_are_spread_over_the_hour() -> None:
    world = aws(*(examples.target(cluster=f"c-{number}") for number in range(60)))
    _sweep(world)
    looks = []
    for _ in range(6):
        world.restart()
        world.now += timedelta(seconds=600)
        sweep_targets(world.world(0))
        looks.append(world.calls.count("services"))
    assert sum(looks) == 60
    assert 2 <= min(looks) <= max(looks) <= 20


def test_what_slipway_deployed_is_not_foreign() -> None:
    world = _deployed()
    assert _sweep(world) == []


def test_that_somebody_went_back_to_our_own_earlier_revision_is_recorded_too() -> None:
    world = _deployed()
    world.services.begin(NAME, revision(7))
    world.services.complete(NAME)
    assert _sweep(world) == ["foreign"]
    assert world.record().revision == revision(7)


def test_what_is_still_rolling_out_is_left_for_later() -> None:
    world = _deployed()
    made = world.services.register({**examples.task_definition().body, "tags": []})
    world.services.begin(NAME, made.arn)
    assert _sweep(world) == []
    world.services.complete(NAME)
    assert _sweep(world) == ["foreign"]


def test_while_a_deployment_of_ours_is_open_nothing_is_foreign() -> None:
    world = aws()
    image_event(world.world(), push_event())
    assert set(_sweep(world)) == {"advanced"}


def test_the_next_push_deploys_over_it_and_a_rollback_by_hand_goes_back_to_it() -> None:
    world = _deployed()
    made = _by_somebody(world)
    _sweep(world)
    world.images.all.append(examples.image(OTHER_DIGEST, at(7200), tags=("def5678",)))
    image_event(world.world(7200), push_event(OTHER_DIGEST, "def5678", at(7200)))
    world.services.complete(NAME)
    advance(world.world(), NAME, world.record().id)
    assert world.record().status is Status.SUCCESSFUL
    rollback_by_hand(world.world(), WHO)
    assert world.ecs_acts[-1].endswith(made.rsplit("/", 1)[-1])


@pytest.mark.parametrize("error", [Unavailable("throttled")])
def test_services_that_cannot_be_read_are_looked_at_an_hour_later(error: Exception) -> None:
    world = _deployed()
    _by_somebody(world)
    world.restart()
    world.faults = [Fault(0, error, name="services")]
    assert _sweep(world) == ["failed"]
    assert _sweep(world) == ["foreign"]


def test_a_service_that_is_written_meanwhile_keeps_no_other_from_being_looked_at() -> None:
    world = aws(examples.target(), examples.target(service="web"))
    world.images.all = []
    _sweep(world)
    for name in (NAME, "conflicto-dev/web"):
        made = world.services.register({**examples.task_definition().body, "tags": []})
        world.services.begin(name, made.arn)
        world.services.complete(name)
    world.restart()
    world.faults = [Fault(0, Conflict(NAME), name="save")]
    first = _sweep(world)
    assert ("failed" in first, first.count("foreign")) == (True, 1)
    assert "foreign" in _sweep(world)


def test_ten_services_are_read_with_one_call() -> None:
    targets = [examples.target(service=f"web-{number}") for number in range(23)]
    world = aws(*targets)
    _sweep(world)
    world.restart()
    _sweep(world)
    assert world.calls.count("services") == 3


def test_an_answer_of_ecs_that_is_out_of_date_makes_nothing_foreign() -> None:
    world = aws()
    image_event(world.world(), push_event(time=world.now))
    before = world.services.all[NAME].deployments[1]
    world.services.complete(NAME)
    advance(world.world(), NAME, world.record().id)
    world.images.all.append(examples.image(OTHER_DIGEST, NOW, tags=("def5678",)))
    image_event(world.world(), push_event(OTHER_DIGEST, "def5678", world.now))
    world.services.complete(NAME)
    advance(world.world(), NAME, world.record().id)
    late = before.model_copy(update={"status": "PRIMARY", "rollout_state": "COMPLETED"})
    world.services.all[NAME] = world.services.all[NAME].model_copy(update={"deployments": (late,)})
    assert "foreign" not in _sweep(world)
