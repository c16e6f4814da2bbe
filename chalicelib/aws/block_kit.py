"""notice -> Slack's blocks: a notice as a message, and as a reply in the thread of that message.

Texts of others are escaped, and marked as verbatim. So nothing in them mentions anybody, and
nothing becomes a link.

https://docs.slack.dev/reference/block-kit/blocks
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from chalicelib.model.deployments import Notice

Block = dict[str, Any]
# The limits of Slack's Block Kit: the characters of a header, of a section and of a field, and the
# number of fields in a section.
_HEADER, _SECTION, _FIELD, _FIELDS = 150, 2_900, 1_900, 10
_MOST_PIECES = 40  # of 50 blocks


def whole(notice: Notice, deployment: str) -> list[Block]:
    """Return the notice with all that it says, for a message that stands alone."""
    return [
        _header(notice),
        _section(_cut(escaped(notice.text), _SECTION)),
        *_facts(notice),
        _context(f"{deployment} · {notice.id}"),
    ]


def summary(notice: Notice, deployment: str, mention: str) -> list[Block]:
    """Return the subject, why it is so, what is so now, and the facts.

    The story is in the thread.
    """
    below = f"{deployment} · {notice.id} · slipway show {deployment} · slipway dashboard"
    return [
        _header(notice),
        *([_section(mention)] if mention else []),
        _section(_cut(escaped(gist(notice.text)), _SECTION)),
        *_facts(notice),
        _context(below if deployment else notice.id),
    ]


def reply(notice: Notice, mention: str) -> list[Block]:
    """Return the whole text of the notice for the thread, with the case and the log lines."""
    first = [_section(mention)] if mention else []
    return [*first, *map(_section, _pieces(notice.text)), _context(notice.id)]


def escaped(text: str) -> str:
    """Escape &, < and >; in a verbatim text, only these can begin a mention or a link."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def gist(text: str) -> str:
    """Return what a notice says before its case, and after it: why, now and next.

    The last `Now:` is the notice's own: a line of a log stands before it.
    """
    above = [line for line in text.split("\n")[1:4] if line.startswith(("Why: ", "Denied: "))]
    _, now, below = text.rpartition("\nNow: ")
    return "\n".join([*above, f"Now: {below}"] if now else above) or text


def _header(notice: Notice) -> Block:
    text = {"type": "plain_text", "text": _cut(notice.subject, _HEADER), "emoji": False}
    return {"type": "header", "text": text}


def _facts(notice: Notice) -> list[Block]:
    facts = [
        _formatted(_cut(f"*{name}*\n{escaped(value)}", _FIELD))
        for name, value in notice.facts
        if name != "Deployment"
    ]
    return [{"type": "section", "fields": facts[:_FIELDS]}] if facts else []


def _section(text: str) -> Block:
    return {"type": "section", "text": _formatted(text)}


def _context(text: str) -> Block:
    return {"type": "context", "elements": [_formatted(_cut(escaped(text), _FIELD))]}


def _formatted(text: str) -> Block:
    """Return a verbatim text: in others, Slack makes mentions and links of `@channel` and URLs.

    https://docs.slack.dev/reference/block-kit/composition-objects/text-object
    """
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def _pieces(text: str) -> Iterator[str]:
    """Yield the text, escaped, in pieces for sections; a line is cut only if it is too long."""
    piece, count = "", 0
    for line in text.splitlines(keepends=True):
        for part in [line] if len(escaped(line)) <= _SECTION else line:
            if len(piece) + len(escaped(part)) > _SECTION and piece.strip():
                yield piece
                piece, count = "", count + 1
            if count == _MOST_PIECES:
                return
            piece += escaped(part)
    if piece.strip():
        yield piece


def _cut(text: str, length: int) -> str:
    """Return at most `length` characters of a text; an escaped character is never cut in two."""
    return text if len(text) <= length else re.sub(r"&\w*$", "", text[: length - 1]) + "…"
