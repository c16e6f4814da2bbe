"""The service of most tests of the simulated ECS: nothing lags, and the documented rates limit."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.embedded.ecs.web_service import WebService, web_service


@pytest.fixture
def web() -> Iterator[WebService]:
    with web_service() as opened:
        yield opened
