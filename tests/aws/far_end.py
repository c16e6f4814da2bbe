"""The far end of a channel on loopback: it keeps what it gets, and answers as it is told to."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Asked:
    """One request: its path, its headers, and its JSON."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]


@dataclass
class Answered:
    """One answer: a body that is bytes is sent as it is."""

    status: int = 200
    body: Any = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0

    @property
    def raw(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


@contextmanager
def far_end(answer: Callable[[Asked], Answered]) -> Iterator[str]:
    """A server that answers each POST so; its URL without a path."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            told = answer(Asked(self.path, dict(self.headers), body))
            time.sleep(told.delay)
            try:
                self.send_response(told.status)
                for name, value in {"Content-Length": str(len(told.raw)), **told.headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(told.raw)
            except OSError:
                pass  # the other end has had enough

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
