"""stages, port -> a served page: until Ctrl-C."""

from __future__ import annotations

import secrets
import socket
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import uvicorn
from sse_starlette.sse import AppStatus

from chalicelib.errors import Refused
from chalicelib.explain.text import listed
from cli.dashboard.server import application
from cli.dashboard.stages import Open, Stages
from cli.show.screen import say, say_json
from cli.terminal import Interrupted

_GRACE = 2  # seconds that open streams get when it ends; they hear of it within half a second
_LONG_GRACE = 10  # where nobody waits for a terminal
_BACKLOG = 64
_NAMED = 10  # stages


def serve(opened: Mapping[str, tuple[str, Open]], port: int, *, as_json: bool) -> int:
    """Serve the page of these stages until Ctrl-C; return the exit code.

    Raises:
        Refused: when the port cannot be used.
    """
    listener = listening(port)
    url, server = _made(opened, listener)
    tell = _tell_json if as_json else _tell
    tell(url, list(opened))
    try:
        server.run(sockets=[listener])
    except KeyboardInterrupt:
        raise Interrupted("The dashboard has ended.") from None
    return 0


@contextmanager
def serving(opened: Mapping[str, tuple[str, Open]]) -> Iterator[str]:
    """Serve the page of these stages in a thread, on any free port; the value is its address.

    When the block ends, so does the server.
    """
    listener = listening(0)
    url, server = _made(opened, listener)
    server.config.timeout_graceful_shutdown = _LONG_GRACE
    thread = threading.Thread(target=server.run, args=([listener],), name="dashboard", daemon=True)
    thread.start()
    try:
        yield url
    finally:
        server.should_exit = AppStatus.should_exit = True  # the second one ends the streams
        thread.join()
        AppStatus.should_exit = False  # it is of the whole process
        listener.close()


def _made(
    opened: Mapping[str, tuple[str, Open]], listener: socket.socket
) -> tuple[str, uvicorn.Server]:
    """The address with a new token, and the server that answers to it."""
    host = f"127.0.0.1:{listener.getsockname()[1]}"
    token = secrets.token_urlsafe(32)
    return address(host, token), server_of(Stages(opened), token, host)


def _tell(url: str, stages: Sequence[str]) -> None:
    say(
        f"The dashboard of {listed(stages, _NAMED)}:",
        "",
        f"  {url}",
        "",
        "Who has this address may do with Slipway what you may. Ctrl-C ends it.",
    )
    sys.stdout.flush()


def _tell_json(url: str, stages: Sequence[str]) -> None:
    say_json({"address": url, "stages": list(stages)})
    sys.stdout.flush()


def address(host: str, token: str) -> str:
    """The address to open. A browser keeps what is behind `#` to itself."""
    return f"http://{host}/#token={token}"


def server_of(stages: Stages, token: str, host: str) -> uvicorn.Server:
    """A server that is not running yet."""
    settings = uvicorn.Config(
        application(stages, token=token, host=host),
        log_level="warning",
        access_log=False,
        server_header=False,
        ws="none",
        lifespan="off",
        timeout_graceful_shutdown=_GRACE,
    )
    return uvicorn.Server(settings)


def listening(port: int) -> socket.socket:
    """A socket that listens on this machine's loopback; port 0 means any free one.

    Raises:
        Refused: when the port cannot be used.
    """
    try:
        return socket.create_server(("127.0.0.1", port), backlog=_BACKLOG)
    except (OSError, OverflowError) as error:
        again = "another --port, or none"
        raise Refused(f"Port {port} cannot be used: {error}. Next: {again}") from error
