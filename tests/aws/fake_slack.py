"""Slack's two methods, held to what its reference says of a call: a wrong one is an AssertionError.

https://docs.slack.dev/reference/methods/chat.postMessage and chat.update (arguments, errors),
https://docs.slack.dev/reference/block-kit/blocks (lengths),
https://docs.slack.dev/apis/web-api/rate-limits (429 with Retry-After).
"""

from __future__ import annotations

import re
from typing import Any

from tests.aws.far_end import Answered, Asked

CHANNEL = "C0123456789"
TOKEN = "xoxb-1-s3cret"
_POST = {
    "channel", "text", "blocks", "thread_ts", "reply_broadcast", "unfurl_links", "unfurl_media",
}  # fmt: skip
_UPDATE = {"channel", "ts", "text", "blocks"}


class FakeSlack:
    """One workspace with one channel. `messages` and `replies` are what people see there now."""

    def __init__(self) -> None:
        self.messages: dict[str, dict[str, Any]] = {}
        self.replies: list[dict[str, Any]] = []
        self.asked: list[Asked] = []
        self.wrong: list[str] = []
        self.mood: dict[str, Answered] = {}  # by method, in place of the right answer
        self.moods: list[Answered | None] = []  # for the next calls of any method, in turn

    def __call__(self, asked: Asked) -> Answered:
        self.asked.append(asked)
        method = asked.path.removeprefix("/api/")
        try:
            check(asked, method)
        except AssertionError as wrong:
            self.wrong.append(str(wrong))
        mood = self.moods.pop(0) if self.moods else None
        if told := mood or self.mood.get(method):
            return told
        return Answered(body=self._post(asked.body) if "post" in method else self._edit(asked.body))

    def _post(self, body: dict[str, Any]) -> dict[str, Any]:
        if body["channel"] != CHANNEL:
            return {"ok": False, "error": "channel_not_found"}
        ts = f"1772446209.{len(self.asked):06}"
        if thread := body.get("thread_ts"):
            if thread not in self.messages:
                return {"ok": False, "error": "thread_not_found"}
            self.replies.append(body)
        else:
            self.messages[ts] = body
        return {"ok": True, "channel": CHANNEL, "ts": ts, "message": body}

    def _edit(self, body: dict[str, Any]) -> dict[str, Any]:
        if body["ts"] not in self.messages:
            return {"ok": False, "error": "message_not_found"}
        self.messages[body["ts"]] = body
        return {"ok": True, "channel": CHANNEL, "ts": body["ts"]}


def check(asked: Asked, method: str) -> None:
    """Whether the call is one that the reference allows."""
    body = asked.body
    assert method in {"chat.postMessage", "chat.update"}, method
    assert asked.headers["Authorization"] == f"Bearer {TOKEN}"
    assert asked.headers["Content-Type"] == "application/json; charset=utf-8"
    assert set(body) <= (_POST if method == "chat.postMessage" else _UPDATE), set(body)
    assert {"channel", "text", "blocks"} <= set(body)
    assert method == "chat.postMessage" or re.fullmatch(r"\d+\.\d+", body["ts"])
    assert 1 <= len(body["blocks"]) <= 50
    assert len(body["text"]) <= 4_000
    for block in body["blocks"]:
        check_block(block)


def check_block(block: dict[str, Any]) -> None:
    """Whether it is a header, a section or a context as Block Kit describes it."""
    if block["type"] == "header":
        assert set(block) == {"type", "text"}
        assert block["text"]["type"] == "plain_text"
        assert 1 <= len(block["text"]["text"]) <= 150
    elif block["type"] == "section":
        texts = block.get("fields") or [block["text"]]
        assert len(texts) <= 10
        for text in texts:
            assert text["type"] in {"mrkdwn", "plain_text"}
            assert 1 <= len(text["text"]) <= (2_000 if "fields" in block else 3_000)
    else:
        assert block["type"] == "context"
        assert 1 <= len(block["elements"]) <= 10
        for element in block["elements"]:
            assert 1 <= len(element["text"]) <= 2_000


def rendered(body: dict[str, Any]) -> str:
    """The blocks of a message as a person reads them."""
    lines: list[str] = []
    for block in body["blocks"]:
        texts = block.get("fields") or block.get("elements") or [block["text"]]
        lines += [text["text"].replace("*\n", "* ") for text in texts]
    text = "\n".join(lines)
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
