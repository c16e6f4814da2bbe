"""Serving beside other work: the end is quiet, also while a page is open."""

from __future__ import annotations

import http.client

import pytest

from cli.dashboard.serve import serving
from tests.dashboard.client import LONG, Client
from tests.dashboard.scripted import Scripted, opened

EMPTY = {"at": "2026-12-01T10:00:00+00:00", "board": []}


def stream(client: Client) -> http.client.HTTPResponse:
    """An open stream of the board, of which the first line has come."""
    connection = http.client.HTTPConnection(client.host, timeout=LONG)
    headers = {"authorization": f"Bearer {client.token}"}
    connection.request("GET", "/changes?path=%2F", headers=headers)
    answer = connection.getresponse()
    assert answer.readline().startswith(b"data: ")
    return answer


def test_the_end_closes_the_streams_of_open_pages_without_a_word(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with serving(opened(dev=Scripted(lambda *_: EMPTY))) as address:
        answer = stream(Client.of(address))
    assert b"data" not in answer.read()
    assert "".join(capfd.readouterr()) == ""


def test_a_server_that_comes_after_another_one_streams_as_well() -> None:
    for _ in range(2):
        with serving(opened(dev=Scripted(lambda *_: EMPTY))) as address:
            stream(Client.of(address)).close()


def test_nobody_listens_any_more_at_the_end() -> None:
    with serving(opened(dev=Scripted(lambda *_: EMPTY))) as address:
        client = Client.of(address)
        assert client.view().status == 200
    with pytest.raises(ConnectionRefusedError):
        client.view()
