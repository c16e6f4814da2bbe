"""Notices are kept until they are sent, and removed once they were."""

from __future__ import annotations

from chalicelib.errors import Conflict, Unavailable
from chalicelib.flow.advance import advance
from chalicelib.flow.image_event import image_event
from chalicelib.flow.sweep.sweep import sweep_targets
from chalicelib.model.deployments import Delivery, Deployment, Notice, SlackMessage, Status
from tests.fixtures.examples import NAME, push_event
from tests.flow.fakes import Aws, Fault, aws


def _silent() -> Aws:
    """A topic that is down while a push is applied."""
    world = aws()
    world.faults = [Fault(0, Unavailable("down"), name="publish")]
    image_event(world.world(), push_event())
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

    def publish(notice: Notice, deployment: str, service: str, record: Deployment) -> Delivery:
        told.append((notice.id, deployment, service, record.id))
        return Delivery()

    world.topic.publish = publish  # type: ignore[method-assign, assignment]
    image_event(world.world(), push_event())
    identity = world.record().id
    assert told == [(f"{identity}-in-progress", identity, NAME, identity)]


class _Channels:
    """SNS takes everything, Slack nothing while it is down."""

    def __init__(self) -> None:
        self.down = True
        self.sent: list[tuple[str, str]] = []

    def publish(
        self, notice: Notice, deployment: str, service: str, record: Deployment
    ) -> Delivery:
        channels = ("sns", "slack") if notice.unsent is None else notice.unsent
        missed = [name for name in channels if name == "slack" and self.down]
        self.sent += [(name, notice.status.value) for name in channels if name not in missed]
        return Delivery(missed=tuple(missed))


def _slack_is_down() -> tuple[Aws, _Channels]:
    world, channels = aws(), _Channels()
    world.topic.publish = channels.publish  # type: ignore[method-assign, assignment]
    image_event(world.world(), push_event())
    return world, channels


def test_a_channel_that_is_down_keeps_no_other_from_its_notices() -> None:
    world, channels = _slack_is_down()
    world.services.complete(NAME)
    advance(world.world(), NAME, world.record().id)
    assert channels.sent == [("sns", "IN_PROGRESS"), ("sns", "SUCCESSFUL")]
    assert [notice.unsent for notice in world.record().notices] == [("slack",), ("slack",)]
    writes = world.ledger.writes
    (outcome,) = sweep_targets(world.world())
    assert (outcome.outcome, outcome.status) == ("untold", "SUCCESSFUL")
    assert world.ledger.writes == writes
    channels.down = False
    sweep_targets(world.world())
    assert channels.sent[2:] == [("slack", "IN_PROGRESS"), ("slack", "SUCCESSFUL")]
    assert world.record().notices == ()


def test_a_channel_that_is_down_for_a_day_is_given_up() -> None:
    world, channels = _slack_is_down()
    world.services.complete(NAME)
    advance(world.world(), NAME, world.record().id)
    record = advance(world.world(86_400), NAME, world.record().id)
    assert [notice.status for notice in record.notices] == [Status.SUCCESSFUL]
    record = advance(world.world(), NAME, world.record().id)
    assert record.notices == ()
    assert [name for name, _ in channels.sent] == ["sns", "sns"]


def test_the_record_keeps_what_people_were_told_and_not_what_they_were_not() -> None:
    world = aws()
    image_event(world.world(), push_event())
    world.faults = [Fault(0, Unavailable("no channel"), name="publish")]
    world.restart()
    world.services.complete(NAME)
    record = advance(world.world(), NAME, world.record().id)
    (told,) = record.told
    assert (told.status, told.subject) == (
        "IN_PROGRESS",
        "conflicto-backend-service-dev: abc1234 is being deployed",
    )
    record = advance(world.world(), NAME, record.id)
    assert [told.status for told in record.told] == ["IN_PROGRESS", "SUCCESSFUL"]
    assert [told.at for told in record.told] == [one.at for one in world.topic.published]


class _Bot:
    """Slack by a bot: it posts one message, and edits that one from then on."""

    def __init__(self) -> None:
        self.posted = 0

    def publish(
        self, notice: Notice, deployment: str, service: str, record: Deployment
    ) -> Delivery:
        self.posted += record.slack is None
        return Delivery(slack=record.slack or SlackMessage(channel="C1", ts="1.1", shown=notice.at))


def test_a_message_in_slack_is_kept_when_another_writer_got_there_first() -> None:
    world, bot = _silent(), _Bot()
    world.restart()
    world.topic.publish = bot.publish  # type: ignore[method-assign, assignment]
    world.faults = [Fault(0, Conflict("written by another"), name="save")]
    advance(world.world(), NAME, world.record().id)
    record = world.record()
    assert record.slack is not None
    assert record.notices == ()
    world.services.complete(NAME)
    advance(world.world(), NAME, record.id)
    assert bot.posted == 1


def test_a_message_that_cannot_be_kept_is_posted_again_and_loses_no_notice() -> None:
    world, bot = _silent(), _Bot()
    world.restart()
    world.topic.publish = bot.publish  # type: ignore[method-assign, assignment]
    lost = Conflict("written by another")
    world.faults = [Fault(0, lost, name="save"), Fault(1, lost, name="save")]
    advance(world.world(), NAME, world.record().id)
    assert len(world.record().notices) == 1
    advance(world.world(), NAME, world.record().id)
    assert (bot.posted, world.record().notices) == (2, ())
