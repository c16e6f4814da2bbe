"""A URL and a text -> the status that the receiver answers with, within one deadline.

A timeout of a socket bounds each read alone: a receiver that sends a byte a second is never late.
So what is left of the deadline is asked before each step, and becomes the timeout of that step.
Nothing bounds the look-up of the host's name but the resolver's own limits.

No more is read than the head of the answer, and of its body as much as the caller asks for. The
connection is then closed.
"""

from __future__ import annotations

import io
import re
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from functools import lru_cache
from http.client import HTTPConnection, HTTPException, HTTPResponse, IncompleteRead
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import SplitResult, urlsplit

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer

# Bytes of an answer's head. Servers themselves allow a head of 8 to 16 KB.
HEAD = 16_384
_CONNECT = 2.0
_DAY = 86_400
_PORTS = {"http": 80, "https": 443}


class Deadline:
    """A moment on a clock that counts seconds."""

    def __init__(self, seconds: float, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._ends = clock() + seconds

    def left(self) -> float:
        """The seconds that are left.

        Raises:
            TimeoutError: none is.
        """
        left = self._ends - self._clock()
        if left <= 0:
            raise TimeoutError("the deadline of the whole exchange passed")
        return left


class Reply(NamedTuple):
    """The status of an answer, the seconds that its `Retry-After` names (or -1), and its body."""

    status: int
    retry_after: int
    body: bytes


def post(
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    seconds: float,
    clock: Callable[[], float] = time.monotonic,
) -> int:
    """The status of the answer to one POST. A redirect is not followed.

    Raises:
        OSError: no connection, or no answer before the deadline (TimeoutError).
        HTTPException: the answer is not HTTP, or its head is too long.
        ValueError: the URL is not one that can be asked.
    """
    return ask(url, body, headers, Deadline(seconds, clock)).status


def ask(
    url: str, body: bytes, headers: Mapping[str, str], deadline: Deadline, most: int = 0
) -> Reply:
    """The answer to one POST, as `post` sends it. At most so many bytes of its body are read.

    Raises:
        OSError, HTTPException, ValueError: as `post`. An HTTPException also when the body is longer
            than `most`, where that is not 0.
    """
    parts = urlsplit(url)
    path = f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
    host = {"Host": parts.netloc.rpartition("@")[2]}
    with _connected(parts, deadline) as connected:
        _Request(connected, deadline).request("POST", path, body, {**host, **headers})
        answer = _Answer(connected, deadline)
        answer.begin()
        return Reply(answer.status, _seconds(answer), answer.at_most(most))


def _seconds(answer: HTTPResponse) -> int:
    """The whole seconds of `Retry-After`, at most a day; -1 where it names none."""
    named = (answer.getheader("Retry-After") or "").strip()
    return min(int(named), _DAY) if re.fullmatch(r"[0-9]{1,9}", named) else -1


def _connected(url: SplitResult, deadline: Deadline) -> socket.socket:
    """A connection to the first address of the host that takes one, with TLS for https."""
    host, port = url.hostname or "", url.port or _PORTS[url.scheme]
    failure: OSError = OSError("the host has no address")
    for family, kind, protocol, _, address in socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM
    ):
        timeout = min(_CONNECT, deadline.left())
        connected = socket.socket(family, kind, protocol)
        try:
            connected.settimeout(timeout)
            connected.connect(address)
            connected.settimeout(deadline.left())
            if url.scheme == "https":
                connected = _tls().wrap_socket(connected, server_hostname=host)
        except OSError as error:
            connected.close()
            failure = error
        else:
            return connected
    raise failure


@lru_cache
def _tls() -> ssl.SSLContext:
    """Made once: it reads the certificates of all authorities."""
    return ssl.create_default_context()


class _Request(HTTPConnection):
    """Sends over a connection that exists, until the deadline."""

    def __init__(self, connected: socket.socket, deadline: Deadline) -> None:
        super().__init__("")
        self.sock = connected
        self._deadline = deadline

    def send(self, data: ReadableBuffer) -> None:  # type: ignore[override]  # bytes are sent only
        self.sock.settimeout(self._deadline.left())
        self.sock.sendall(data)


class _Answer(HTTPResponse):
    """The answer that comes over a connection, until the deadline."""

    def __init__(self, connected: socket.socket, deadline: Deadline) -> None:
        super().__init__(connected, method="POST")
        self.fp.close()
        self._arriving = _Arriving(connected, deadline)
        self.fp = io.BufferedReader(self._arriving)

    def at_most(self, most: int) -> bytes:
        """The body, where it is wanted and no longer than that."""
        if not most:
            return b""
        self._arriving.room += most + HEAD  # what frames the pieces of a body takes room too
        body = self.read(most + 1)
        if len(body) > most:
            raise HTTPException(f"the body of the answer is longer than {most:,} bytes")
        if self.length:  # what its Content-Length promised, and what never came
            raise IncompleteRead(body, self.length)
        return body


class _Arriving(io.RawIOBase):
    """What a connection brings: as much as there is room for, and nothing after the deadline."""

    def __init__(self, connected: socket.socket, deadline: Deadline) -> None:
        self._connected = connected
        self._deadline = deadline
        self.room = HEAD

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        if not self.room:
            raise HTTPException("the answer is longer than there is room for")
        self._connected.settimeout(self._deadline.left())
        got = self._connected.recv_into(memoryview(buffer)[: self.room])
        self.room -= got
        return got
