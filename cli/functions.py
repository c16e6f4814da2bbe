"""Slipway's functions in one stage, called with the person's own credentials.

A person needs `lambda:InvokeFunction` on them and no right on ECS. Invoke: AWS Lambda
API reference.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ProfileNotFound,
    ReadTimeoutError,
    SSOError,
    TokenRetrievalError,
)

from chalicelib.errors import Refused
from cli.exits import Declined
from cli.package.names import function_name
from cli.show.words import moment

# A function may take 60 s. One that changes something has a `key`, so asking twice is harmless.
_CONFIG = Config(
    connect_timeout=5, read_timeout=90, retries={"mode": "standard", "total_max_attempts": 3}
)
# For whoever looks at many stages at once: one that is silent is given up within half a minute.
QUICK = Config(
    connect_timeout=5, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 2}
)
_POLICIES = {  # of bootstrap/people.yaml: who may call what
    "status": "slipway-reader",
    "hold": "slipway-operator",
    "rollback": "slipway-operator",
    "deploy": "slipway-approver",
    "release": "slipway-approver",
}
_EXPIRED = {"ExpiredTokenException", "ExpiredToken", "UnrecognizedClientException"}


class Functions:
    """Calls Slipway's functions by their names in app.py.

    `stage` is the stack's, and `name` what a person types for it: mostly the same. `looks` says how
    long `status` is waited for; what changes something always has its time.
    """

    def __init__(
        self, session: Any, stage: str, *, name: str | None = None, looks: Config = _CONFIG
    ) -> None:
        self.stage = stage
        self.name = name or stage
        self.region: str = session.region_name
        self.at = datetime.now(UTC)  # by the clock of AWS, once a reply has told it
        self._session = session
        self._lambda = session.client("lambda", config=_CONFIG)
        self._looks = self._lambda
        if looks is not _CONFIG:
            self._looks = session.client("lambda", config=looks)

    def call(self, function: str, payload: Mapping[str, Any]) -> dict[str, Any]:
        """Return the function's reply.

        Raises:
            Declined: when the reply is an error.
            Refused: when the function could not be called, or ended in a fault.
        """
        name = function_name(self.stage, function)
        called = self._looks if function == "status" else self._lambda
        try:
            answer = called.invoke(FunctionName=name, Payload=json.dumps(payload).encode())
            text = answer["Payload"].read()
        except (BotoCoreError, ClientError) as error:
            raise Refused(self._in_words(error, function, name)) from error
        reply = _parsed(text)
        if "FunctionError" in answer or not isinstance(reply, dict):
            why = reply.get("errorMessage", "") if isinstance(reply, dict) else ""
            raise Refused(
                f"{name} failed{f': {why}' if why else ''}. "
                f"Next: slipway logs --function {function} --stage {self.name}"
            )
        if words := reply.get("error"):
            raise Declined(str(words))
        self.at = moment(reply["at"]) if "at" in reply else self.at
        return reply

    def identity(self) -> str:
        """Who you are to AWS: the end of the ARN of GetCallerIdentity, like `user/sam`.

        Raises:
            Refused: when STS does not answer.
        """
        try:
            arn = self._session.client("sts", config=_CONFIG).get_caller_identity()["Arn"]
        except (BotoCoreError, ClientError) as error:
            raise Refused(in_words(error)) from error
        return short_identity(str(arn))

    def _in_words(self, error: Exception, function: str, name: str) -> str:
        code = error.response["Error"]["Code"] if isinstance(error, ClientError) else ""
        if code == "ResourceNotFoundException":
            return (
                f"There is no function {name} in {self.region}: Slipway is not deployed there, or "
                "the stage, the region or the profile is another one. "
                f"Next: see --stage, --region and --profile, or make deploy STAGE={self.stage}"
            )
        if code in {"AccessDeniedException", "AccessDenied"}:
            policy = f"{_POLICIES.get(function, 'slipway-reader')}-{self.stage}"
            return f"You may not call {name}. Next: ask for the policy {policy} (docs/operate.md)"
        return in_words(error)


def short_identity(arn: str) -> str:
    """The end of an ARN of STS or IAM: the role and its session, or the user.

    >>> short_identity("arn:aws:sts::123456789012:assumed-role/Admin/sam")
    'Admin/sam'
    """
    kind, _, rest = arn.split(":", 5)[-1].partition("/")
    return rest if kind == "assumed-role" else f"{kind}/{rest}" if rest else kind


def in_words(error: Exception) -> str:
    """What went wrong between this machine and AWS, and what to do."""
    match error:
        case NoCredentialsError():
            return "No AWS credentials are set. Next: export AWS_PROFILE=…, or sign in"
        case ProfileNotFound():
            return f"{error}. Next: --profile with a name of ~/.aws/config"
        case SSOError() | TokenRetrievalError():
            return f"You are signed out: {error}. Next: sign in again, with the same profile"
        case EndpointConnectionError() | ConnectTimeoutError():
            return f"AWS cannot be reached: {error}. Next: see the network, and --region"
        case ReadTimeoutError():
            return "AWS did not answer in time. Next: the same command again; it acts only once"
        case ClientError() if error.response["Error"]["Code"] in _EXPIRED:
            return f"AWS does not accept these credentials: {error}. Next: sign in again"
        case _:
            return f"AWS said no: {error}"


def _parsed(text: bytes) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None
