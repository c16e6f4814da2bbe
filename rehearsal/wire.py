"""The app's way to AWS in one process: every attempt of every call passes here.

Making a client of botocore costs a hundred times a call, so all rehearsals of a process share them.
Each rehearsal has a `line` of its own. Every attempt passes it: it may answer, fail, or kill.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.retries.quota import RetryQuota
from moto.core.botocore_stubber import MockRawResponse
from moto.core.models import botocore_stubber

from chalicelib.aws import clients

_make = clients._client.__wrapped__
_NONE: Mapping[str, str] = {}


@dataclass(frozen=True)
class Attempt:
    """One HTTP request of the app; `perform` sends it to the simulated service."""

    service: str
    operation: str
    request: AWSPreparedRequest

    def __str__(self) -> str:
        return f"{self.service}:{self.operation}"

    @property
    def parameters(self) -> dict[str, Any]:
        """The request's body, where the service's protocol is JSON."""
        body: Any = self.request.body or b"{}"
        return dict(json.loads(body))

    def perform(self) -> AWSResponse:
        answer: AWSResponse | None = botocore_stubber(f"before-send.{self.service}", self.request)
        if answer is None:
            raise RuntimeError(f"{self} would leave this machine")
        return answer

    def answer(self, status: int, body: bytes, headers: Mapping[str, str] = _NONE) -> AWSResponse:
        """An answer that the simulated service does not give."""
        raw: Any = MockRawResponse(body)
        sent: Any = dict(headers)
        return AWSResponse(self.request.url, status, sent, raw)


Line = Callable[[Attempt], AWSResponse]


@dataclass
class Wire:
    """The shared clients; invocations that run at the same time have different depths."""

    line: Line = Attempt.perform
    note: Callable[[str], object] = str
    depth: int = 0
    _clients: dict[tuple[int, str, int, int], Any] = field(default_factory=dict)

    def client(self, service: str, attempts: int, seconds: int) -> Any:
        """The client that `chalicelib.aws.clients._client` would make, on this wire."""
        key = (self.depth, service, attempts, seconds)
        if key not in self._clients:
            self._clients[key] = self.made(service, attempts, seconds)
        return self._clients[key]

    def made(self, service: str, attempts: int, seconds: int) -> Any:
        made = _make(service, attempts, seconds)
        events = made.meta.events
        events.unregister("before-send", botocore_stubber)

        def send(request: AWSPreparedRequest, event_name: str, **_: Any) -> AWSResponse:
            return self.line(Attempt(service, event_name.rsplit(".", 1)[-1], request))

        def noted(model: Any, **_: Any) -> None:
            self.note(f"{model.service_model.service_name}:{model.name}")

        events.register("before-send", send)
        events.register("before-call", noted)
        return made


WIRE = Wire()


@contextmanager
def wired(line: Line, note: Callable[[str], object]) -> Iterator[Wire]:
    """Within the block, the app calls through `line`, and its retries have no quota."""
    with (
        patch.object(clients, "_client", WIRE.client),
        patch.object(WIRE, "line", line),
        patch.object(WIRE, "note", note),
        patch.object(RetryQuota, "acquire", lambda *_: True),
    ):
        yield WIRE
