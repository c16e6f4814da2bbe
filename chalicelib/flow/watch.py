"""state machine's poll -> the step -> what the loop needs to know."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
)

from chalicelib.decide.pace import wait_seconds
from chalicelib.errors import Conflict, Unavailable
from chalicelib.flow.advance import advance
from chalicelib.flow.ports import World
from chalicelib.flow.write import read, write
from chalicelib.model.happenings import WatcherStarted

# Step Functions quotas: 25,000 events in a history. A poll makes 9: at most 17,300 a day.
_LONGEST = timedelta(hours=24)


class _Poll(BaseModel):
    """What the state machine sends; `began` is since when this execution of it runs."""

    model_config = ConfigDict(extra="ignore", strict=True)

    deployment: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,60}$")]
    began: Annotated[AwareDatetime | None, Field(strict=False)] = None


def poll(world: World, event: object) -> dict[str, Any]:
    """`watch` of what the state machine sends; anything else is answered REFUSED, and not again.

    Raises:
        Unavailable: AWS does not answer; the state machine retries.
    """
    try:
        poll = _Poll.model_validate(event)
    except ValidationError:
        return {"deployment": "", "status": "REFUSED", "open": False, "wait": 0}
    return watch(world, poll.deployment, poll.began)


def watch(world: World, deployment: str, began: datetime | None = None) -> dict[str, Any]:
    """Take the step; start the next execution when the one that began then has run for a day.

    `began` is in UTC. Returns `{"deployment", "status", "open", "wait"}`, `wait` in seconds (0:
    come back no more).

    Raises:
        Unavailable: AWS does not answer; the state machine retries.
    """
    service = world.ledger.service_of(deployment)
    if service is None:
        raise Unavailable(f"the ledger does not know the deployment {deployment} (yet)")
    record = advance(world, service, deployment)
    wait = wait_seconds(record, world.now)
    if wait and began is not None and world.now - began >= _LONGEST:
        start_next(world, service, deployment)
        wait = 0
    return {"deployment": record.id, "status": record.status, "open": record.open, "wait": wait}


def start_next(world: World, service: str, deployment: str) -> None:
    """Start the deployment's execution n+1 and remember its number.

    Started first: an execution too many only repeats an idempotent step, one too few loses it.
    """
    head, record = read(world, service, deployment)
    world.watchers.start(record.id, record.watcher + 1)
    try:
        write(world, head, record, WatcherStarted(number=record.watcher + 1))
    except Conflict:
        return  # the next sweep or hand-over finds the same number started already
