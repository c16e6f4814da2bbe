"""state machine's poll -> the step -> what the loop needs to know."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from chalicelib.decide.pace import wait_seconds
from chalicelib.errors import Conflict, Unavailable
from chalicelib.flow.advance import advance, read
from chalicelib.flow.ports import World


class _Poll(BaseModel):
    """What the state machine sends; `polls`, its own count, is for whoever reads the history."""

    model_config = ConfigDict(extra="ignore", strict=True)

    deployment: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,60}$")]
    hand_over: bool = False


def polled(world: World, event: object) -> dict[str, Any]:
    """`watch` of what the state machine sends; anything else is answered REFUSED, and not again.

    Raises:
        Unavailable: AWS does not answer; the state machine retries.
    """
    try:
        poll = _Poll.model_validate(event)
    except ValidationError:
        return {"deployment": "", "status": "REFUSED", "open": False, "wait": 0}
    return watch(world, poll.deployment, hand_over=poll.hand_over)


def watch(world: World, deployment: str, *, hand_over: bool) -> dict[str, Any]:
    """Take the step; with `hand_over`, also start the next execution, which goes on from here.

    Returns `{"deployment", "status", "open", "wait"}`, `wait` in seconds (0: come back no more).

    Raises:
        Unavailable: AWS does not answer; the state machine retries.
    """
    service = world.ledger.service_of(deployment)
    if service is None:
        raise Unavailable(f"the ledger does not know the deployment {deployment} (yet)")
    record = advance(world, service, deployment)
    wait = wait_seconds(record, world.now)
    if hand_over and wait:
        start_next(world, service, deployment)
        wait = 0
    return {"deployment": record.id, "status": record.status, "open": record.open, "wait": wait}


def start_next(world: World, service: str, deployment: str) -> None:
    """Start the deployment's execution n+1 and remember its number.

    Started first: an execution too many only repeats an idempotent step, one too few loses it.
    """
    head, record = read(world, service, deployment)
    world.watchers.start(record.id, record.watcher + 1)
    after = record.model_copy(update={"watcher": record.watcher + 1})
    try:
        world.ledger.save(head, after)
    except Conflict:
        return  # the next sweep or hand-over finds the same number started already
