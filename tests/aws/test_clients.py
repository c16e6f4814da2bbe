"""Clients: how often each tries, and how long it waits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.aws import clients


@pytest.mark.parametrize(
    ("make", "attempts", "seconds"),
    [
        pytest.param(clients.client, 3, 15, id="most calls"),
        pytest.param(clients.client_once, 1, 15, id="what takes no client token"),
        pytest.param(clients.client_quick, 1, 3, id="what nobody has to wait for"),
    ],
)
def test_a_client_tries_and_waits_as_its_name_says(
    make: Callable[[str], Any],
    attempts: int,
    seconds: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-west-2")
    config = make("logs").meta.config
    assert config.retries["total_max_attempts"] == attempts
    assert config.read_timeout == seconds
