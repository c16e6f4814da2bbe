"""notice -> HTTP POST to Slack or to any other webhook: two channels.

The URL is itself a secret. It is read from a secret store, and no message of Slipway contains it.
"""

from __future__ import annotations

import json
import re
from http.client import HTTPException
from typing import Any

from chalicelib.aws import secrets
from chalicelib.aws.post import post
from chalicelib.errors import DeployerError, Unavailable
from chalicelib.model.deployments import Notice

# For the whole exchange: a notice waits for nobody, and is sent again.
_SECONDS = 5.0
_HEADERS = {"Content-Type": "application/json", "User-Agent": "slipway"}
_SAFE_URL = re.compile(r"https://\S+|http://(127\.0\.0\.1|localhost)[:/]\S*")
_OK, _MULTIPLE = 200, 300
# The limits of Slack's Block Kit: the characters of a header, of a section and of a field, and the
# number of fields in a section.
_HEADER, _SECTION, _FIELD, _FIELDS = 150, 2_900, 1_900, 10


class Webhook:
    """A webhook that takes a notice as JSON. Its keys are a contract with those who receive it."""

    def __init__(self, secret: str) -> None:
        self._secret = secret

    def send(self, notice: Notice, deployment: str, service: str) -> None:
        """Post one notice.

        Raises:
            Unavailable: when the webhook does not answer within seconds, or not with a 2xx status.
        """
        status = self._post(self.payload(notice, deployment, service))
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

    def _post(self, payload: dict[str, Any]) -> int:
        try:
            url = secrets.secret(self._secret).strip()
        except DeployerError as error:
            raise Unavailable(str(error)) from error
        if not _SAFE_URL.fullmatch(url):
            raise Unavailable(f"the secret {self._secret} does not hold an https:// URL")
        try:
            return post(url, json.dumps(payload).encode(), _HEADERS, _SECONDS)
        except (OSError, HTTPException, ValueError) as error:
            kind = type(error).__name__
            # `from None`, because the message of the error may contain the URL.
            raise Unavailable(f"the webhook of {self._secret} failed: {kind}") from None


class Slack(Webhook):
    """A Slack incoming webhook; it takes a notice as blocks, which read well in a channel.

    https://docs.slack.dev/reference/block-kit/blocks
    """

    def payload(self, notice: Notice, deployment: str, service: str) -> dict[str, Any]:
        facts = [
            _formatted(_cut(f"*{name}*\n{_escaped(value)}", _FIELD))
            for name, value in notice.facts
            if name != "Deployment"
        ]
        story = _cut(_escaped(notice.text), _SECTION)
        context = _escaped(f"{deployment} · {notice.id}")
        return {
            "text": _escaped(notice.subject),
            "blocks": [
                {"type": "header", "text": _plain(_cut(notice.subject, _HEADER))},
                {"type": "section", "text": _formatted(story)},
                {"type": "section", "fields": facts[:_FIELDS]},
                {"type": "context", "elements": [_formatted(context)]},
            ],
        }


def _plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text, "emoji": False}


def _formatted(text: str) -> dict[str, Any]:
    """Return a verbatim text: in others, Slack makes mentions and links of `@channel` and URLs.

    https://docs.slack.dev/reference/block-kit/composition-objects/text-object
    """
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def _escaped(text: str) -> str:
    """Escape &, < and >; in a verbatim text, only these can begin a mention or a link."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _cut(text: str, length: int) -> str:
    """Return at most `length` characters of a text; an escaped character is never cut in two."""
    return text if len(text) <= length else re.sub(r"&\w*$", "", text[: length - 1]) + "…"
