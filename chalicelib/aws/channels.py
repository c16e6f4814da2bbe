"""notice -> channels: send a notice to each channel; one that fails does not stop the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from chalicelib.errors import Unavailable
from chalicelib.model.deployments import Notice


class Channel(Protocol):
    """One way by which a notice reaches people."""

    def send(self, notice: Notice, deployment: str, service: str) -> None: ...


class Channels:
    """All channels by their names; the flows' `Topic`."""

    def __init__(self, channels: Mapping[str, Channel]) -> None:
        self._channels = channels

    def publish(self, notice: Notice, deployment: str, service: str) -> Sequence[str]:
        """Send the notice to each channel that it has not reached, and return those that failed.

        Raises:
            Unavailable: when this was the first attempt and every channel failed.
        """
        wanted = [name for name in self._channels if notice.unsent is None or name in notice.unsent]
        failures: dict[str, Unavailable] = {}
        for name in wanted:
            try:
                self._channels[name].send(notice, deployment, service)
            except Unavailable as unavailable:
                failures[name] = unavailable
        if failures and len(failures) == len(wanted) and notice.unsent is None:
            raise next(iter(failures.values()))
        return tuple(failures)
