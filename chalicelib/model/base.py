"""What every model shares: frozen, and strict about its fields."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, PlainSerializer


class Frozen(BaseModel):
    """A value: compared by its fields, never changed."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def iso(moment: datetime) -> str:
    """ISO 8601 in UTC, whole milliseconds, ending in Z: sorts as text in the order of time."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


Moment = Annotated[datetime, PlainSerializer(iso, when_used="json")]
