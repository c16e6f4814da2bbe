"""A POST ends with its deadline, and takes no more than the head of an answer."""

from __future__ import annotations

import itertools
import socket
import ssl
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from http.client import HTTPException

import pytest

from chalicelib.aws.post import HEAD, Deadline, Reply, ask, post

OK = b"HTTP/1.1 200 OK\r\n"
# What the sockets of both ends may hold besides what was read.
BUFFERS = 8_000_000


class Server:
    """The far end: it sends `pieces`, and counts the bytes that the other end took."""

    def __init__(self, pieces: Iterable[bytes], pause: float = 0.0) -> None:
        self._pieces, self._pause = pieces, pause
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}/x?y=1"
        self.sent, self.asked = 0, b""

    def serve(self) -> None:
        with self._listening, self._listening.accept()[0] as connected:
            self.asked = connected.recv(65_536)
            try:
                for piece in self._pieces:
                    connected.sendall(piece)
                    self.sent += len(piece)
                    time.sleep(self._pause)
            except OSError:
                pass  # the other end has had enough


@contextmanager
def serving(pieces: Iterable[bytes], pause: float = 0.0) -> Iterator[Server]:
    server = Server(pieces, pause)
    thread = threading.Thread(target=server.serve, daemon=True)
    thread.start()
    yield server
    thread.join(10)
    assert not thread.is_alive()


class Clock:
    """A clock that is a second later each time that it is asked."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 1
        return self.now


def test_the_status_is_returned_and_the_request_is_http() -> None:
    with serving([OK + b"Content-Length: 2\r\n\r\nok"]) as server:
        assert post(server.url, b"{}", {"Content-Type": "application/json"}, 5) == 200
    head, _, body = server.asked.partition(b"\r\n\r\n")
    assert head.startswith(b"POST /x?y=1 HTTP/1.1\r\n")
    assert b"\r\nHost: 127.0.0.1:" in head
    assert b"\r\nContent-Type: application/json" in head
    assert b"\r\nContent-Length: 2" in head
    assert body in (b"", b"{}")  # the second piece of the request may come later


@pytest.mark.parametrize(
    "head",
    [b"", OK, OK + b"X: "],
    ids=["a status", "headers", "a header"],
)
def test_a_head_that_drips_is_left_at_the_deadline(head: bytes) -> None:
    dripping = itertools.chain([head] if head else [], itertools.repeat(b"x"))
    with serving(dripping, pause=0.02) as server:
        clock = Clock()
        with pytest.raises(TimeoutError, match="whole exchange"):
            post(server.url, b"{}", {}, 12, clock)
    assert clock.now < 15
    assert server.sent < HEAD


def test_the_deadline_is_one_of_real_seconds() -> None:
    with serving(itertools.repeat(b"x"), pause=0.05) as server, pytest.raises(TimeoutError):
        post(server.url, b"{}", {}, 0.3)
    assert server.sent <= 10


def test_a_body_is_not_read() -> None:
    endless = itertools.chain([OK + b"\r\n"], itertools.repeat(b"x" * 100_000))
    with serving(endless) as server:
        assert post(server.url, b"{}", {}, 5) == 200
    assert server.sent < BUFFERS


@pytest.mark.parametrize(
    "piece",
    [b"HTTP/1.1 100 Continue\r\n\r\n", b"X: y\r\n", b"x"],
    ids=["continue for ever", "headers for ever", "a header for ever"],
)
def test_a_head_without_an_end_is_refused(piece: bytes) -> None:
    endless = itertools.chain([b"" if piece[:1] == b"H" else OK], itertools.repeat(piece * 999))
    with serving(endless) as server, pytest.raises(HTTPException):
        post(server.url, b"{}", {}, 5)
    assert server.sent < BUFFERS


def test_an_answer_that_ends_at_once_is_an_error() -> None:
    with serving([]) as server, pytest.raises((HTTPException, OSError)):
        post(server.url, b"{}", {}, 5)


def test_https_is_never_spoken_without_tls() -> None:
    with serving([OK + b"\r\n"]) as server, pytest.raises(ssl.SSLError):
        post(server.url.replace("http:", "https:"), b"{}", {}, 5)
    assert b"POST" not in server.asked


def test_a_host_with_many_silent_addresses_has_one_deadline(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    nobody = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 9))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [nobody] * 1_000)
    clock = Clock()
    with pytest.raises(TimeoutError):
        post("http://example.com/", b"{}", {}, 10, clock)
    assert clock.now < 13


def asked(server: Server, most: int, seconds: float = 5) -> Reply:
    return ask(server.url, b"{}", {}, Deadline(seconds, time.monotonic), most)


def test_a_body_is_read_where_it_is_wanted() -> None:
    with serving([OK + b"Retry-After: 30\r\nContent-Length: 2\r\n\r\nok"]) as server:
        assert asked(server, 100) == Reply(200, 30, b"ok")


@pytest.mark.parametrize("framing", [b"\r\n", b"Transfer-Encoding: chunked\r\n\r\n"])
def test_a_body_without_an_end_is_refused(framing: bytes) -> None:
    piece = b"x" * 4_096 if framing == b"\r\n" else b"1000\r\n" + b"x" * 4_096 + b"\r\n"
    endless = itertools.chain([OK + framing], itertools.repeat(piece))
    with serving(endless) as server, pytest.raises(HTTPException):
        asked(server, 10_000)
    assert server.sent < BUFFERS


def test_a_body_of_tiny_chunks_has_little_room() -> None:
    chunks = itertools.repeat(b"1;" + b"y" * 1_000 + b"\r\nx\r\n")
    head = OK + b"Transfer-Encoding: chunked\r\n\r\n"
    with serving(itertools.chain([head], chunks)) as server, pytest.raises(HTTPException):
        asked(server, 10_000)
    assert server.sent < BUFFERS


def test_a_body_that_drips_is_left_at_the_deadline() -> None:
    head = OK + b"Content-Length: 5000\r\n\r\n"
    dripping = itertools.chain([head], itertools.repeat(b"x"))
    with serving(dripping, pause=0.05) as server, pytest.raises(TimeoutError):
        asked(server, 10_000, seconds=0.3)
    assert server.sent <= len(head) + 10


def test_a_body_that_is_shorter_than_it_says_is_refused() -> None:
    short = [OK + b"Content-Length: 5000\r\n\r\nshort"]
    with serving(short) as server, pytest.raises((HTTPException, OSError)):
        asked(server, 10_000)


@pytest.mark.parametrize("named", [b"soon", b"-1", b"1e9", b"9" * 500, b"\xb2"])
def test_a_wait_that_makes_no_sense_is_none(named: bytes) -> None:
    head = OK + b"Retry-After: " + named + b"\r\nContent-Length: 0\r\n\r\n"
    with serving([head]) as server:
        assert asked(server, 10).retry_after == -1
