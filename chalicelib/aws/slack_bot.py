"""notice -> Slack's Web API: one message a deployment, edited as it goes, and a thread below it.

Slack tells nobody of an edit. So what people have to read is a reply in the thread too. A crash
between the call and the ledger's write posts a message or a reply twice: chat.postMessage takes no
token by which Slack could know it again.

https://docs.slack.dev/reference/methods/chat.postMessage
https://docs.slack.dev/reference/methods/chat.update
"""

from __future__ import annotations

import json
import re
from typing import Any

from chalicelib.aws import block_kit, secrets
from chalicelib.aws.channels import HalfSent, Silent
from chalicelib.aws.webhooks import posted, secret_value
from chalicelib.errors import Unavailable
from chalicelib.model.changes import changed_message
from chalicelib.model.deployments import FAILURES, Deployment, Notice, SlackMessage, Status
from chalicelib.model.notices import SlackSettings, matches

_API = "https://slack.com/api"
_LONGEST = 262_144  # bytes of an answer, which repeats the message
_AS_IT_IS = {"unfurl_links": False, "unfurl_media": False}  # arguments of chat.postMessage only
_TS = re.compile(r"\d{1,12}\.\d{1,8}", re.ASCII)
_CHANNEL = re.compile(r"[A-Z0-9]{1,31}")
_ERROR = re.compile(r"[a-z_]{1,60}")
_TOKEN = re.compile(r"[!-~]{1,500}")
# The message is gone, or may not be edited any more: a new one is posted.
_POST_ANEW = frozenset(
    {"message_not_found", "edit_window_closed", "cant_update_message", "channel_not_found"}
)
_BAD_TOKEN = ("invalid_auth", "not_authed", "token_revoked", "token_expired", "account_inactive")
_LATER = frozenset({"ratelimited", "rate_limited", "service_unavailable", "internal_error"})
_HAS_A_CASE = FAILURES | {Status.ROLLBACK_IN_PROGRESS}


class SlackError(Unavailable):
    """Slack understood the call, and answered with this error."""

    def __init__(self, error: str, method: str) -> None:
        super().__init__(f"Slack answered {error} to {method}")
        self.error = error


class SlackBot:
    """A bot in one channel of Slack. It needs the scope `chat:write`, and to be in the channel."""

    def __init__(self, settings: SlackSettings) -> None:
        self._settings = settings

    def send(
        self, notice: Notice, deployment: str, _: str, record: Deployment | None = None
    ) -> SlackMessage | None:
        """Show one notice, and return the message that shows it; None where no record keeps it.

        Raises:
            Unavailable: Slack does not take it. HalfSent when only the reply is missing.
        """
        known = record.slack if record else None
        rule, mention = self._mention(notice, known.mentioned if known else ())
        if known is not None:
            known = self._edited(known, notice, deployment)
            return self._replied(known, notice, mention, rule)
        posted = self._posted(notice, deployment, mention)
        if record is None:
            return None
        posted = changed_message(posted, mentioned=rule)
        if notice.status not in _HAS_A_CASE:
            return posted
        return self._replied(posted, notice, "", ())

    def _posted(self, notice: Notice, deployment: str, mention: str) -> SlackMessage:
        blocks = block_kit.summary(notice, deployment, mention)
        answer = self._call("chat.postMessage", {**self._message(notice, blocks), **_AS_IT_IS})
        channel, ts = answer.get("channel"), answer.get("ts")
        if not isinstance(ts, str) or not _TS.fullmatch(ts):
            raise Unavailable("Slack answered ok to chat.postMessage, and named no message")
        if not isinstance(channel, str) or not _CHANNEL.fullmatch(channel):
            channel = str(self._settings.channel)
        return SlackMessage(channel=channel, ts=ts, shown=notice.at)

    def _edited(self, known: SlackMessage, notice: Notice, deployment: str) -> SlackMessage:
        """Return the message that shows this notice now, unless it shows a later one already."""
        if notice.at < known.shown:
            return known
        message = self._message(notice, block_kit.summary(notice, deployment, ""))
        try:
            self._call("chat.update", {**message, "channel": known.channel, "ts": known.ts})
        except SlackError as error:
            if error.error not in _POST_ANEW:
                raise
            anew = self._posted(notice, deployment, "")
            return changed_message(anew, mentioned=known.mentioned)
        return changed_message(known, shown=notice.at)

    def _replied(
        self, message: SlackMessage, notice: Notice, mention: str, rule: tuple[str, ...]
    ) -> SlackMessage:
        """Post the notice into the thread; with a mention, Slack shows it in the channel too."""
        payload = {
            **self._message(notice, block_kit.reply(notice, mention)),
            **_AS_IT_IS,
            "channel": message.channel,
            "thread_ts": message.ts,
            "reply_broadcast": bool(mention),
        }
        try:
            self._call("chat.postMessage", payload)
        except Unavailable as failure:
            raise HalfSent(failure, message) from failure
        return changed_message(message, mentioned=(*message.mentioned, *rule))

    def _mention(self, notice: Notice, used: tuple[str, ...]) -> tuple[tuple[str, ...], str]:
        """Return the first rule that mentions somebody now, and the mention; each is used once."""
        for kind, mention in self._settings.mention.items():
            if matches((kind,), notice.status):
                return ((), "") if kind in used else ((kind,), mention)
        return (), ""

    def _message(self, notice: Notice, blocks: list[block_kit.Block]) -> dict[str, Any]:
        return {
            "channel": self._settings.channel,
            "text": block_kit.escaped(notice.subject),
            "blocks": blocks,
        }

    def _call(self, method: str, payload: dict[str, Any]) -> dict[str, Any]:
        token = secret_value(self._settings.secret)
        if not _TOKEN.fullmatch(token):
            raise Unavailable(f"the secret {self._settings.secret} does not hold a token of Slack")
        headers = {
            "Authorization": f"Bearer {token}",
            "Content-Type": "application/json; charset=utf-8",
        }
        reply = posted(f"{_API}/{method}", payload, "Slack", headers, _LONGEST)
        answer = _parsed(reply.body)
        if answer.get("ok") is True:
            return answer
        error = answer.get("error")
        if error in _BAD_TOKEN:
            secrets.forget()  # the secret may hold a new one
        raise _failure(error, method, reply.status)


def _parsed(body: bytes) -> dict[str, Any]:
    """Return the object that the body is; empty when it is anything else."""
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return answer if isinstance(answer, dict) else {}


def _failure(error: object, method: str, status: int) -> Unavailable:
    if not isinstance(error, str) or not _ERROR.fullmatch(error):
        return Unavailable(f"Slack answered {status} to {method}, and no error that it documents")
    if error in _LATER:
        return Silent(f"Slack answered {error} to {method}")
    return SlackError(error, method)
