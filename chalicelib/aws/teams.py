"""notice -> an Adaptive Card to a workflow of Microsoft Teams.

Each text is a TextRun: a TextBlock reads Markdown, and would make a link of what a log says.

https://learn.microsoft.com/en-us/connectors/teams/ (the trigger "When a Teams webhook request is
received", which answers 202), https://adaptivecards.io/explorer/TextRun.html
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import urlsplit

from chalicelib.aws.block_kit import gist
from chalicelib.aws.webhooks import Webhook
from chalicelib.errors import Unavailable
from chalicelib.explain.text import cut
from chalicelib.model.deployments import FAILURES, Notice, Status

# Bytes. Teams takes a message of at most 28 KB; the envelope and the last line need some of them.
_LONGEST_BODY, _LONGEST_LINE = 26_000, 1_000
# The URLs of Office 365 connectors, which Microsoft has retired.
_RETIRED = (
    "webhook.office.com",
    "webhook.office365.com",
    "outlook.office.com",
    "outlook.office365.com",
)
_BAD = FAILURES | {Status.ROLLBACK_IN_PROGRESS}
_COLOURS = {Status.SUCCESSFUL: "Good", Status.HELD: "Warning", **dict.fromkeys(_BAD, "Attention")}

Block = dict[str, Any]


class Teams(Webhook):
    """A workflow of Microsoft Teams that posts the card which it gets."""

    def payload(self, notice: Notice, deployment: str, service: str) -> dict[str, Any]:
        card = {
            "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
            "type": "AdaptiveCard",
            "version": "1.4",
            "msteams": {"width": "Full"},
            "body": _within(_body(notice, deployment)),
        }
        kind = "application/vnd.microsoft.card.adaptive"
        attachment = {"contentType": kind, "contentUrl": None, "content": card}
        return {"type": "message", "attachments": [attachment]}

    def _url(self) -> str:
        url = super()._url()
        host = (urlsplit(url).hostname or "").lower()
        if host in _RETIRED or host.endswith(tuple(f".{one}" for one in _RETIRED)):
            raise Unavailable(
                f"the secret {self._secret} holds the URL of an Office 365 connector, which "
                "Microsoft has retired. Make a workflow in Teams with the trigger `When a Teams "
                "webhook request is received`, and put its URL into the secret"
            )
        return url


def _body(notice: Notice, deployment: str) -> Iterator[Block]:
    """Yield the subject, why, now and next, the facts, and the rest of the text."""
    colour = _COLOURS.get(notice.status, "Default")
    yield _line(notice.subject, size="Large", weight="Bolder", color=colour)
    short = gist(notice.text).split("\n")
    yield from map(_line, short)
    for number, (name, value) in enumerate(notice.facts):
        named = {"type": "TextRun", "text": f"{name}: ", "weight": "Bolder"}
        yield _block([named, _run(value)], "Default" if number == 0 else "None")
    for line in notice.text.split("\n")[1:]:
        if line and line not in short:
            yield _line(line, fontType="Monospace", size="Small")
    yield _line(f"{deployment} · {notice.id}", size="Small", isSubtle=True)


def _line(text: str, **style: Any) -> Block:
    return _block([{**_run(text), **style}], "Small")


def _run(text: str) -> Block:
    return {"type": "TextRun", "text": cut(text, _LONGEST_LINE) or " "}


def _block(runs: list[Block], spacing: str) -> Block:
    return {"type": "RichTextBlock", "spacing": spacing, "inlines": runs}


def _within(blocks: Iterable[Block]) -> list[Block]:
    """Return the first blocks that fit into a message, and a line where others are left out."""
    kept: list[Block] = []
    size = 0
    for block in blocks:
        size += len(json.dumps(block)) + 2
        if size > _LONGEST_BODY:
            return [*kept, _line("The rest is left out here; `slipway show` has it.")]
        kept.append(block)
    return kept
