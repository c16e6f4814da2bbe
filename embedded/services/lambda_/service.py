"""AWS Lambda: runs the functions that moto holds.

moto keeps configuration and code (CreateFunction, CloudFormation). This package runs the code under
awslambdaric, with cold and warm starts, concurrency, time-outs and crashes. The clock runs at 1x
while an invocation is in flight.
"""

from __future__ import annotations

import base64
import json
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from moto.awslambda.models import LambdaFunction
from moto.core.request import Request

from embedded.calls.call import Call, Reply, error_reply
from embedded.calls.sessions import ACCOUNT, REGION, Sessions
from embedded.clock.clock import RunningClock
from embedded.gate.clients import Clients
from embedded.iam.evaluate import Gatekeeper
from embedded.services.lambda_.environment import Environment
from embedded.services.lambda_.environments import Environments
from embedded.services.lambda_.function import (
    Function,
    InvocationRecord,
    configuration,
    decoded,
    error_type,
    held,
    keep_all_settings,
    list_in_pages,
)
from embedded.services.lambda_.invocation import Invocation
from embedded.services.lambda_.logs import FunctionLog
from embedded.services.lambda_.queue import AsyncQueue, TooManyRequests

# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
_SYNC_LIMIT, _ASYNC_LIMIT, _TAIL = 6 * 1024 * 1024, 1024 * 1024, 4096


class Lambda:
    """Runs functions by name or ARN; every process that it starts ends with `close`."""

    def __init__(
        self,
        clock: RunningClock,
        sessions: Sessions,
        gatekeeper: Gatekeeper,
        endpoint: str,
        clients: Clients,
    ) -> None:
        self._clock = clock
        self._log = FunctionLog(clock, gatekeeper)
        self._queue = AsyncQueue(clock, clients, self.invoke)
        self._environments = Environments(clock, sessions, endpoint, self._log)
        self._lock = threading.Lock()
        self._running: Counter[str] = Counter()
        self._records: list[InvocationRecord] = []
        self._callers: set[threading.Thread] = set()  # those of `invoke_and_tell`
        self._patches = ExitStack()

    def start(self) -> None:
        self._environments.start()
        self._patches.enter_context(keep_all_settings())
        self._patches.enter_context(list_in_pages())

    @property
    def records(self) -> list[InvocationRecord]:
        """The invocations that have ended, in the order in which they ended."""
        with self._lock:
            return list(self._records)

    @property
    def busy(self) -> bool:
        """Whether a function runs."""
        with self._lock:
            running = any(self._running.values()) or bool(self._callers)
        return running or self._queue.busy

    def handle_invoke(self, call: Call, request: Request) -> Reply:
        """The Invoke API: https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html."""
        name = str(call.parameters["FunctionName"])
        kind = request.headers.get("X-Amz-Invocation-Type", "RequestResponse")
        payload = request.data or b"{}"
        if refusal := self._refusal(name, call.parameters.get("Qualifier"), kind, payload):
            return refusal
        if kind == "DryRun":
            return Reply(204, b"")
        if kind == "Event":
            self.invoke_async(name, payload)
            return Reply(202, b"")
        try:
            invocation, record = self.invoke(name, payload)
        except TooManyRequests:
            return error_reply("lambda", "TooManyRequestsException", "Rate Exceeded.", 429)
        headers = [("X-Amz-Executed-Version", "$LATEST"), ("Content-Type", "application/json")]
        if invocation.error:
            headers.append(("X-Amz-Function-Error", "Unhandled"))
        if request.headers.get("X-Amz-Log-Type") == "Tail":
            tail = "\n".join(record.lines).encode()[-_TAIL:]
            headers.append(("X-Amz-Log-Result", base64.b64encode(tail).decode()))
        return Reply(200, invocation.response, tuple(headers))

    def invoke(self, name: str, payload: bytes) -> tuple[Invocation, InvocationRecord]:
        """Run the function and wait; a failed invocation is an outcome, not an exception.

        Raises:
            TooManyRequests: the reserved concurrency is used up.
            LookupError: there is no such function.
        """
        found = self._found(name)
        function, limit = configuration(found), found.reserved_concurrency
        with self._lock:
            if limit is not None and self._running[function.name] >= int(limit):
                raise TooManyRequests(function.name)
            self._running[function.name] += 1
        try:
            with self._clock.realtime():
                return self._run(function, payload)
        finally:
            with self._lock:
                self._running[function.name] -= 1

    def environment(self, name: str, *, handler: str = "", root: Path | None = None) -> Environment:
        """A new execution environment of the function, for the caller alone, who closes it.

        It runs the function's handler and code, or this `handler` and the code in `root`.

        Raises:
            LookupError: there is no such function.
        """
        function = configuration(self._found(name))
        function = replace(function, handler=handler or function.handler)
        return self._environments.make(function, root or self._environments.task_root(function))

    def task_root(self, name: str) -> Path:
        """Where the function's code is unpacked.

        Raises:
            LookupError: there is no such function.
        """
        return self._environments.task_root(configuration(self._found(name)))

    def invoke_async(self, name: str, payload: bytes) -> None:
        """Queue the event, as the invocation type Event does."""
        self._queue.put(name, payload)

    def invoke_and_tell(
        self, name: str, payload: dict[str, Any], tell: Callable[[object], None]
    ) -> None:
        """Run the function on a thread of its own, and `tell` its answer from there.

        The answer is None when the function fails, is throttled, or does not exist.
        """

        def run() -> None:
            try:
                tell(self._answer(name, payload))
            finally:
                with self._lock:
                    self._callers.discard(thread)

        thread = threading.Thread(target=run, name="lambda-caller", daemon=True)
        with self._lock:
            self._callers.add(thread)
        thread.start()

    def _answer(self, name: str, payload: dict[str, Any]) -> object:
        try:
            invocation, record = self.invoke(name, json.dumps(payload).encode())
        except (LookupError, TooManyRequests):
            return None
        return None if invocation.error else record.response

    def close(self) -> None:
        self._queue.close()
        self._environments.close()
        self._queue.join()
        with self._lock:
            callers = set(self._callers)
        for thread in callers:
            thread.join()
        self._patches.close()
        self._environments.remove()

    def _found(self, name: str) -> LambdaFunction:
        with self._clock.lock:
            found = held(name)
        if found is None:
            raise LookupError(f"There is no function {name}")
        return found

    def _refusal(self, name: str, qualifier: str | None, kind: str, payload: bytes) -> Reply | None:
        with self._clock.lock:
            found = held(name, qualifier)
        if found is None:
            arn = name if ":" in name else f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"
            message = f"Function not found: {arn}"
            return error_reply("lambda", "ResourceNotFoundException", message, 404)
        if len(payload) > (_ASYNC_LIMIT if kind == "Event" else _SYNC_LIMIT):
            message = f"{len(payload)} byte payload is too large for the {kind} invocation type"
            return error_reply("lambda", "RequestTooLargeException", message, 413)
        try:
            json.loads(payload)
        except ValueError as error:
            message = f"Could not parse request body into json: {error}"
            return error_reply("lambda", "InvalidRequestContentException", message)
        return None

    def _run(self, function: Function, payload: bytes) -> tuple[Invocation, InvocationRecord]:
        environment = self._environments.acquire(function)
        invocation = Invocation(payload, function.arn)
        started = self._clock.now()
        init = environment.run(invocation, function.timeout)
        took = (self._clock.now() - started).total_seconds() - init
        record = InvocationRecord(
            function=function.name,
            request_id=invocation.request_id,
            started=started,
            duration_ms=round(took * 1000, 2),
            init_ms=round(init * 1000, 2) if init else None,
            error=error_type(invocation),
            payload=decoded(payload),
            response=decoded(invocation.response),
            memory_mb=environment.peak_memory_mb(),
            lines=tuple(environment.output()),
        )
        self._log.write(function, environment.log_stream, record)
        with self._lock:
            self._records.append(record)
        self._environments.release(function, environment)
        return invocation, record
