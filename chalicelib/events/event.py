"""The fields that all EventBridge events share, and the check of their account and region."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from chalicelib.model.base import Frozen
from chalicelib.model.places import Place


class Ignored(Frozen):
    """The reason why an event means no deployment. It becomes one log line."""

    reason: str


class Envelope(BaseModel):
    """The fields around every event's `detail` (Amazon EventBridge user guide, "Events")."""

    model_config = ConfigDict(defer_build=True, extra="ignore")

    source: str
    kind: str = Field(alias="detail-type")
    detail: dict[str, Any]


def elsewhere(event: object, here: Place) -> Ignored | None:
    """Return why an event is not of this account and region; None when it is.

    Other accounts and regions may send their events to this event bus too (Amazon EventBridge user
    guide, "Sending and receiving events between AWS accounts"). Their repositories and services may
    have the same names.
    """
    envelope = event if isinstance(event, Mapping) else {}
    account, region = envelope.get("account"), envelope.get("region")
    if (account, region) == (here.account, here.region):
        return None
    return Ignored(
        reason=f"an event of account {account!r} in {region!r}; Slipway deploys in "
        f"{here.account}, {here.region}"
    )


def what_is_wrong(error: ValidationError) -> str:
    """Return the first fault of an event, without the value that was sent."""
    first = error.errors(include_input=False, include_url=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    return f"{place}: {first['msg']}" if place else str(first["msg"])
