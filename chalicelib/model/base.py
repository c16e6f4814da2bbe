"""The base of every model: a frozen value that takes no unknown field."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, PlainSerializer


class Frozen(BaseModel):
    """A value: two are equal when their fields are, and none ever changes."""

    # Fields are given by their names. An alias is only the stored name (model/stored.py).
    model_config = ConfigDict(frozen=True, extra="forbid", validate_by_name=True)


def iso(moment: datetime) -> str:
    """Return a time as ISO 8601 in UTC with milliseconds and a Z; such texts sort by time."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


Moment = Annotated[datetime, PlainSerializer(iso, when_used="json")]
