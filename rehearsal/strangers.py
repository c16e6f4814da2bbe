"""A person's clients, for calls that moto may not know: those are refused, as over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError


class Stranger:
    """A boto3 client whose unknown calls answer 501, where moto in one process only raises."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._client, name)
        if name in {"meta", "get_paginator", "exceptions"}:
            return found

        def call(**parameters: Any) -> Any:
            try:
                return found(**parameters)
            except NotImplementedError as error:
                raise ClientError(_REFUSAL, name) from error

        return call


def strangers(client: Callable[[str], Any]) -> Callable[[str], Any]:
    """The clients that `client` gives, each as a `Stranger`."""
    return lambda service: Stranger(client(service))


_REFUSAL: Any = {
    "Error": {"Code": "NotImplemented", "Message": "This AWS does not know the call."},
    "ResponseMetadata": {"HTTPStatusCode": 501},
}
