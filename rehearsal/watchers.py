"""Step Functions in a rehearsal: it starts and describes executions, as far as Slipway asks."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from embedded.calls.call import Call, Reply, error_reply


class Watchers:
    """The executions that watch deployments.

    `begin` is called with the name of each new execution and the id of its deployment.
    """

    def __init__(self, begin: Callable[[str, str], None]) -> None:
        self._begin = begin
        self.executions: dict[str, str] = {}  # name -> status

    def __call__(self, call: Call) -> Reply | None:
        match (call.service, call.operation):
            case ("stepfunctions", "StartExecution"):
                return self._start(call.parameters)
            case ("stepfunctions", "DescribeExecution"):
                return self._describe(call.parameters)
        return None

    def _start(self, asked: Mapping[str, Any]) -> Reply:
        name = asked["name"]
        if name in self.executions:
            words = f"Execution Already Exists: '{name}'"
            return error_reply("stepfunctions", "ExecutionAlreadyExists", words)
        self.executions[name] = "RUNNING"
        self._begin(name, json.loads(asked["input"])["deployment"])
        arn = asked["stateMachineArn"].replace(":stateMachine:", ":execution:")
        return _json({"executionArn": f"{arn}:{name}", "startDate": 0})

    def _describe(self, asked: Mapping[str, Any]) -> Reply:
        name = asked["executionArn"].rsplit(":", 1)[-1]
        if name not in self.executions:
            words = f"Execution Does Not Exist: '{asked['executionArn']}'"
            return error_reply("stepfunctions", "ExecutionDoesNotExist", words)
        status = self.executions[name]
        return _json({"executionArn": asked["executionArn"], "name": name, "status": status})


def _json(answer: Mapping[str, Any]) -> Reply:
    return Reply(
        200, json.dumps(answer).encode(), (("Content-Type", "application/x-amz-json-1.0"),)
    )
