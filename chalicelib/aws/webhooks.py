"""notice -> HTTP POST to a webhook: of Slack, of Microsoft Teams or of your own.

The URL is itself a secret. It is read from a secret store, and no message of Slipway contains it.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from http.client import HTTPException
from typing import Any

from chalicelib.aws import block_kit, secrets
from chalicelib.aws.channels import Silent
from chalicelib.aws.post import Deadline, Reply, ask
from chalicelib.errors import DeployerError, Unavailable
from chalicelib.model.deployments import Deployment, Notice

# For the whole exchange: a notice waits for nobody, and is sent again.
_SECONDS = 5.0
HEADERS = {"Content-Type": "application/json", "User-Agent": "slipway"}
_SAFE_URL = re.compile(r"https://\S+|http://(127\.0\.0\.1|localhost)[:/]\S*")
_OK, _MULTIPLE, _TOO_MANY, _BROKEN = 200, 300, 429, 500


class Webhook:
    """A webhook that takes a notice as JSON. Its keys are a contract with those who receive it."""

    def __init__(self, secret: str) -> None:
        self._secret = secret

    def send(
        self, notice: Notice, deployment: str, service: str, _: Deployment | None = None
    ) -> None:
        """Post one notice.

        Raises:
            Unavailable: when the webhook does not answer within seconds, or not with a 2xx status.
        """
        payload = self.payload(notice, deployment, service)
        status = posted(self._url(), payload, f"the webhook of {self._secret}").status
        if not _OK <= status < _MULTIPLE:
            secrets.forget()  # the URL may be revoked, and the secret may hold a new one
            raise Unavailable(f"the webhook of {self._secret} answered {status}")

    def payload(self, notice: Notice, deployment: str, service: str) -> dict[str, Any]:
        return {
            "notice": notice.id,
            "deployment": deployment,
            "service": service,
            "status": notice.status.value,
            "subject": notice.subject,
            "text": notice.text,
            "facts": dict(notice.facts),
        }

    def _url(self) -> str:
        url = secret_value(self._secret)
        if not _SAFE_URL.fullmatch(url):
            raise Unavailable(f"the secret {self._secret} does not hold an https:// URL")
        return url


class Slack(Webhook):
    """A Slack incoming webhook; it takes a notice as blocks, which read well in a channel."""

    def payload(self, notice: Notice, deployment: str, service: str) -> dict[str, Any]:
        subject = block_kit.escaped(notice.subject)
        return {"text": subject, "blocks": block_kit.whole(notice, deployment)}


def secret_value(name: str) -> str:
    """Return what a channel's secret holds.

    Raises:
        Silent: it cannot be read now; it is not asked for again in this invocation.
    """
    try:
        return secrets.secret(name).strip()
    except DeployerError as error:
        raise Silent(str(error)) from error


def deadline() -> Deadline:
    """Return the moment at which an exchange with a channel ends, whoever has not answered."""
    return Deadline(_SECONDS, time.monotonic)


def posted(
    url: str,
    payload: Mapping[str, Any],
    receiver: str,
    more: Mapping[str, str] | None = None,
    most: int = 0,
) -> Reply:
    """Post this payload as JSON, and return the answer; `more` are further headers.

    Raises:
        Silent: there is no answer, or it says that the receiver is broken or asked too often.
    """
    body = json.dumps(payload).encode()
    try:
        reply = ask(url, body, {**HEADERS, **(more or {})}, deadline(), most)
    except (OSError, HTTPException, ValueError) as error:
        # `from None`, because the message of the error may contain the URL.
        raise Silent(f"{receiver} failed: {type(error).__name__}") from None
    if reply.status == _TOO_MANY or reply.status >= _BROKEN:
        later = f", and asks for {reply.retry_after} seconds" if reply.retry_after >= 0 else ""
        raise Silent(f"{receiver} answered {reply.status}{later}")
    return reply
