"""The gate of a rehearsal: every call of Slipway's own session is put to IAM, then answered.

As `server`'s Gate, without a port: the calling function's role has the very policy that packaging
generates for it, and a call that this does not allow is denied in AWS' words and takes no effect.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from botocore.awsrequest import AWSResponse
from moto.core.request import Request

from chalicelib.aws import secrets
from chalicelib.model.targets import Targets
from cli.package.names import function_name, logical_id
from cli.package.policies import generate
from embedded.calls.call import Call, Reply, error_reply, read_call
from embedded.calls.sessions import ACCOUNT, ADMIN, REGION, Principal, Sessions
from embedded.iam.evaluate import Denied, Gatekeeper, Statement, read_policy
from rehearsal.wire import Attempt

Handler = Callable[[Call], Reply | None]
# What else a policy refers to, by its name in the template.
_PSEUDO = {"AWS::Partition": "aws", "AWS::Region": REGION, "AWS::AccountId": ACCOUNT}


class Gate:
    """Lets the calls of one function after another through, each under its own role.

    `policies` may be changed, as the roles' may; `handlers` are asked in turn before moto is, and
    answer what it cannot.
    """

    def __init__(self, targets: Targets, arns: Mapping[str, str]) -> None:
        self._stage = targets.stage
        self._sessions = Sessions()
        self.policies = {
            function: resolved(policy, {**_PSEUDO, **arns})
            for function, policy in generate(targets).documents.items()
        }
        self._roles = {self._role(function): function for function in self.policies}
        self.iam = Gatekeeper(grants=self._grants)
        self.handlers: list[Handler] = []
        self._local = threading.local()  # functions may run side by side

    @contextmanager
    def acting(self, function: str) -> Iterator[None]:
        """While inside, calls are this function's; a secret that another one read is its own."""
        before, self._local.principal = self._principal, self._principal_of(function)
        secrets.forget()
        try:
            yield
        finally:
            self._local.principal = before

    @property
    def _principal(self) -> Principal:
        principal: Principal = getattr(self._local, "principal", ADMIN)
        return principal

    def _principal_of(self, function: str) -> Principal:
        return Principal(function_name(self._stage, function), self._role(function))

    def _role(self, function: str) -> str:
        return f"slipway-{self._stage}-{logical_id(function)}Role"

    def _grants(self, role: str | None) -> tuple[Statement, ...]:
        function = self._roles[role or ""]
        return read_policy(function, self.policies[function])

    def send(self, attempt: Attempt) -> AWSResponse:
        """The answer of IAM, of a handler, or of moto."""
        request = attempt.request
        parsed = Request.from_primitives(
            request.method, request.url, request.headers, request.body or b""
        )
        call = read_call(parsed, self._sessions)
        if call is None:
            raise NotImplementedError(f"not a signed call of AWS: {request.method} {request.url}")
        reply = self._answer(replace(call, principal=self._principal))
        if reply is None:
            return attempt.perform()
        return attempt.answer(reply.status, reply.body, dict(reply.headers))

    def _answer(self, call: Call) -> Reply | None:
        try:
            self.iam.check(call)
        except Denied as denied:
            return error_reply(call.service, denied.code, denied.message, denied.status)
        answers = (handler(call) for handler in self.handlers)
        return next((answer for answer in answers if answer is not None), None)


def resolved(value: Any, known: Mapping[str, str]) -> Any:
    """The value as CloudFormation makes it: Ref, Fn::GetAtt and Fn::Sub are filled in."""
    match value:
        case {"Ref": str(name)}:
            return known[name]
        case {"Fn::GetAtt": [name, attribute]}:
            return known[f"{name}.{attribute}"]
        case {"Fn::Sub": str(text)}:
            for name, arn in known.items():
                text = text.replace(f"${{{name}}}", arn)
            return text
        case dict():
            return {key: resolved(item, known) for key, item in value.items()}
        case list():
            return [resolved(item, known) for item in value]
    return value


class Watchers:
    """Step Functions as far as Slipway calls it; `begin` is called with each execution's name."""

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
