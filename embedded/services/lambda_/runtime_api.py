"""The Runtime API, which the runtime in a function's process asks for events and answers to.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol

from embedded.services.lambda_.invocation import Invocation

_API = "/2018-06-01/runtime"


class Runtime(Protocol):
    """What the Runtime API asks of its execution environment."""

    def next_event(self) -> Invocation | None: ...
    def settle(self, request_id: str, body: bytes, error: str | None) -> bool: ...
    def init_failed(self, body: bytes, error: str) -> None: ...


class RuntimeApi(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, environment: Runtime) -> None:
        super().__init__(("127.0.0.1", 0), _RuntimeHandler)
        self.environment = environment

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server_port}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a connection that breaks: the function's process was ended."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class _RuntimeHandler(BaseHTTPRequestHandler):
    server: RuntimeApi
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        invocation = self.server.environment.next_event()
        if invocation is None:
            self.close_connection = True
            return
        headers = {
            "Lambda-Runtime-Aws-Request-Id": invocation.request_id,
            "Lambda-Runtime-Deadline-Ms": str(invocation.deadline_ms),
            "Lambda-Runtime-Invoked-Function-Arn": invocation.arn,
            "Lambda-Runtime-Trace-Id": "Root=1-00000000-000000000000000000000000;Sampled=0",
            "Content-Type": "application/json",
        }
        self._reply(200, invocation.payload, headers)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        error = self.headers.get("Lambda-Runtime-Function-Error-Type")
        environment = self.server.environment
        if self.path == f"{_API}/init/error":
            environment.init_failed(body, error or "Runtime.Unknown")
            self._reply(202)
            return
        *_, request_id, verb = self.path.split("/")
        failed = (error or "Unhandled") if verb == "error" else None
        self._reply(202 if environment.settle(request_id, body, failed) else 400)

    def _reply(
        self, status: int, body: bytes = b"{}", headers: Mapping[str, str] | None = None
    ) -> None:
        self.send_response_only(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass
