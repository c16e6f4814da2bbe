"""AWS Lambda: the functions that moto holds, run for real.

moto keeps configuration and code (CreateFunction, CloudFormation). This module runs the code under
awslambdaric in execution environments: cold and warm starts, concurrency, time-outs, crashes. The
clock runs at 1x while an invocation is in flight. Map: `lambda_environment` is one process and its
Runtime API, `lambda_worker` what that process executes, `lambda_code` what it can import,
`lambda_queue` asynchronous events, `lambda_logs` CloudWatch Logs. Not enforced: the memory size
(the peak is reported). Refused: other runtimes than this Python's, layers, images.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import tempfile
import threading
from collections import Counter, defaultdict
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from moto.awslambda.models import LambdaFunction
from moto.core.request import Request

from embedded.calls.call import Call, Reply, error_reply
from embedded.calls.sessions import ACCOUNT, REGION, Sessions
from embedded.clock.clock import RunningClock
from embedded.gate.clients import Clients
from embedded.iam.evaluate import Gatekeeper
from embedded.services.lambda_.code import link_runtime, unzip
from embedded.services.lambda_.environment import Environment, Invocation
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
from embedded.services.lambda_.logs import FunctionLog
from embedded.services.lambda_.queue import AsyncQueue, TooManyRequests

# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
_SYNC_LIMIT, _ASYNC_LIMIT, _TAIL = 6 * 1024 * 1024, 1024 * 1024, 4096


class Lambda:
    """Runs functions by name or ARN; every process it starts ends with `close`."""

    def __init__(
        self,
        clock: RunningClock,
        sessions: Sessions,
        gatekeeper: Gatekeeper,
        endpoint: str,
        clients: Clients,
    ) -> None:
        self._clock = clock
        self._sessions = sessions
        self._endpoint = endpoint
        self._log = FunctionLog(clock, gatekeeper)
        self._queue = AsyncQueue(clock, clients, self.invoke)
        self._home = Path(tempfile.mkdtemp(prefix="embedded-lambda-"))
        self._lock = threading.Lock()
        self._unpacking = threading.Lock()
        self._idle: dict[Function, list[Environment]] = defaultdict(list)
        self._environments: set[Environment] = set()
        self._running: Counter[str] = Counter()
        self._records: list[InvocationRecord] = []
        self._closed = False
        self._patches = ExitStack()

    def start(self) -> None:
        link_runtime(self._home / "runtime")
        self._clock.share(self._home / "clock")
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
            running = any(self._running.values())
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

        Raises `TooManyRequests` above the reserved concurrency, LookupError for no such function.
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
        """A new execution environment of the function, which only the caller uses, and closes.

        With `handler`, it runs that one instead, of the code in `root`. Raises LookupError for no
        such function.
        """
        function = configuration(self._found(name))
        function = replace(function, handler=handler or function.handler)
        return self._new_environment(function, root or self._unpacked(function))

    def task_root(self, name: str) -> Path:
        """Where the function's code is unpacked; raises LookupError for no such function."""
        return self._unpacked(configuration(self._found(name)))

    def invoke_async(self, name: str, payload: bytes) -> None:
        """Queue the event, as the invocation type Event does."""
        self._queue.put(name, payload)

    def close(self) -> None:
        self._queue.close()
        with self._lock:
            self._closed = True
            environments = set(self._environments)
        for environment in environments:
            environment.close()
        self._queue.join()
        self._patches.close()
        shutil.rmtree(self._home, ignore_errors=True)

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
        environment = self._acquire(function)
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
        self._release(function, environment)
        return invocation, record

    def _acquire(self, function: Function) -> Environment:
        with self._lock:
            while self._idle[function]:
                environment = self._idle[function].pop()
                if environment.usable:
                    return environment
        return self._new_environment(function, self._unpacked(function))

    def _release(self, function: Function, environment: Environment) -> None:
        with self._lock:
            keep = environment.usable and not self._closed
            if keep:
                self._idle[function].append(environment)
        if not keep:
            environment.close()
            with self._lock:
                self._environments.discard(environment)

    def _unpacked(self, function: Function) -> Path:
        task_root = self._home / "code" / function.digest
        with self._unpacking:
            if not task_root.exists():
                found = held(function.arn)
                assert found is not None
                unzip(found.code_bytes, task_root)
        return task_root

    def _new_environment(self, function: Function, task_root: Path) -> Environment:
        started: list[Environment] = []

        def kill() -> None:
            started[0].kill()

        variables = self._variables(function, task_root) | self._credentials(function, kill)
        environment = Environment(self._clock, function.handler, variables, self._home)
        started.append(environment)
        with self._lock:
            self._environments.add(environment)
            closed = self._closed
        if closed:
            environment.kill()
        return environment

    def _credentials(self, function: Function, kill: Callable[[], None]) -> dict[str, str]:
        """A session of the function's role; every environment has its own, as on Lambda."""
        issued = self._sessions.issue(function.role, function.name, kill)
        return {
            "AWS_ACCESS_KEY_ID": issued.access_key,
            "AWS_SECRET_ACCESS_KEY": issued.secret_key,
            "AWS_SESSION_TOKEN": issued.token,
        }

    def _variables(self, function: Function, task_root: Path) -> dict[str, str]:
        """https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html, and our own."""
        return {
            **dict(function.variables),
            "_HANDLER": function.handler,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ENDPOINT_URL": self._endpoint,
            "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.runtime}",
            "AWS_LAMBDA_FUNCTION_NAME": function.name,
            "AWS_LAMBDA_FUNCTION_VERSION": function.version,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory),
            "AWS_LAMBDA_LOG_GROUP_NAME": function.log_group,
            "AWS_LAMBDA_LOG_STREAM_NAME": self._log.new_stream(),
            "AWS_LAMBDA_LOG_FORMAT": "JSON" if function.json_logs else "Text",
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "LAMBDA_TASK_ROOT": str(task_root),
            "LAMBDA_RUNTIME_DIR": str(self._home / "runtime"),
            "LAMBDA_CLOCK": str(self._home / "clock"),
            "PYTHONDONTWRITEBYTECODE": "1",
            "LANG": "en_US.UTF-8",
            "TZ": ":UTC",
            "PATH": os.defpath,
            # Nothing of the developer's own AWS configuration may leak in.
            "HOME": str(self._home),
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
        }
