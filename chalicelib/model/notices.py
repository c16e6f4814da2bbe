"""[notices] -> the channels besides SNS, and the rules that say which notices each of them gets.

Each channel names a secret that holds its URL or its token. The file never holds either.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    StringConstraints,
    model_validator,
)
from pydantic_core import PydanticCustomError

from chalicelib.model.deployments import FAILURES, Status
from chalicelib.model.target_values import SecretName

EVERYTHING = "all"
# A name for several statuses.
GROUPS = {
    "failures": FAILURES | {Status.ROLLBACK_IN_PROGRESS},
    "held": frozenset({Status.HELD}),
    EVERYTHING: frozenset(Status),
}
KINDS = (*GROUPS, *(status.value for status in Status))


def _kind(name: str) -> str:
    if name not in KINDS:
        raise PydanticCustomError("kind", "expected a group or a status")
    return name


def _some(kinds: tuple[str, ...]) -> tuple[str, ...]:
    if not kinds:
        raise PydanticCustomError("kind", "expected at least one group or status")
    return kinds


Kind = Annotated[str, AfterValidator(_kind)]
Only = Annotated[tuple[Kind, ...], AfterValidator(_some)]
# Slack's ids, and its own way to write a mention of a user, a user group or a channel.
# https://docs.slack.dev/messaging/formatting-message-text
ChannelId = Annotated[str, StringConstraints(pattern=r"^[CG][A-Z0-9]{1,30}$")]
_MENTION = r"(?:<!here>|<!channel>|<@[UW][A-Z0-9]{1,30}>|<!subteam\^S[A-Z0-9]{1,30}>)"
Mention = Annotated[str, StringConstraints(pattern=rf"^{_MENTION}(?: {_MENTION}){{0,9}}$")]


def matches(kinds: tuple[str, ...], status: Status) -> bool:
    """Whether one of these groups or statuses has this status."""
    return any(status in GROUPS.get(kind, ()) or kind == status.value for kind in kinds)


class _Rule(BaseModel):
    model_config = ConfigDict(defer_build=True, frozen=True, extra="forbid")

    only: Only = (EVERYTHING,)


class WebhookSettings(_Rule):
    """A webhook of your own. `url` names the secret that holds its URL."""

    url: SecretName


class TeamsSettings(_Rule):
    """A workflow of Microsoft Teams. `webhook` names the secret that holds its URL."""

    webhook: SecretName


class EventsSettings(_Rule):
    """Events on the default bus of EventBridge."""


class SlackSettings(_Rule):
    """Slack, by the URL of an incoming webhook or by a bot's token and the id of a channel.

    `mention` says whom the first notice of a kind mentions; only a bot can.
    """

    webhook: SecretName | None = None
    token: SecretName | None = None
    channel: ChannelId | None = None
    mention: dict[Kind, Mention] = {}

    @model_validator(mode="after")
    def _one_way(self) -> SlackSettings:
        by_bot = self.token is not None
        whole = (self.channel is not None) is by_bot and (by_bot or not self.mention)
        if by_bot is (self.webhook is not None) or not whole:
            raise PydanticCustomError("ways", "expected one way to Slack")
        return self

    @property
    def secret(self) -> str:
        return self.token or self.webhook or ""


def _short(key: str) -> BeforeValidator:
    """Take a text alone as the table that has only this key."""

    def table(written: Any) -> Any:
        return {key: written} if isinstance(written, str) else written

    return BeforeValidator(table)


def _switch(written: Any) -> Any:
    """Return the settings that `true` stands for, and None for `false`."""
    return ({} if written else None) if isinstance(written, bool) else written


class NoticeChannels(_Rule):
    """The channels besides SNS, which gets every notice.

    `only` of the table holds for all of them, and `only` of a channel for this one besides.
    """

    slack: Annotated[SlackSettings | None, _short("webhook")] = None
    teams: Annotated[TeamsSettings | None, _short("webhook")] = None
    webhook: Annotated[WebhookSettings | None, _short("url")] = None
    events: Annotated[EventsSettings | None, BeforeValidator(_switch)] = None

    @property
    def secrets(self) -> tuple[str, ...]:
        """The names of the secrets that the channels need, each once."""
        names = (
            self.slack.secret if self.slack else "",
            self.teams.webhook if self.teams else "",
            self.webhook.url if self.webhook else "",
        )
        return tuple(sorted({*filter(None, names)}))

    def wants(self, channel: str, status: Status) -> bool:
        """Whether a channel of the file gets the notices of this status; SNS gets all."""
        rule: _Rule | None = getattr(self, channel) if channel in _RULED else None
        return rule is None or (matches(self.only, status) and matches(rule.only, status))


_RULED = ("slack", "teams", "webhook", "events")
