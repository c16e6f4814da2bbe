"""The request gate: what happens to every API request on its way to moto.

In this order: who calls; a fault may strike; IAM may refuse; moto, or a handler of ours, acts; the
call is recorded. While moto acts, the request holds the clock's lock. The clock's timers hold it
too, so that nothing changes under a request. Calls that wait for another call (`_WAITS`) do not
hold the lock.
"""

from __future__ import annotations

import io
import logging
import traceback
from collections.abc import Callable
from typing import Any

from botocore.exceptions import UnknownServiceError
from moto.core.request import Request
from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    create_backend_app,
)
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


class RequestGate:
    """Passes requests to moto. `handlers` answer the operations that moto cannot answer.

    `registry` answers the clients of container registries, which do not sign. Handlers run without
    the clock's lock. `failures` tells what went wrong inside the embedded AWS, and which calls it
    does not know.
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
        self.registry: Callable[[Request], Reply] | None = None
        self.failures: list[str] = []

    def answer(self, environ: dict[str, Any]) -> Reply:
        """The answer to one request, which is given as a WSGI environment."""
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
        if call is None and self.registry is not None and request.path.startswith("/v2/"):
            return self.registry(request)
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
