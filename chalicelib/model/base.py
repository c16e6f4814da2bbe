"""What every model shares: frozen, and strict about its fields."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, PlainSerializer


class Frozen(BaseModel):
    """A value: compared by its fields, never changed."""

    # By name, too: an alias is only what a field is called where it is stored (model/stored.py).
    model_config = ConfigDict(frozen=True, extra="forbid", validate_by_name=True)


def iso(moment: datetime) -> str:
    """ISO 8601 in UTC, whole milliseconds, ending in Z: sorts as text in the order of time."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


Moment = Annotated[datetime, PlainSerializer(iso, when_used="json")]
