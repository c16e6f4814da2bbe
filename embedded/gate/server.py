"""The HTTP server of the embedded AWS, on a loopback port; it hands every request to the gate."""

from __future__ import annotations

import logging
import socket
import threading
from typing import Any

from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.serving import ThreadedWSGIServer

from embedded.gate.request_gate import RequestGate

log = logging.getLogger(__name__)


class _Handler(MotoRequestHandler):
    """Keeps connections open between calls, which werkzeug's own handler does not."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # headers and body are two writes: 40 ms a call otherwise
    server: HttpServer

    def run_wsgi(self) -> None:
        reply = self.server.gate.answer(self.make_environ())
        self.send_response_only(reply.status)
        for name, value in reply.headers:
            self.send_header(name, value)
        if not any(name.lower() == "content-length" for name, _ in reply.headers):
            self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(reply.body)
        self.wfile.flush()


def _no_application(*_: Any) -> list[bytes]:
    raise NotImplementedError("_Handler asks the gate")


class HttpServer(ThreadedWSGIServer):
    """A threaded HTTP server on the loopback address; `stop` closes idle connections too."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, gate: RequestGate, port: int = 0) -> None:
        super().__init__("127.0.0.1", port, _no_application, handler=_Handler)
        self.gate = gate
        self._open: set[socket.socket] = set()
        self._guard = threading.Lock()
        self._thread = threading.Thread(
            target=self.serve_forever, args=(0.05,), name="aws-http", daemon=True
        )

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self.shutdown()
        self._thread.join()
        self.server_close()
        with self._guard:
            for connection in self._open:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    log.debug("A connection was closed already")

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._guard:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._guard:
            self._open.discard(request)
        super().shutdown_request(request)
