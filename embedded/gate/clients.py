"""boto3 clients of the embedded AWS, for people and for services that act with a role.

A person's client talks HTTP. A service's client calls the request gate in the same thread.
CloudFormation needs that: it holds the clock's lock while it uses the other services.
"""

from __future__ import annotations

import threading
from typing import Any

import boto3
from botocore.awsrequest import AWSPreparedRequest, AWSResponse, HTTPHeaders
from botocore.config import Config
from moto.core.botocore_stubber import MockRawResponse
from moto.core.request import Request

from embedded.calls.sessions import REGION, Credentials, Sessions
from embedded.gate.request_gate import RequestGate

_PERSON = Credentials("admin", "admin", "")
# A service's own call is sent once, and may wait as long as a Lambda function runs.
_SERVICE = Config(retries={"total_max_attempts": 1}, read_timeout=960, max_pool_connections=50)


class Clients:
    """Makes each client once; threads may share boto3's clients."""

    def __init__(self, endpoint: str, gate: RequestGate, sessions: Sessions) -> None:
        self._endpoint = endpoint
        self._gate = gate
        self._sessions = sessions
        self._lock = threading.Lock()
        self._session = boto3.Session()
        self._made: dict[tuple[str, str, str], Any] = {}
        self._credentials: dict[tuple[str, str], Credentials] = {}

    def person(self, service: str) -> Any:
        """A client with the administrator's credentials and boto3's usual retries."""
        with self._lock:
            return self._make(service, _PERSON, Config(max_pool_connections=50))

    def admin(self, service: str) -> Any:
        """The administrator's client for the embedded AWS itself: it does not retry."""
        return self._kept(("", "", service), lambda: _PERSON)

    def as_role(self, role_arn: str, session: str, service: str) -> Any:
        """A client that calls with the role, under this session name; IAM decides on its calls."""

        def credentials() -> Credentials:
            who = (role_arn, session)
            if who not in self._credentials:
                self._credentials[who] = self._sessions.issue(role_arn, session)
            return self._credentials[who]

        return self._kept((role_arn, session, service), credentials)

    def close(self) -> None:
        with self._lock:
            for client in self._made.values():
                client.close()

    def _kept(self, key: tuple[str, str, str], credentials: Any) -> Any:
        with self._lock:
            if key not in self._made:
                made = self._make(key[2], credentials(), _SERVICE)
                made.meta.events.register("before-send", self._send_within)
                self._made[key] = made
            return self._made[key]

    def _make(self, service: str, credentials: Credentials, config: Config) -> Any:
        return self._session.client(  # type: ignore[call-overload] # the name is a variable
            service,
            region_name=REGION,
            endpoint_url=self._endpoint,
            aws_access_key_id=credentials.access_key,
            aws_secret_access_key=credentials.secret_key,
            aws_session_token=credentials.token or None,
            config=config,
        )

    def _send_within(self, request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        """A botocore hook that takes the place of the network: it returns the response."""
        environ = Request.from_primitives(
            request.method, request.url, request.headers, request.body
        ).environ
        reply = self._gate.answer(environ)
        headers = HTTPHeaders.from_pairs(reply.headers)
        return AWSResponse(request.url, reply.status, headers, MockRawResponse(reply.body))
