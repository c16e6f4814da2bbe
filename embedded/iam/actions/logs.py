"""CloudWatch Logs operations → IAM needs.

The resource of group-level actions ends in `:log-stream:`, as in AWS' own AccessDenied messages.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from embedded.calls.call import Call
from embedded.iam.actions.need import Need, make_arn, unmapped

_LOG_GROUP_ACTIONS = frozenset(
    {"FilterLogEvents", "StartQuery", "DescribeLogStreams", "CreateLogGroup", "PutRetentionPolicy"}
)
_LOG_STREAM_ACTIONS = frozenset({"GetLogEvents", "PutLogEvents", "CreateLogStream"})


def needs(call: Call) -> Iterator[Need]:
    p, action = call.parameters, f"logs:{call.operation}"
    if call.operation in _LOG_STREAM_ACTIONS:
        stream = f"{_log_group(p)}:log-stream:{p.get('logStreamName', '')}"
        yield Need(action, (make_arn(call, "logs", f"log-group:{stream}"),))
    elif call.operation in _LOG_GROUP_ACTIONS:
        names = p.get("logGroupNames") or p.get("logGroupIdentifiers") or [_log_group(p)]
        groups = (f"log-group:{_group_name(name)}:log-stream:" for name in names)
        yield Need(action, tuple(make_arn(call, "logs", group) for group in groups))
    elif call.operation == "DescribeLogGroups":
        yield Need(action, (make_arn(call, "logs", "log-group::log-stream:"),))
    elif call.operation == "GetQueryResults":
        yield Need(action, ("*",))
    else:
        raise unmapped(call)


def _log_group(parameters: dict[str, Any]) -> str:
    return _group_name(parameters.get("logGroupName") or parameters.get("logGroupIdentifier") or "")


def _group_name(name: str) -> str:
    return name.split(":log-group:", 1)[-1].split(":", 1)[0]
