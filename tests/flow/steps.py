"""The words of the flow tests: push an image, and take a step."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from chalicelib.flow.advance import advance
from chalicelib.flow.image_event import image_event
from chalicelib.model.deployments import Deployment
from tests.fixtures import examples
from tests.fixtures.examples import push_event
from tests.flow.fakes import Aws, aws


def step(world: Aws, record: Deployment | None = None) -> Deployment:
    """Take a step of the record, or of the newest one, a minute later."""
    record = record or world.record()
    return advance(world.world(), record.service, record.id)


def pushed(**fields: Any) -> Aws:
    """After the push of the examples' image: its rollout is under way."""
    world = aws(examples.target(**fields))
    image_event(world.world(), push_event())
    return world


def push_later(world: Aws, tag: str = "abc1234", digest: str = examples.DIGEST) -> None:
    """An image is pushed, an hour after what was before."""
    world.now += timedelta(hours=1)
    if digest != examples.DIGEST:
        world.images.all.append(examples.image(digest, world.now, tags=(tag,)))
    image_event(world.world(), push_event(digest, tag, world.now))
