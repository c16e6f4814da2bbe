"""Clients that note their calls, and that AWS denies or throttles some of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

Client = Callable[[str], Any]


class Guarded:
    """Clients of a person; `refusals` has the code with which AWS answers a call such as
    "ecs:describe_services", and `answers` what it answers instead."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self.calls: list[str] = []
        self.refusals: dict[str, str] = {}
        self.answers: dict[str, Mapping[str, Any]] = {}
        self.everything = ""  # the code with which AWS answers every call

    def __call__(self, service: str) -> Any:
        return _Guard(self, service, self._client(service))

    def meet(self, call: str) -> None:
        self.calls.append(call)
        if code := self.everything or self.refusals.get(call):
            error: Any = {"Error": {"Code": code, "Message": "no"}}
            raise ClientError(error, call)


class _Guard:
    def __init__(self, guarded: Guarded, service: str, client: Any) -> None:
        self._guarded, self._service, self._client = guarded, service, client
        self.meta = client.meta

    def __getattr__(self, name: str) -> Any:
        call = f"{self._service}:{name}"

        def called(**parameters: Any) -> Any:
            self._guarded.meet(call)
            if call in self._guarded.answers:
                return self._guarded.answers[call]
            return getattr(self._client, name)(**parameters)

        return called

    def get_paginator(self, name: str) -> Any:
        pages = self._client.get_paginator(name)
        guarded, call = self._guarded, f"{self._service}:{name}"

        class Pages:
            def paginate(self, **parameters: Any) -> Iterator[Any]:
                guarded.meet(call)
                yield from pages.paginate(**parameters)

        return Pages()
