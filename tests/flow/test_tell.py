"""Notices are kept until they are sent, and removed once they were."""

from __future__ import annotations

from chalicelib.errors import Conflict, Unavailable
from chalicelib.flow.advance import advance
from chalicelib.flow.push import push
from chalicelib.model.deployments import Status
from tests.fixtures.examples import NAME, push_event
from tests.flow.fakes import Aws, Fault, aws


def _silent() -> Aws:
    """A topic that is down while a push is applied."""
    world = aws()
    world.faults = [Fault(0, Unavailable("down"), name="publish")]
    push(world.world(), push_event())
    return world


def test_a_notice_that_cannot_be_sent_never_keeps_the_deployment_waiting() -> None:
    world = _silent()
    record = world.record()
    assert record.status is Status.IN_PROGRESS
    assert [notice.status for notice in record.notices] == [Status.IN_PROGRESS]


def test_notices_are_sent_in_the_order_of_what_happened() -> None:
    world = _silent()
    world.services.complete(NAME)
    advance(world.world(), NAME, world.record().id)
    assert world.told == ["IN_PROGRESS", "SUCCESSFUL"]
    assert world.record().notices == ()


def test_one_that_cannot_be_sent_holds_back_those_after_it() -> None:
    world = _silent()
    world.services.complete(NAME)
    world.restart()
    world.faults = [Fault(0, Unavailable("down"), name="publish")]
    record = advance(world.world(), NAME, world.record().id)
    assert [notice.status for notice in record.notices] == [Status.IN_PROGRESS, Status.SUCCESSFUL]
    assert world.ledger.unfinished() == [(NAME, record.id)]
    advance(world.world(), NAME, record.id)
    assert world.told == ["IN_PROGRESS", "SUCCESSFUL"]
    assert world.ledger.unfinished() == []


def test_one_that_was_sent_but_could_not_be_removed_comes_again_under_its_id() -> None:
    world = _silent()
    world.restart()
    world.faults = [Fault(0, Conflict("written by another"), name="save")]
    record = advance(world.world(), NAME, world.record().id)
    assert len(record.notices) == 1
    advance(world.world(), NAME, record.id)
    first, second = world.topic.published
    assert first == second
    assert world.record().notices == ()


def test_a_notice_is_published_with_its_deployment_and_service() -> None:
    world = aws()
    told = []
    world.topic.publish = lambda notice, deployment, service: told.append(  # type: ignore[method-assign]
        (notice.id, deployment, service)
    )
    push(world.world(), push_event())
    identity = world.record().id
    assert told == [(f"{identity}-in-progress", identity, NAME)]
