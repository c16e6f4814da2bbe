"""service -> boto3 client: a client is made on first use, so a function pays only for its own."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import boto3
from botocore.config import Config

_CONNECT_SECONDS = 3
_READ_SECONDS = 15
_QUICK_SECONDS = 3
_ATTEMPTS = 3


def client(service: str) -> Any:
    """Return the client of a service; it sends a call at most three times."""
    return _client(service, _ATTEMPTS, _READ_SECONDS)


def client_once(service: str) -> Any:
    """Return a client that sends a call only once, for operations that take no client token.

    When an answer is lost, a later step looks whether AWS acted; the call is not repeated blindly.
    """
    return _client(service, 1, _READ_SECONDS)


def client_quick(service: str) -> Any:
    """Return a client that sends a call once and waits three seconds, for facts that may lack."""
    return _client(service, 1, _QUICK_SECONDS)


def forget() -> None:
    """Forget all clients; each is made again on its next use."""
    _client.cache_clear()


@lru_cache
def _client(service: str, attempts: int, read_seconds: int) -> Any:
    config = Config(
        retries={"mode": "standard", "total_max_attempts": attempts},
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=read_seconds,
    )
    return boto3.client(service, config=config)  # type: ignore[call-overload]
