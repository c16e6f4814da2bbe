"""A function's configuration as moto holds it, and the record of what one invocation did."""

from __future__ import annotations

import json
import sys
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from unittest.mock import patch

from moto.awslambda.exceptions import InvalidParameterValueException, LambdaClientError
from moto.awslambda.models import LambdaFunction, lambda_backends
from moto.awslambda.responses import LambdaResponse

from embedded.calls.paging import part
from embedded.calls.sessions import ACCOUNT, REGION, Principal
from embedded.services.lambda_.invocation import Invocation

_MOST_LISTED = 50


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

    @property
    def principal(self) -> Principal:
        return Principal(self.name, self.role.rsplit("/", 1)[-1])


@dataclass(frozen=True)
class AsyncSettings:
    """What happens to an event on which the function fails."""

    retries: int
    maximum_age: int
    on_success: str | None
    on_failure: str | None
    dead_letters: str | None


@dataclass(frozen=True)
class InvocationRecord:
    """What happened in one invocation; `started` is simulated, durations are at 1x.

    `init_ms` is None when the environment was warm; `memory_mb` is the process' peak so far.
    """

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


def held(name: str, qualifier: str | None = None) -> LambdaFunction | None:
    """Moto's function by name or ARN, of a version or alias; None when there is none."""
    short, _, version = name.rsplit(":function:", 1)[-1].partition(":")
    try:
        return lambda_backends[ACCOUNT][REGION].get_function(short, qualifier or version or None)
    except LambdaClientError:
        return None


def configuration(of: LambdaFunction) -> Function:
    logging_config = getattr(of, "logging_config", None) or {}
    return Function(
        name=of.function_name,
        arn=of.function_arn,
        role=of.role,
        handler=str(of.handler),
        runtime=_checked_runtime(of.run_time),
        timeout=float(of.timeout),
        memory=int(of.memory_size),
        variables=tuple((key, str(value)) for key, value in of.environment_vars.items()),
        digest=of.code_digest,
        log_group=logging_config.get("LogGroup") or f"/aws/lambda/{of.function_name}",
        json_logs=logging_config.get("LogFormat") == "JSON",
        version=str(of.version),
    )


def async_settings(of: LambdaFunction) -> AsyncSettings:
    """https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-configuring.html."""
    config = of.event_invoke_config[-1].config if of.event_invoke_config else {}
    destinations = config.get("DestinationConfig") or {}
    return AsyncSettings(
        retries=int(config.get("MaximumRetryAttempts", 2)),
        maximum_age=int(config.get("MaximumEventAgeInSeconds", 21600)),
        on_success=(destinations.get("OnSuccess") or {}).get("Destination"),
        on_failure=(destinations.get("OnFailure") or {}).get("Destination"),
        dead_letters=(getattr(of, "dead_letter_config", None) or {}).get("TargetArn"),
    )


def keep_all_settings() -> AbstractContextManager[Any]:
    """While entered, moto keeps the settings of new functions that it otherwise drops."""
    original = LambdaFunction.__init__

    def keeping(function: Any, account_id: str, spec: dict[str, Any], *a: Any, **kw: Any) -> None:
        original(function, account_id, spec, *a, **kw)
        function.dead_letter_config = spec.get("DeadLetterConfig")
        function.logging_config = spec.get("LoggingConfig")

    return patch.object(LambdaFunction, "__init__", keeping)


def list_in_pages() -> AbstractContextManager[Any]:
    """While entered, ListFunctions returns at most 50 functions, and `NextMarker` for more.

    https://docs.aws.amazon.com/lambda/latest/api/API_ListFunctions.html.
    """
    original = LambdaResponse.list_functions

    def list_functions(response: LambdaResponse) -> str:
        functions = json.loads(original(response))["Functions"]
        [most], [marker] = (response.querystring.get(k, [""]) for k in ("MaxItems", "Marker"))
        size = min(int(most or _MOST_LISTED), _MOST_LISTED)
        try:
            found, following = part(functions, size, marker)
        except ValueError as error:
            raise InvalidParameterValueException("Invalid Marker") from error
        return json.dumps({"Functions": found, "NextMarker": following})

    return patch.object(LambdaResponse, "list_functions", list_functions)


def error_type(invocation: Invocation) -> str | None:
    """The `errorType` of a failed invocation; None for one that succeeded."""
    if not invocation.error:
        return None
    body = decoded(invocation.response)
    return str(body.get("errorType") or invocation.error) if isinstance(body, dict) else "Unhandled"


def decoded(body: bytes) -> Any:
    """The decoded JSON, or the text where it is no JSON."""
    try:
        return json.loads(body or b"null")
    except ValueError:
        return body.decode(errors="replace")


def _checked_runtime(runtime: str | None) -> str:
    here = f"python{sys.version_info.major}.{sys.version_info.minor}"
    if runtime != here:
        raise NotImplementedError(f"Runtime {runtime}: the embedded Lambda runs {here} only")
    return here
