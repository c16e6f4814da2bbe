"""boto3 clients, made on first use: a function pays only for those that it calls."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import boto3
from botocore.config import Config

_CONNECT_SECONDS = 3
_READ_SECONDS = 15
_ATTEMPTS = 3


def client(service: str) -> Any:
    """The client of `service`; it tries a call up to three times."""
    return _client(service, _ATTEMPTS)


def client_once(service: str) -> Any:
    """A client that tries once, for calls that take no client token.

    Whether a lost answer was acted upon is looked up, never tried again blindly. Also for what is
    good to know but must not keep anybody waiting.
    """
    return _client(service, 1)


def forget() -> None:
    """Forget every client, as a cold start does."""
    _client.cache_clear()


@lru_cache
def _client(service: str, attempts: int) -> Any:
    config = Config(
        retries={"mode": "standard", "total_max_attempts": attempts},
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=_READ_SECONDS,
    )
    return boto3.client(service, config=config)  # type: ignore[call-overload]
