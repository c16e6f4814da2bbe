"""The permissions of Slipway's functions in a rehearsal: IAM decides on each of their calls.

It does what `embedded/gate/request_gate.py` does, without a port. Each function has a role with the
policy that packaging generates for it. A call that this policy does not allow is denied in AWS'
words, and has no effect.
"""

from __future__ import annotations

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
# The pseudo parameters that a policy refers to.
_PSEUDO = {"AWS::Partition": "aws", "AWS::Region": REGION, "AWS::AccountId": ACCOUNT}


class Permissions:
    """Passes the calls of the functions on, each under the role of its function.

    Tests may change the `policies`. `handlers` are asked in turn before moto is; they answer the
    calls that moto cannot answer.
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
        """Inside the block, calls are this function's. It begins without secrets read by others."""
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
    """The value as CloudFormation makes it, with Ref, Fn::GetAtt and Fn::Sub filled in."""
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
