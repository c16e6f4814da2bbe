"""poll of the state machine -> step -> reply: take the step, and say when to poll again."""

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

# An execution may have 25,000 events (Step Functions quotas). A poll makes 9 of them, and a day of
# polls 17,300 at most.
_LONGEST = timedelta(hours=24)


class _Poll(BaseModel):
    """The input of a poll. `began` is when this execution of the state machine began."""

    model_config = ConfigDict(defer_build=True, extra="ignore", strict=True)

    deployment: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,60}$")]
    began: Annotated[AwareDatetime | None, Field(strict=False)] = None


def poll(world: World, event: object) -> dict[str, Any]:
    """Return the reply of `watch` to the state machine's input.

    To any other input the reply is REFUSED with a wait of 0, so nobody polls again.

    Raises:
        Unavailable: when AWS does not answer; the state machine retries.
    """
    try:
        poll = _Poll.model_validate(event)
    except ValidationError:
        return {"deployment": "", "status": "REFUSED", "open": False, "wait": 0}
    return watch(world, poll.deployment, poll.began)


def watch(world: World, deployment: str, began: datetime | None = None) -> dict[str, Any]:
    """Take the step, and return `{"deployment", "status", "open", "wait"}`.

    `wait` is in seconds; 0 means that this execution polls no more. `began` is when the execution
    began (UTC). After a day the next execution is started, and this one ends.

    Raises:
        Unavailable: when AWS does not answer; the state machine retries.
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
    """Start the deployment's next execution, then remember its number.

    The order matters: one execution too many only repeats an idempotent step, but with one too few
    nobody polls.
    """
    head, record = read(world, service, deployment)
    world.watchers.start(record.id, record.watcher + 1)
    try:
        write(world, head, record, WatcherStarted(number=record.watcher + 1))
    except Conflict:
        return  # the next one to start it finds that this number was started already
