"""boto3 clients, made on first use: a function pays only for those that it calls."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import boto3
from botocore.config import Config

_CONNECT_SECONDS = 3
_READ_SECONDS = 15


@lru_cache
def client(service: str, attempts: int = 3) -> Any:
    """A client of `service` that makes at most `attempts` attempts at a call.

    RegisterTaskDefinition and UpdateService take no client token, so they get one attempt:
    whether a lost answer was acted upon is looked up, never tried again blindly.
    """
    config = Config(
        retries={"mode": "standard", "total_max_attempts": attempts},
        parameter_validation=attempts > 1,
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=_READ_SECONDS,
    )
    return boto3.client(service, config=config)  # type: ignore[call-overload]
