"""An EventBridge event: what all events share, and whether it is of this account and region."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from chalicelib.model.base import Frozen
from chalicelib.model.places import Place


class Ignored(Frozen):
    """Why an event means no deployment; one log line."""

    reason: str


class Envelope(BaseModel):
    """The fields around every event's `detail` (Amazon EventBridge user guide, "Events")."""

    model_config = ConfigDict(extra="ignore")

    source: str
    kind: str = Field(alias="detail-type")
    detail: dict[str, Any]


def elsewhere(event: object, here: Place) -> Ignored | None:
    """Why an event is not of this account and region; None when it is.

    A default event bus may also be sent the events of other accounts and regions (Amazon
    EventBridge user guide, "Sending and receiving events between AWS accounts"), whose
    repositories and services may have the same names.
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
    """The first thing that is wrong with an event, without the value that was sent."""
    first = error.errors(include_input=False, include_url=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    return f"{place}: {first['msg']}" if place else str(first["msg"])
