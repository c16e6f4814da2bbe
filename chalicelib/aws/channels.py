"""notice -> channels: send a notice to each channel that wants it; one that fails stops no other.

All but SNS share a budget of seconds in an invocation. What it does not reach is sent by a later
step or by the sweep. A channel that is silent once is left alone for the rest of the invocation.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Protocol

from chalicelib.errors import Unavailable
from chalicelib.model.deployments import Delivery, Deployment, Notice, SlackMessage, Status

SNS = "sns"
_BUDGET = 10.0


class Silent(Unavailable):
    """The channel did not answer in time, or asked to be left alone for a while."""


class HalfSent(Unavailable):
    """Slack shows the notice in `message`, but its reply in the thread is missing."""

    def __init__(self, failure: Unavailable, message: SlackMessage) -> None:
        super().__init__(str(failure))
        self.failure, self.message = failure, message


class Channel(Protocol):
    """One way by which a notice reaches people."""

    def send(
        self, notice: Notice, deployment: str, service: str, record: Deployment | None = None
    ) -> SlackMessage | None: ...


def _every(_: str, __: Status) -> bool:
    return True


class Channels:
    """All channels by their names; the flows' `Topic`."""

    def __init__(
        self,
        channels: Mapping[str, Channel],
        wants: Callable[[str, Status], bool] = _every,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._channels, self._wants, self._clock = channels, wants, clock
        self._silent: set[str] = set()
        self._spent = 0.0

    def publish(
        self, notice: Notice, deployment: str, service: str, record: Deployment | None = None
    ) -> Delivery:
        """Send the notice to each channel that it has not reached, and return those that failed.

        Raises:
            Unavailable: when this was the first attempt and every channel failed.
        """
        wanted = [
            name
            for name in self._channels
            if (notice.unsent is None or name in notice.unsent) and self._wants(name, notice.status)
        ]
        failures: dict[str, Unavailable] = {}
        message = None
        for name in wanted:
            send = partial(self._channels[name].send, notice, deployment, service, record)
            try:
                message = self._sent(name, send) or message
            except HalfSent as half:
                message, failures[name] = half.message, half
            except Unavailable as unavailable:
                failures[name] = unavailable
        if failures and len(failures) == len(wanted) and notice.unsent is None and message is None:
            raise next(iter(failures.values()))
        return Delivery(missed=tuple(failures), slack=message)

    def failed(self, name: str, failure: Unavailable) -> None:
        """Hear that a channel failed."""

    def _sent(self, name: str, send: Callable[[], SlackMessage | None]) -> SlackMessage | None:
        if name in self._silent or (name != SNS and self._spent >= _BUDGET):
            raise Unavailable(f"{name} is not asked again in this invocation")
        began = self._clock()
        try:
            return send()
        except Unavailable as failure:
            cause = failure.failure if isinstance(failure, HalfSent) else failure
            if isinstance(cause, Silent):
                self._silent.add(name)
            self.failed(name, failure)
            raise
        finally:
            self._spent += 0.0 if name == SNS else self._clock() - began
