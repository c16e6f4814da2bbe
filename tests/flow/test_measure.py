"""A deployment that is closed is measured once, and nothing waits for that."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from chalicelib.errors import Unavailable
from chalicelib.flow.advance import advance
from chalicelib.flow.image_event import image_event
from chalicelib.flow.ports import World
from chalicelib.flow.rollback import rollback_by_hand
from chalicelib.model.deployments import Status
from chalicelib.model.outcomes import Measure
from tests.fixtures.examples import NAME, push_event
from tests.flow.by_hand import WHO, deployed
from tests.flow.fakes import Aws, Fault, aws


@dataclass
class Measured:
    """CloudWatch: what it was told."""

    told: list[tuple[str, float]] = field(default_factory=list)

    def count(self, name: str, value: int) -> None:
        self.told.append((name, value))

    def measure(self, measure: Measure) -> None:
        self.told.append((measure.name, measure.value))

    def of(self, world: Aws) -> World:
        return replace(world.world(), counts=self)


def ended(world: Aws, measured: Measured) -> Status:
    """Two looks at the newest deployment: the second one finds it closed."""
    name = world.record().id
    advance(measured.of(world), NAME, name)
    return advance(measured.of(world), NAME, name).status


def test_a_push_that_is_live_is_measured_once() -> None:
    world, measured = aws(), Measured()
    image_event(measured.of(world), push_event())
    assert measured.told == []
    world.services.complete(NAME)
    assert ended(world, measured) is Status.SUCCESSFUL
    names = [name for name, _ in measured.told]
    assert names == ["Deployments", "LeadTimeSeconds"]


def test_a_failure_is_measured_when_its_rollback_is_complete() -> None:
    world, measured = aws(), Measured()
    image_event(measured.of(world), push_event())
    world.services.breaker(NAME)
    advance(measured.of(world), NAME, world.record().id)
    assert measured.told == []
    world.services.rolled_back(NAME)
    assert ended(world, measured) is Status.ROLLBACK_SUCCESSFUL
    assert [name for name, _ in measured.told] == ["Deployments", "FailedChanges", "RestoreSeconds"]


def test_a_rollback_by_hand_makes_what_it_left_a_failure() -> None:
    world, measured = deployed(), Measured()
    live = world.record().closed
    rollback_by_hand(measured.of(world), WHO)
    world.services.complete(NAME)
    assert ended(world, measured) is Status.SUCCESSFUL
    back = world.record().closed
    assert live is not None
    assert back is not None
    took = (back - live).total_seconds()
    assert measured.told == [("FailedChanges", 1), ("RestoreSeconds", took)]


def test_what_cannot_be_read_is_not_measured_and_the_deployment_goes_on() -> None:
    """The step reads its own record first, and the one that it left second."""
    world, measured = deployed(), Measured()
    rollback_by_hand(measured.of(world), WHO)
    world.services.complete(NAME)
    world.restart()
    world.faults = [Fault(1, Unavailable("busy"), name="deployment")]
    assert advance(measured.of(world), NAME, world.record().id).status is Status.SUCCESSFUL
    assert world.faults == []
    assert measured.told == []


def test_a_dry_run_measures_nothing() -> None:
    world, measured = deployed(), Measured()
    rollback_by_hand(measured.of(world), {**WHO, "plan": True})
    assert measured.told == []
