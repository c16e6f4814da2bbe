"""A rollback of ours: who may act meanwhile, and how long a rollout is given before it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from chalicelib.flow.advance import advance
from chalicelib.flow.image_event import image_event
from chalicelib.flow.rollback import rollback_by_hand
from chalicelib.model.deployments import Status
from chalicelib.model.heads import Lease
from chalicelib.model.services import Strategy
from tests.fixtures import examples
from tests.fixtures.examples import NAME, push_event
from tests.flow.fakes import Aws, aws

BAKE = 25
GIVEN = 30  # minutes, a target's deadline by default


def _rolling(**service: Any) -> Aws:
    world = aws()
    world.services.all[NAME] = world.services.all[NAME].model_copy(update=service)
    image_event(world.world(), push_event())
    return world


def _leases_during(world: Aws, act: str) -> list[Lease | None]:
    """The leases under which ECS is asked for `act`, as they are found at that moment."""
    found: list[Lease | None] = []
    real = getattr(world.services, act)

    def looking(*arguments: Any) -> Any:
        found.append(world.ledger.heads[NAME].lease)
        return real(*arguments)

    setattr(world.services, act, looking)
    return found


def _lease(world: Aws) -> Lease:
    holder = f"invocation-{world.invocations}"
    return Lease(holder=holder, until=world.now + timedelta(seconds=90))


def test_the_lease_is_held_while_a_rollout_is_stopped_and_given_back() -> None:
    world = _rolling()
    found = _leases_during(world, "stop")
    advance(world.world(60 * GIVEN), NAME, world.record().id)
    assert found == [_lease(world)]
    assert world.ledger.heads[NAME].lease is None


def test_the_lease_is_held_while_the_revision_is_set_back_and_given_back() -> None:
    world = _rolling()
    world.services.stopped(NAME)
    service = world.services.all[NAME]
    failed = tuple(
        one.model_copy(update={"rollout_state": "FAILED"}) for one in service.deployments
    )
    world.services.all[NAME] = service.model_copy(update={"deployments": failed})
    found = _leases_during(world, "update")
    for _ in range(3):
        advance(world.world(), NAME, world.record().id)
    assert len(found) == 1
    assert found[0] is not None
    assert world.ledger.heads[NAME].lease is None
    assert world.ecs_acts[-1] == f"update {examples.FAMILY}:7"


def test_the_lease_is_held_while_a_rollback_by_hand_stops_what_is_rolled_out() -> None:
    world = _rolling()
    found = _leases_during(world, "stop")
    rollback_by_hand(world.world(), {"service": NAME, "by": "ann", "why": "oops"})
    assert found == [_lease(world)]
    assert world.ledger.heads[NAME].lease is None


@pytest.mark.parametrize(
    ("minutes", "status"),
    [
        (GIVEN + BAKE - 1, Status.IN_PROGRESS),
        (GIVEN + BAKE, Status.ROLLBACK_IN_PROGRESS),
    ],
)
def test_the_time_that_a_service_bakes_is_given_beside_the_deadline(
    minutes: int, status: Status
) -> None:
    world = _rolling(strategy=Strategy(bake_minutes=BAKE))
    record = world.record()
    assert record.applied_at is not None
    later = (record.applied_at - world.now).total_seconds() + 60 * minutes
    assert advance(world.world(later), NAME, record.id).status is status


def test_where_ecs_rolls_back_nothing_is_asked_for_whatever_is_read_meanwhile() -> None:
    world = _rolling()
    world.services.breaker(NAME)
    advance(world.world(), NAME, world.record().id)
    own = world.services.service_deployments[NAME]
    for reads in (own[-1:], [], own[-1:]):  # ECS may not list it for a moment
        world.services.service_deployments[NAME] = [*own[:-1], *reads]
        record = advance(world.world(), NAME, world.record().id)
        assert record.status is Status.ROLLBACK_IN_PROGRESS
    assert world.ecs_acts == ["register", f"update {examples.FAMILY}:8"]
