"""Microsoft Teams' workflow: it takes the cards that the schema of Adaptive Cards 1.4 allows.

https://adaptivecards.io/explorer (RichTextBlock, TextRun), and
https://learn.microsoft.com/en-us/microsoftteams/limits-specifications-teams (28 KB a message).
"""

from __future__ import annotations

from typing import Any

from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # it has no types

from tests.aws.far_end import Answered, Asked

LIMIT = 28 * 1_024
_RUN = {
    "type": "object",
    "properties": {
        "type": {"const": "TextRun"},
        "text": {"type": "string", "minLength": 1},
        "size": {"enum": ["Default", "Small", "Medium", "Large", "ExtraLarge"]},
        "weight": {"enum": ["Default", "Lighter", "Bolder"]},
        "color": {
            "enum": ["Default", "Dark", "Light", "Accent", "Good", "Warning", "Attention"],
        },
        "fontType": {"enum": ["Default", "Monospace"]},
        "isSubtle": {"type": "boolean"},
    },
    "required": ["type", "text"],
    "additionalProperties": False,
}
_BLOCK = {
    "type": "object",
    "properties": {
        "type": {"const": "RichTextBlock"},
        "spacing": {"enum": ["Default", "None", "Small", "Medium", "Large"]},
        "inlines": {"type": "array", "items": _RUN, "minItems": 1},
    },
    "required": ["type", "inlines"],
    "additionalProperties": False,
}
_CARD = {
    "type": "object",
    "properties": {
        "$schema": {"const": "http://adaptivecards.io/schemas/adaptive-card.json"},
        "type": {"const": "AdaptiveCard"},
        "version": {"enum": ["1.4"]},
        "msteams": {"type": "object"},
        "body": {"type": "array", "items": _BLOCK, "minItems": 1},
    },
    "required": ["type", "version", "body"],
    "additionalProperties": False,
}
_ATTACHMENT = {
    "type": "object",
    "properties": {
        "contentType": {"const": "application/vnd.microsoft.card.adaptive"},
        "contentUrl": {"type": "null"},
        "content": _CARD,
    },
    "required": ["contentType", "content"],
    "additionalProperties": False,
}
_MESSAGE = Draft202012Validator(
    {
        "type": "object",
        "properties": {
            "type": {"const": "message"},
            "attachments": {"type": "array", "items": _ATTACHMENT, "minItems": 1, "maxItems": 1},
        },
        "required": ["type", "attachments"],
        "additionalProperties": False,
    }
)


class FakeTeams:
    """One workflow. It answers 202, as a workflow does that was started."""

    def __init__(self) -> None:
        self.cards: list[dict[str, Any]] = []
        self.wrong: list[str] = []
        self.status = 202

    def __call__(self, asked: Asked) -> Answered:
        if self.status != 202:
            return Answered(self.status)
        if int(asked.headers["Content-Length"]) > LIMIT:
            self.wrong.append(f"{asked.headers['Content-Length']} bytes")
        self.wrong += [error.message for error in _MESSAGE.iter_errors(asked.body)]
        self.cards.append(asked.body["attachments"][0]["content"])
        return Answered(202)


def rendered(card: dict[str, Any]) -> str:
    """The card as a person reads it."""
    return "\n".join("".join(run["text"] for run in block["inlines"]) for block in card["body"])
