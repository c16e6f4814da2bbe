"""What Lambda writes to CloudWatch Logs: START, the function's lines, END and REPORT.

https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html. As on AWS, the lines
are lost unless the role allows to write them (the invocation's record keeps them). All lines of an
invocation have its end as their time; only START has its own.
"""

from __future__ import annotations

import json
import uuid
from datetime import timedelta
from typing import Any

from moto.logs.models import logs_backends

from embedded.calls.sessions import ACCOUNT, REGION
from embedded.clock.clock import RunningClock
from embedded.iam.evaluate import Gatekeeper
from embedded.services.lambda_.function import Function, InvocationRecord


class FunctionLog:
    """Writes invocations to the log groups of their functions."""

    def __init__(self, clock: RunningClock, gatekeeper: Gatekeeper) -> None:
        self._clock = clock
        self._gatekeeper = gatekeeper

    def new_stream(self) -> str:
        """The name of the stream that a new execution environment writes to."""
        return f"{self._clock.now():%Y/%m/%d}/[$LATEST]{uuid.uuid4().hex}"

    def write(self, function: Function, stream: str, record: InvocationRecord) -> None:
        group = function.log_group
        backend = logs_backends[ACCOUNT][REGION]
        start = int(record.started.timestamp() * 1000)
        end = start + int(record.duration_ms + (record.init_ms or 0))
        lines = _json_lines(function, record) if function.json_logs else _lines(function, record)
        events = [
            {"timestamp": start if n == 0 else end, "message": m} for n, m in enumerate(lines)
        ]
        with self._clock.lock:
            if group not in backend.groups:
                if not self._may(function, "CreateLogGroup", f"{group}:log-stream:"):
                    return
                backend.create_log_group(group, {})
            if not self._may(function, "PutLogEvents", f"{group}:log-stream:{stream}"):
                return
            if stream not in backend.groups[group].streams:
                if not self._may(function, "CreateLogStream", f"{group}:log-stream:{stream}"):
                    return
                backend.create_log_stream(group, stream)
            backend.put_log_events(group, stream, events)

    def _may(self, function: Function, action: str, rest: str) -> bool:
        if not self._gatekeeper.enforce:
            return True
        arn = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{rest}"
        return self._gatekeeper.decide(function.principal, f"logs:{action}", arn, {})[0]


def _lines(function: Function, record: InvocationRecord) -> list[str]:
    request = f"RequestId: {record.request_id}"
    report = (
        f"REPORT {request}\tDuration: {record.duration_ms:.2f} ms\t"
        f"Billed Duration: {_billed(record)} ms\tMemory Size: {function.memory} MB\t"
        f"Max Memory Used: {record.memory_mb} MB"
    )
    if record.init_ms is not None:
        report += f"\tInit Duration: {record.init_ms:.2f} ms"
    lines = [f"START {request} Version: {function.version}", *record.lines]
    if record.error in ("Sandbox.Timedout", "Runtime.ExitError"):
        ended = record.started + timedelta(milliseconds=record.duration_ms)
        stamp = ended.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
        lines.append(f"{stamp} {record.request_id} {_message(record)}")
    return [*lines, f"END {request}", report]


def _json_lines(function: Function, record: InvocationRecord) -> list[str]:
    metrics: dict[str, Any] = {
        "durationMs": record.duration_ms,
        "billedDurationMs": _billed(record),
        "memorySizeMB": function.memory,
        "maxMemoryUsedMB": record.memory_mb,
    }
    if record.init_ms is not None:
        metrics["initDurationMs"] = record.init_ms
    start = {"requestId": record.request_id, "version": function.version}
    status = "failure" if record.error else "success"
    report = {"requestId": record.request_id, "metrics": metrics, "status": status}
    return [
        _platform(record, "platform.start", start),
        *record.lines,
        _platform(record, "platform.report", report),
    ]


def _platform(record: InvocationRecord, kind: str, fields: dict[str, Any]) -> str:
    time = record.started.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
    return json.dumps({"time": time, "type": kind, "record": fields})


def _billed(record: InvocationRecord) -> int:
    # Init is billed too since August 2025.
    return int(record.duration_ms + (record.init_ms or 0)) + 1


def _message(record: InvocationRecord) -> str:
    body = record.response if isinstance(record.response, dict) else {}
    return str(body.get("errorMessage", "")).split("Error: ", 1)[-1]
