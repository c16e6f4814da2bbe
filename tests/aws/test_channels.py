"""All channels together: who gets what, and what a dead or slow one costs the others."""

from __future__ import annotations

import pytest

from chalicelib.aws.channels import Channel, Channels, Silent
from chalicelib.errors import Unavailable
from chalicelib.explain.notice import notice
from chalicelib.model.deployments import Deployment, Notice, SlackMessage, Status
from chalicelib.model.notices import NoticeChannels
from tests.fixtures import examples

TOLD = notice(examples.rolling_out())


class Clock:
    """The seconds that were spent so far."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Far:
    """A channel that takes its time, and then maybe fails."""

    def __init__(
        self, clock: Clock | None = None, seconds: float = 0, failure: Unavailable | None = None
    ) -> None:
        self.clock, self.seconds, self.failure = clock or Clock(), seconds, failure
        self.got: list[str] = []

    def send(
        self, notice: Notice, deployment: str, service: str, _: Deployment | None = None
    ) -> SlackMessage | None:
        self.clock.now += self.seconds
        self.got.append(notice.id)
        if self.failure:
            raise self.failure
        return None


def publish(channels: Channels, told: Notice = TOLD) -> tuple[str, ...]:
    return channels.publish(told, "d", "c/s").missed


def test_a_silent_channel_is_asked_once_in_an_invocation_and_loses_nothing() -> None:
    dead, alive = Far(failure=Silent("no answer")), Far()
    channels = Channels({"sns": Far(), "slack": dead, "teams": alive})
    assert [publish(channels) for _ in range(3)] == [("slack",)] * 3
    assert (len(dead.got), len(alive.got)) == (1, 3)


def test_one_that_refuses_a_notice_is_asked_for_the_next() -> None:
    refusing = Far(failure=Unavailable("invalid_blocks"))
    channels = Channels({"sns": Far(), "slack": refusing})
    assert [publish(channels) for _ in range(2)] == [("slack",)] * 2
    assert len(refusing.got) == 2


def test_slow_channels_share_one_budget_and_sns_has_none() -> None:
    clock = Clock()
    slow: dict[str, Channel] = {name: Far(clock, 4) for name in ("slack", "teams", "webhook")}
    sns = Far(clock, 60)
    channels = Channels({"sns": sns, **slow}, clock=clock)
    missed = [publish(channels) for _ in range(5)]
    assert missed == [(), *[("slack", "teams", "webhook")] * 4]
    assert len(sns.got) == 5


def test_a_notice_goes_only_to_channels_that_want_it() -> None:
    rules = NoticeChannels.model_validate(
        {"slack": {"webhook": "ssm:/a", "only": ["failures"]}, "teams": "ssm:/b"}
    )
    sns, slack, teams = Far(), Far(), Far()
    channels = Channels({"sns": sns, "slack": slack, "teams": teams}, rules.wants)
    publish(channels)
    publish(channels, notice(examples.rolling_out(status=Status.FAILED)))
    assert (len(sns.got), len(slack.got), len(teams.got)) == (2, 1, 2)


def test_one_that_wants_nothing_of_a_notice_is_no_channel_that_failed() -> None:
    rules = NoticeChannels.model_validate({"slack": {"webhook": "ssm:/a", "only": ["held"]}})
    channels = Channels({"sns": Far(failure=Unavailable("x")), "slack": Far()}, rules.wants)
    with pytest.raises(Unavailable):
        publish(channels)


def test_each_failure_is_heard() -> None:
    heard: list[str] = []

    class Heard(Channels):
        def failed(self, name: str, failure: Unavailable) -> None:
            heard.append(f"{name}: {failure}")

    channels = Heard({"sns": Far(), "slack": Far(failure=Silent("no answer"))})
    publish(channels)
    publish(channels)
    assert heard == ["slack: no answer"]
