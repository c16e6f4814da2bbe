"""The base of every model: a frozen value that takes no unknown field."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, PlainSerializer


class Frozen(BaseModel):
    """A value: two are equal when their fields are, and none ever changes."""

    # Fields are given by their names. An alias is only the stored name (model/stored.py). A model's
    # schema is built when it is first used: a function uses few models, and building all of them
    # took a tenth of a cold start's CPU.
    model_config = ConfigDict(defer_build=True, frozen=True, extra="forbid", validate_by_name=True)


def iso(moment: datetime) -> str:
    """Return a time as ISO 8601 in UTC with milliseconds and a Z; such texts sort by time."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def iso_if_known(moment: datetime | None) -> str:
    """Return a time as `iso` does; empty when it is not known."""
    return "" if moment is None else iso(moment)


Moment = Annotated[datetime, PlainSerializer(iso, when_used="json")]
# DynamoDB's SDK takes no float, so a percentage is stored as text.
Percent = Annotated[float, PlainSerializer("{:g}".format, when_used="json")]
