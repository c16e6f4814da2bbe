"""Requests and answers of AWS as raw JSON, with the fields that botocore's model does not know.

botocore drops the response fields that it does not know, so an old SDK would erase new fields
without a word. Its hooks give the response body before it is parsed, and take a request body
instead of the serialised one. Credentials, retries and endpoints stay botocore's.
https://docs.aws.amazon.com/boto3/latest/guide/events.html: a `before-call` hook may change the
serialised request, and a `before-parse` hook sees the response before botocore parses it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

_NOT_GOOD = 300


@contextmanager
def raw_answers(client: Any, operation: str) -> Iterator[list[bytes]]:
    """Collect the bodies of the good responses to an operation of a client, newest last."""
    bodies: list[bytes] = []

    def collect(response_dict: Mapping[str, Any], **_: Any) -> None:
        if response_dict["status_code"] < _NOT_GOOD:
            bodies.append(response_dict["body"])

    with _hooked(client, f"before-parse.{_service(client)}.{operation}", collect):
        yield bodies


@contextmanager
def raw_request(client: Any, operation: str, body: Mapping[str, Any]) -> Iterator[None]:
    """Send `body` as it is, instead of the call's own arguments."""

    def replace(params: dict[str, Any], **_: Any) -> None:
        params["body"] = json.dumps(body).encode()

    with _hooked(client, f"before-call.{_service(client)}.{operation}", replace):
        yield


def _service(client: Any) -> str:
    """Return the service's name in the names of botocore's events."""
    return str(client.meta.service_model.service_id.hyphenize())


@contextmanager
def _hooked(client: Any, event: str, hook: Callable[..., None]) -> Iterator[None]:
    client.meta.events.register(event, hook)
    try:
        yield
    finally:
        client.meta.events.unregister(event, hook)
