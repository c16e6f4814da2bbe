"""The front door: moto's WSGI application behind one gate, on a loopback port.

Every request goes: who calls → which fault strikes → may they (IAM) → effect → record. While moto
handles it, the request holds the world's lock, which the clock's timers hold too. Calls that wait
for something else to call in (`_WAITS`) do not hold it.
"""

from __future__ import annotations

import io
import logging
import socket
import threading
import traceback
from collections.abc import Callable
from typing import Any

from botocore.exceptions import UnknownServiceError
from moto.core.request import Request
from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import ThreadedWSGIServer
from werkzeug.test import run_wsgi_app

from embedded.calls.call import Call, Reply, error_reply, read_call
from embedded.calls.sessions import Sessions
from embedded.clock.clock import RunningClock
from embedded.gate.faults import ApiFaults, Delay, KillAfter, KillBefore, Kind, as_error
from embedded.gate.recorder import Record, Recorder
from embedded.iam.evaluate import Denied, Gatekeeper

log = logging.getLogger(__name__)

Handler = Callable[[Call, Request], Reply]
Operation = tuple[str, str]

_WAITS: frozenset[Operation] = frozenset(
    {
        ("sqs", "ReceiveMessage"),
        ("stepfunctions", "GetActivityTask"),
        ("stepfunctions", "StartSyncExecution"),
    }
)


class Gate:
    """The WSGI middleware in front of moto.

    `handlers` answer operations that moto cannot; they run without the world's lock.
    """

    def __init__(
        self,
        clock: RunningClock,
        sessions: Sessions,
        faults: ApiFaults,
        recorder: Recorder,
        gatekeeper: Gatekeeper,
    ) -> None:
        self._clock = clock
        self._sessions = sessions
        self._faults = faults
        self._recorder = recorder
        self._gatekeeper = gatekeeper
        self._moto = DomainDispatcherApplication(create_backend_app)
        self.handlers: dict[Operation, Handler] = {}
        self.failures: list[str] = []

    def answer(self, environ: dict[str, Any]) -> Reply:
        """Handle one request, given as a WSGI environment."""
        body = _body(environ)
        environ.pop("HTTP_TRANSFER_ENCODING", None)
        environ["CONTENT_LENGTH"] = str(len(body))
        environ["wsgi.input"] = io.BytesIO(body)
        request = Request(environ)
        request.get_data(cache=True, parse_form_data=False)
        environ["wsgi.input"] = io.BytesIO(body)
        try:
            call = read_call(request, self._sessions)
        except (ValueError, LookupError, UnknownServiceError) as error:
            return Reply(400, f"Not an AWS request: {error}".encode())
        environ["wsgi.input"] = io.BytesIO(body)  # read twice: as a form, too
        return self._ask_moto(environ) if call is None else self._pass(call, request, environ)

    def _pass(self, call: Call, request: Request, environ: dict[str, Any]) -> Reply:
        fault = self._faults.strike(call)
        if isinstance(fault, Delay):
            self._clock.sleep(fault.seconds)
        reply = self._refusal(call, fault)
        if reply is None and isinstance(fault, KillBefore):
            call.principal.end()
            reply = error_reply(call.service, "Killed", "The caller died before the call", 500)
        if reply is None:
            reply = self._effect(call, request, environ)
        now, who = self._clock.now(), call.principal.name
        self._recorder.add(
            Record(call.service, call.operation, who, now, reply.status, reply.error)
        )
        if isinstance(fault, KillAfter):
            call.principal.end()
        return reply

    def _refusal(self, call: Call, fault: Kind | None) -> Reply | None:
        if error := as_error(fault, call.service) if fault else None:
            return error_reply(call.service, error.code, error.message, error.status)
        try:
            self._gatekeeper.check(call)
        except Denied as denied:
            return error_reply(call.service, denied.code, denied.message, denied.status)
        except NotImplementedError as unmapped:
            return self._unknown(call, unmapped)
        return None

    def _effect(self, call: Call, request: Request, environ: dict[str, Any]) -> Reply:
        operation = (call.service, call.operation)
        try:
            if handler := self.handlers.get(operation):
                return handler(call, request)
            if operation in _WAITS:
                return self._ask_moto(environ)
            with self._clock.lock:
                return self._ask_moto(environ)
        except NotImplementedError as error:
            return self._unknown(call, error)
        except Exception as error:
            log.exception("%s failed inside the embedded AWS", call)
            self.failures.append(f"{call}: {traceback.format_exc()}")
            words = f"{type(error).__name__}: {error}"
            return error_reply(call.service, "InternalFailure", words, 500)

    def _unknown(self, call: Call, error: NotImplementedError) -> Reply:
        """Status 501, which botocore does not retry; moto answers with an HTML page and 500."""
        message = f"The embedded AWS does not know {call} ({error})"
        self.failures.append(message)
        return error_reply(call.service, "NotImplemented", message, 501)

    def _ask_moto(self, environ: dict[str, Any]) -> Reply:
        body, status, headers = run_wsgi_app(self._moto, environ, buffered=True)
        return Reply(int(status.split()[0]), b"".join(body), tuple(headers.items()))


def _body(environ: dict[str, Any]) -> bytes:
    """The whole body; a connection that stays open has no end of file to read up to."""
    if environ.get("wsgi.input_terminated"):
        return bytes(environ["wsgi.input"].read())
    return bytes(environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)))


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
    """A threaded HTTP server on loopback that really ends: `stop` closes idle connections too."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, gate: Gate, port: int = 0) -> None:
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
