"""The words of the tests by hand: what ran before, who asks, and how a rollout ends."""

from __future__ import annotations

from chalicelib.errors import Unavailable
from chalicelib.flow.advance import advance
from chalicelib.flow.image_event import image_event
from chalicelib.model.deployments import Status
from tests.fixtures import examples
from tests.fixtures.examples import NAME, OTHER_DIGEST, push_event
from tests.flow.fakes import Aws, Fault, aws

WHO = {"service": NAME, "by": "ann", "why": "a test"}


def end(world: Aws, *, well: bool = True) -> Status:
    """The rollout under way ends, and Slipway looks."""
    if well:
        world.services.complete(NAME)
    else:
        world.services.breaker(NAME)
        world.services.rolled_back(NAME)
    return advance(world.world(), NAME, world.record().id).status


def deployed(*, well: bool = True) -> Aws:
    """A world in which revision 7 ran, and revision 8 was pushed and has ended."""
    world = aws()
    world.images.all += [
        examples.image(OTHER_DIGEST, tags=("def5678",)),
        examples.image(examples.OLD_DIGEST, tags=("old",)),
    ]
    image_event(world.world(), push_event())
    end(world, well=well)
    world.acts.clear()
    return world


def throttled(world: Aws) -> Aws:
    world.restart()
    world.faults = [Fault(0, Unavailable("throttled"), name="register")]
    return world
