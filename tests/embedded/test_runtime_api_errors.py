"""The Runtime API says nothing of a connection that breaks, and tells every other error."""

from __future__ import annotations

from contextlib import suppress

import pytest

from embedded.services.lambda_.runtime_api import RuntimeApi


class _Nobody:
    def next_event(self) -> None:
        return None

    def settle(self, request_id: str, body: bytes, error: str | None) -> bool:
        return bool(request_id and body and error)

    def init_failed(self, body: bytes, error: str) -> None: ...


def _handled(api: RuntimeApi, error: Exception) -> None:
    try:
        raise error
    finally:
        api.handle_error(None, ("127.0.0.1", 1))


@pytest.mark.parametrize(
    ("error", "told"), [(ConnectionResetError(), False), (ZeroDivisionError(), True)]
)
def test_only_a_broken_connection_is_passed_over(
    capsys: pytest.CaptureFixture[str], error: Exception, told: bool
) -> None:
    with RuntimeApi(_Nobody()) as api, suppress(type(error)):
        _handled(api, error)
    assert (type(error).__name__ in capsys.readouterr().err) is told
