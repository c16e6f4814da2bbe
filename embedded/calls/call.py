"""HTTP request → Call: its service, its operation, its parameters, and who makes it.

The service and region come from the Signature Version 4 credential scope, the operation from the
service's protocol (the x-amz-target header, the Action parameter, or the method and path), as
botocore's service models describe them. The parameters have the names of the API reference, also
those that the path, the query or a JSON body carries. Signatures are not verified: nothing here
faces a network.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from xml.sax.saxutils import escape

from moto.core.parse import PROTOCOL_PARSERS
from moto.core.request import Request
from moto.core.routing import get_service_router
from moto.core.utils import get_service_model
from werkzeug.exceptions import NotFound

from embedded.calls.sessions import ADMIN, Principal, Sessions

_SCOPE = re.compile(r"Credential=(?P<key>[^/]+)/\d{8}/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4")
# Services whose signing name is not botocore's name.
_SIGNED_AS = {
    "states": "stepfunctions",
    "monitoring": "cloudwatch",
    "elasticloadbalancing": "elbv2",
    "eventbridge": "events",
}


@dataclass(frozen=True)
class Call:
    """One API request. `service` is botocore's name of the service, `operation` the API's name."""

    service: str
    operation: str
    region: str
    principal: Principal = ADMIN
    parameters: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.service}:{self.operation}"


@dataclass(frozen=True)
class Reply:
    """An HTTP response; `error` is the code with which the embedded AWS, not moto, refused."""

    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()
    error: str | None = None


def read_call(request: Request, sessions: Sessions) -> Call | None:
    """The call that `request` makes; None when it is not a signed AWS request."""
    scope = _SCOPE.search(request.headers.get("Authorization", ""))
    if scope is None:
        return None
    service = _SIGNED_AS.get(scope["service"], scope["service"])
    operation, parameters = _operation(request, service)
    return Call(
        service=service,
        operation=operation,
        region=scope["region"],
        principal=sessions.principal(scope["key"]),
        parameters=parameters,
    )


def _operation(request: Request, service: str) -> tuple[str, dict[str, Any]]:
    target = request.headers.get("X-Amz-Target")
    if target:
        return target.rsplit(".", 1)[-1], json.loads(request.data or b"{}")
    if action := request.values.get("Action"):
        return action, _query_parameters(request, service, action)
    try:
        operation, path_parameters = get_service_router(service).match(request)
    except (NotFound, NotImplementedError):
        return f"{request.method} {request.path}", {}
    in_query = _renamed(operation.input_shape, request.args)
    in_body = _json_members(request, operation.input_shape, service)
    return operation.name, {**in_body, **in_query, **path_parameters}


def _renamed(shape: Any, query: Mapping[str, str]) -> dict[str, Any]:
    """The query by the names of the members: ListSchedules sends GroupName as ScheduleGroup."""
    members = shape.members.items() if shape is not None else ()
    names = {
        member.serialization.get("name"): name
        for name, member in members
        if member.serialization.get("location") == "querystring"
    }
    return {names.get(key, key): value for key, value in query.items()}


def _json_members(request: Request, shape: Any, service: str) -> dict[str, Any]:
    """The members that a JSON body has; none where the body is one member, as Lambda's payload."""
    protocol = get_service_model(service).protocol
    if protocol != "rest-json" or shape is None or shape.serialization.get("payload"):
        return {}
    body = json.loads(request.data or b"{}")
    return body if isinstance(body, dict) else {}


def _query_parameters(request: Request, service: str, action: str) -> dict[str, Any]:
    operation = get_service_model(service).operation_model(action)
    parser = PROTOCOL_PARSERS["query"](operation, map_type=dict)
    return parser.parse(
        {
            "method": request.method,
            "values": request.values,
            "headers": request.headers,
            "body": request.data,
            "url_path": request.path,
            "url_params": {},
        }
    )


def error_reply(service: str, code: str, message: str, status: int = 400) -> Reply:
    """An error in the protocol of `service`, which botocore raises as `code`."""
    protocol = str(get_service_model(service).protocol)
    if protocol == "query":
        fault = "Sender" if status < 500 else "Receiver"  # noqa: PLR2004 - HTTP's own boundary
        xml = (
            f"<ErrorResponse><Error><Type>{fault}</Type><Code>{escape(code)}</Code>"
            f"<Message>{escape(message)}</Message></Error>"
            "<RequestId>embedded</RequestId></ErrorResponse>"
        )
        return Reply(status, xml.encode(), (("Content-Type", "text/xml"),), code)
    if protocol == "rest-xml":
        xml = f"<Error><Code>{escape(code)}</Code><Message>{escape(message)}</Message></Error>"
        return Reply(status, xml.encode(), (("Content-Type", "application/xml"),), code)
    words = json.dumps({"__type": code, "message": message})
    headers = (("Content-Type", "application/x-amz-json-1.1"), ("x-amzn-ErrorType", code))
    return Reply(status, words.encode(), headers, code)
