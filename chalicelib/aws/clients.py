"""boto3 clients, made on first use: a function pays only for those that it calls."""

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
    """The client of `service`; it tries a call up to three times."""
    return _client(service, _ATTEMPTS, _READ_SECONDS)


def client_once(service: str) -> Any:
    """A client that tries once, for calls that take no client token.

    Whether a lost answer was acted upon is looked up, never tried again blindly.
    """
    return _client(service, 1, _READ_SECONDS)


def client_quick(service: str) -> Any:
    """A client that tries once, and waits three seconds, for what is good to know and no more."""
    return _client(service, 1, _QUICK_SECONDS)


def forget() -> None:
    """Forget every client, as a cold start does."""
    _client.cache_clear()


@lru_cache
def _client(service: str, attempts: int, read_seconds: int) -> Any:
    config = Config(
        retries={"mode": "standard", "total_max_attempts": attempts},
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=read_seconds,
    )
    return boto3.client(service, config=config)  # type: ignore[call-overload]
