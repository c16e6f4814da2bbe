"""AWS Lambda: the functions that moto holds, run for real.

moto keeps the configuration and the code (CreateFunction, CloudFormation); this module runs the code
under awslambdaric in execution environments: cold and warm starts, concurrency, time-outs, crashes,
and the asynchronous queue with its retries and destinations
(https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html). The clock runs
at 1x while an invocation is in flight. Not enforced: memory limits (the peak is reported), layers.
"""

from __future__ import annotations

import base64
import calendar
import importlib.util
import io
import json
import logging
import os
import shutil
import sys
import tempfile
import threading
import zipfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

from moto.awslambda.models import LambdaFunction, lambda_backends
from moto.core.request import Request

from local.calls import Call, Reply, error_reply
from local.clients import Clients
from local.clock import RunningClock
from local.iam import Gatekeeper
from local.lambda_environment import Environment, Invocation
from local.lambda_logs import FunctionLog
from local.sts import ACCOUNT, REGION, Principal, Sessions

log = logging.getLogger(__name__)

# What /var/runtime holds on Lambda: the runtime itself and an SDK that the function's own hides.
_RUNTIME = (
    "awslambdaric runtime_client simplejson snapshot_restore_py "
    "boto3 botocore s3transfer urllib3 jmespath dateutil six"
).split()
_SYNC_LIMIT, _ASYNC_LIMIT = 6 * 1024 * 1024, 1024 * 1024
_RETRY_WAITS = (60, 120)


class TooManyRequests(Exception):  # noqa: N818 - Lambda's own name
    """The function's reserved concurrency is used up."""


@dataclass(frozen=True)
class Function:
    """The configuration that one invocation runs with."""

    name: str
    arn: str
    role: str
    handler: str
    runtime: str
    timeout: float
    memory: int
    variables: tuple[tuple[str, str], ...]
    digest: str
    log_group: str
    json_logs: bool
    version: str


@dataclass(frozen=True)
class InvocationRecord:
    """What happened in one invocation; times are simulated, durations real milliseconds."""

    function: str
    request_id: str
    started: datetime
    duration_ms: float
    init_ms: float | None
    error: str | None
    payload: Any
    response: Any
    memory_mb: int | None
    lines: tuple[str, ...]

    @property
    def cold(self) -> bool:
        return self.init_ms is not None


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
        self._clients = clients
        self._log = FunctionLog(clock, gatekeeper)
        self._home = Path(tempfile.mkdtemp(prefix="embedded-lambda-"))
        self._lock = threading.Lock()
        self._unpacking = threading.Lock()
        self._idle: dict[Function, list[Environment]] = defaultdict(list)
        self._environments: set[Environment] = set()
        self._running: Counter[str] = Counter()
        self._threads: set[threading.Thread] = set()
        self._records: list[InvocationRecord] = []
        self._closed = False
        self._patches = ExitStack()
        self._runtime = _runtime_directory(self._home / "runtime")
        clock.share(self._home / "clock")

    def start(self) -> None:
        """Have moto keep the settings that it forgets and that matter here."""
        original = LambdaFunction.__init__

        def keeping(held: Any, account_id: str, spec: dict[str, Any], *rest: Any, **more: Any) -> None:
            original(held, account_id, spec, *rest, **more)
            held.dead_letter_config = spec.get("DeadLetterConfig")
            held.logging_config = spec.get("LoggingConfig")

        self._patches.enter_context(patch.object(LambdaFunction, "__init__", keeping))

    @property
    def records(self) -> list[InvocationRecord]:
        with self._lock:
            return list(self._records)

    @property
    def busy(self) -> bool:
        """Whether an invocation is running or about to."""
        with self._lock:
            return bool(self._threads or +self._running)

    def handle_invoke(self, call: Call, request: Request) -> Reply:
        """The Invoke API: https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html."""
        name = str(call.parameters["FunctionName"])
        kind = request.headers.get("X-Amz-Invocation-Type", "RequestResponse")
        payload = request.data or b"{}"
        if self._held(name, call.parameters.get("Qualifier")) is None:
            arn = name if ":" in name else f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"
            return error_reply(
                "lambda", "ResourceNotFoundException", f"Function not found: {arn}", 404
            )
        if len(payload) > (_ASYNC_LIMIT if kind == "Event" else _SYNC_LIMIT):
            return error_reply(
                "lambda", "RequestTooLargeException", f"{len(payload)} byte payload is too large", 413
            )
        try:
            json.loads(payload)
        except ValueError as error:
            message = f"Could not parse request body into json: {error}"
            return error_reply("lambda", "InvalidRequestContentException", message)
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
            tail = "\n".join(record.lines).encode()[-4096:]
            headers.append(("X-Amz-Log-Result", base64.b64encode(tail).decode()))
        return Reply(200, invocation.response, tuple(headers))

    def invoke(self, name: str, payload: bytes) -> tuple[Invocation, InvocationRecord]:
        """Run the function and wait; the outcome may be an error, which is not raised."""
        function, limit = self._configuration(name)
        with self._lock:
            if limit is not None and self._running[function.name] >= limit:
                raise TooManyRequests(function.name)
            self._running[function.name] += 1
        try:
            with self._clock.realtime():
                return self._run(function, payload)
        finally:
            with self._lock:
                self._running[function.name] -= 1

    def invoke_async(self, name: str, payload: bytes) -> None:
        """Queue the event; two more attempts on error, after one and two minutes."""
        self._spawn(lambda: self._attempt(_Event(name, payload, self._clock.now())))

    def close(self) -> None:
        with self._lock:
            self._closed = True
            environments, threads = set(self._environments), set(self._threads)
        for environment in environments:
            environment.close()
        for thread in threads:
            thread.join()
        self._patches.close()
        shutil.rmtree(self._home, ignore_errors=True)

    # ---- running

    def _run(self, function: Function, payload: bytes) -> tuple[Invocation, InvocationRecord]:
        environment = self._acquire(function)
        invocation = Invocation(payload, function.arn)
        started = self._clock.now()
        init = environment.run(invocation, function.timeout)
        took = (self._clock.now() - started).total_seconds() - init
        memory = environment.peak_memory_mb()
        lines = environment.output()
        record = InvocationRecord(
            function=function.name,
            request_id=invocation.request_id,
            started=started,
            duration_ms=round(took * 1000, 2),
            init_ms=round(init * 1000, 2) if init else None,
            error=_error_type(invocation),
            payload=_decoded(payload),
            response=_decoded(invocation.response),
            memory_mb=memory,
            lines=tuple(lines),
        )
        self._release(function, environment)
        self._log.write(function, environment.log_stream, record)
        with self._lock:
            self._records.append(record)
        return invocation, record

    def _acquire(self, function: Function) -> Environment:
        with self._lock:
            while self._idle[function]:
                environment = self._idle[function].pop()
                if environment.usable:
                    return environment
                self._environments.discard(environment)
        return self._new_environment(function)

    def _release(self, function: Function, environment: Environment) -> None:
        with self._lock:
            keep = environment.usable and not self._closed
            if keep:
                self._idle[function].append(environment)
        if not keep:
            environment.close()
            with self._lock:
                self._environments.discard(environment)

    def _new_environment(self, function: Function) -> Environment:
        task_root = self._unpacked(function)
        holder: list[Environment] = []
        credentials = self._sessions.issue(
            function.role, function.name, kill=lambda: holder[0].kill()
        )
        stream = self._log.new_stream()
        variables = {
            **dict(function.variables),
            "_HANDLER": function.handler,
            "AWS_ACCESS_KEY_ID": credentials.access_key,
            "AWS_SECRET_ACCESS_KEY": credentials.secret_key,
            "AWS_SESSION_TOKEN": credentials.token,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ENDPOINT_URL": self._endpoint,
            "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.runtime}",
            "AWS_LAMBDA_FUNCTION_NAME": function.name,
            "AWS_LAMBDA_FUNCTION_VERSION": function.version,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory),
            "AWS_LAMBDA_LOG_GROUP_NAME": function.log_group,
            "AWS_LAMBDA_LOG_STREAM_NAME": stream,
            "AWS_LAMBDA_LOG_FORMAT": "JSON" if function.json_logs else "Text",
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "LAMBDA_TASK_ROOT": str(task_root),
            "LAMBDA_RUNTIME_DIR": str(self._runtime),
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
        environment = Environment(self._clock, function.handler, variables, self._home)
        holder.append(environment)
        with self._lock:
            self._environments.add(environment)
            closed = self._closed
        if closed:
            environment.kill()
        return environment

    def _unpacked(self, function: Function) -> Path:
        root = self._home / "code" / function.digest
        with self._unpacking:
            if not root.exists():
                held = self._held(function.arn)
                unzip(held.code_bytes, root)
        return root

    # ---- configuration, as moto holds it

    def _held(self, name: str, qualifier: str | None = None) -> Any:
        *_, short = name.split(":function:")
        short, _, version = short.partition(":")
        backend = lambda_backends[ACCOUNT][REGION]
        try:
            with self._clock.lock:
                return backend.get_function(short, qualifier or version or None)
        except Exception:  # noqa: BLE001 - moto has one exception per way of not finding it
            return None

    def _configuration(self, name: str) -> tuple[Function, int | None]:
        held = self._held(name)
        if held is None:
            raise KeyError(name)
        logging_config = getattr(held, "logging_config", None) or {}
        function = Function(
            name=held.function_name,
            arn=held.function_arn,
            role=held.role,
            handler=held.handler,
            runtime=_checked_runtime(held.run_time),
            timeout=float(held.timeout),
            memory=int(held.memory_size),
            variables=tuple((key, str(value)) for key, value in held.environment_vars.items()),
            digest=held.code_digest,
            log_group=logging_config.get("LogGroup") or f"/aws/lambda/{held.function_name}",
            json_logs=logging_config.get("LogFormat") == "JSON",
            version=str(held.version),
        )
        reserved = held.reserved_concurrency
        return function, None if reserved is None else int(reserved)

    # ---- the asynchronous queue

    def _spawn(self, action: Callable[[], None]) -> None:
        def run() -> None:
            try:
                action()
            except Exception:
                log.exception("An asynchronous invocation failed inside the embedded AWS")
            finally:
                with self._lock:
                    self._threads.discard(thread)

        thread = threading.Thread(target=run, name="lambda-async")
        with self._lock:
            if self._closed:
                return
            self._threads.add(thread)
        thread.start()

    def _attempt(self, event: _Event) -> None:
        settings = self._async_settings(event.function)
        age = (self._clock.now() - event.accepted).total_seconds()
        if age > settings.maximum_age:
            self._discard(event, settings, "EventAgeExceeded")
            return
        try:
            invocation, record = self.invoke(event.function, event.payload)
        except TooManyRequests:
            wait = min(300.0, 2.0**event.throttled)
            event.throttled += 1
            self._later(wait, event)
            return
        event.attempts += 1
        event.last = (invocation, record)
        if not invocation.error:
            self._report(event, settings.on_success, "Success")
        elif event.attempts > settings.retries:
            self._discard(event, settings, "RetriesExhausted")
        else:
            self._later(_RETRY_WAITS[event.attempts - 1], event)

    def _later(self, seconds: float, event: _Event) -> None:
        self._clock.call_later(seconds, lambda: self._spawn(lambda: self._attempt(event)))

    def _async_settings(self, name: str) -> _AsyncSettings:
        held = self._held(name)
        config = held.event_invoke_config[-1].config if held.event_invoke_config else {}
        destinations = config.get("DestinationConfig") or {}
        return _AsyncSettings(
            role=held.role,
            retries=int(config.get("MaximumRetryAttempts", 2)),
            maximum_age=int(config.get("MaximumEventAgeInSeconds", 21600)),
            on_success=(destinations.get("OnSuccess") or {}).get("Destination"),
            on_failure=(destinations.get("OnFailure") or {}).get("Destination"),
            dead_letters=(getattr(held, "dead_letter_config", None) or {}).get("TargetArn"),
        )

    def _discard(self, event: _Event, settings: _AsyncSettings, condition: str) -> None:
        """Send the event where events that failed for good go; both may be configured."""
        self._report(event, settings.on_failure, condition)
        if not settings.dead_letters:
            return
        invocation = event.last[0] if event.last else None
        error = _decoded(invocation.response) if invocation else {}
        attributes = {
            "RequestID": {"DataType": "String", "StringValue": event.request_id},
            "ErrorCode": {"DataType": "Number", "StringValue": "200"},
            "ErrorMessage": {
                "DataType": "String",
                "StringValue": str(error.get("errorMessage") or condition)[:1024],
            },
        }
        self._send(event, settings.dead_letters, event.payload.decode(), attributes)

    def _report(self, event: _Event, destination: str | None, condition: str) -> None:
        """https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html."""
        if not destination:
            return
        invocation = event.last[0] if event.last else None
        context = {"statusCode": 200, "executedVersion": "$LATEST"}
        if invocation and invocation.error:
            context["functionError"] = "Unhandled"
        words = {
            "version": "1.0",
            "timestamp": self._clock.now().strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z",
            "requestContext": {
                "requestId": event.request_id,
                "functionArn": self._held(event.function).function_arn + ":$LATEST",
                "condition": condition,
                "approximateInvokeCount": event.attempts,
            },
            "requestPayload": _decoded(event.payload),
            "responseContext": context,
            "responsePayload": _decoded(invocation.response) if invocation else None,
        }
        self._send(event, destination, json.dumps(words), {})

    def _send(self, event: _Event, arn: str, body: str, attributes: dict[str, Any]) -> None:
        """Deliver with the function's own role, as Lambda does."""
        held = self._held(event.function)
        service = arn.split(":")[2]
        client = self._clients.as_role(held.role, held.function_name, service)
        name = arn.rsplit(":", 1)[-1]
        try:
            if service == "sqs":
                url = self._clients.admin("sqs").get_queue_url(QueueName=name)["QueueUrl"]
                client.send_message(QueueUrl=url, MessageBody=body, MessageAttributes=attributes)
            elif service == "sns":
                client.publish(TopicArn=arn, Message=body, MessageAttributes=attributes)
            elif service == "lambda":
                client.invoke(FunctionName=arn, InvocationType="Event", Payload=body)
            else:
                raise NotImplementedError(f"Lambda destination {arn}")
        except Exception:
            # AWS only counts it (DestinationDeliveryFailures, DeadLetterErrors).
            log.exception("Lambda could not deliver a failed event of %s to %s", event.function, arn)


@dataclass
class _Event:
    """One event in the asynchronous queue."""

    function: str
    payload: bytes
    accepted: datetime
    attempts: int = 0
    throttled: int = 0
    last: tuple[Invocation, InvocationRecord] | None = None

    @property
    def request_id(self) -> str:
        return self.last[0].request_id if self.last else ""


@dataclass(frozen=True)
class _AsyncSettings:
    role: str
    retries: int
    maximum_age: int
    on_success: str | None
    on_failure: str | None
    dead_letters: str | None


def role_principal(function: Function) -> Principal:
    return Principal(function.name, function.role.rsplit("/", 1)[-1])


def unzip(code: bytes, root: Path) -> None:
    """Unpack as Lambda does: modification times kept (they decide whether a .pyc is valid)."""
    partial = root.with_name(root.name + ".partial")
    with zipfile.ZipFile(io.BytesIO(code)) as archive:
        archive.extractall(partial)
        for entry in archive.infolist():
            path = partial / entry.filename
            modified = calendar.timegm((*entry.date_time, 0, 0, 0))
            if path.is_file():
                path.chmod(0o555 if entry.external_attr >> 16 & 0o100 else 0o444)
            os.utime(path, (modified, modified))
    partial.rename(root)


def _runtime_directory(path: Path) -> Path:
    """Links to exactly what Lambda's /var/runtime offers, so that nothing else can be imported."""
    path.mkdir(parents=True)
    for source in _installed(_RUNTIME):
        (path / source.name).symlink_to(source)
    return path


def _installed(names: Iterable[str]) -> Iterable[Path]:
    for name in names:
        spec = importlib.util.find_spec(name)
        if spec is None or spec.origin is None:
            raise RuntimeError(f"The Lambda runtime needs {name}; install requirements-dev.txt")
        origin = Path(spec.origin)
        yield origin.parent if origin.name == "__init__.py" else origin


def _checked_runtime(runtime: str | None) -> str:
    here = f"python{sys.version_info.major}.{sys.version_info.minor}"
    if runtime != here:
        raise NotImplementedError(f"Runtime {runtime}: the embedded Lambda runs {here} only")
    return here


def _error_type(invocation: Invocation) -> str | None:
    if not invocation.error:
        return None
    body = _decoded(invocation.response)
    return str(body.get("errorType") or invocation.error) if isinstance(body, dict) else "Unhandled"


def _decoded(body: bytes) -> Any:
    try:
        return json.loads(body or b"null")
    except ValueError:
        return body.decode(errors="replace")
