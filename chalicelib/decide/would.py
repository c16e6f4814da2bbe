"""record of a dry run -> what the real call would do, and why."""

from __future__ import annotations

from typing import Literal

from chalicelib.model.base import Frozen
from chalicelib.model.deployments import GOES_BACK, Deployment, Status
from chalicelib.model.task_definitions import short_name

Does = Literal["deploy", "wait", "hold", "refuse", "stop", "nothing", "observe"]
_CLOSED_OR_WAITS: dict[Status, Does] = {
    Status.REFUSED: "refuse",
    Status.SUPERSEDED: "refuse",
    Status.HELD: "hold",
    Status.OBSERVED: "observe",
    Status.PENDING: "wait",
}


class Would(Frozen):
    """What a call would do, and why in words; the reason is empty when it would deploy at once."""

    does: Does
    reason: str = ""


def would(
    record: Deployment, before: Deployment | None, *, error: str, key_known: bool, updates: bool
) -> Would:
    """Return what a call by hand would do; the first rule that matches decides.

    `record` is what the dry run ended with, and `before` is the same deployment as the ledger has
    it now (None when the call would record it). `error` is that of the reply, `key_known` says that
    the request's key was used before, and `updates` that ECS would be asked for a change.

    1. A known key does nothing.
    2. An error refuses.
    3. A deployment of before is stopped, or else it goes back already and nothing is done.
    4. A new one is refused, held, observed, or waits, as its status says.
    5. A new one that finds its revision running has nothing to do; any other one goes.
    """
    if key_known:
        return Would(does="nothing", reason=f"this key was used before: {_state(record)}")
    if error:
        return Would(does="refuse", reason=error)
    if before is not None:
        if before.status is Status.IN_PROGRESS and record.status in GOES_BACK:
            return Would(does="stop", reason=_stops(record))
        if before.status is Status.PREPARING and record.before is not None and updates:
            return Would(
                does="stop", reason=f"{record.id} runs its `before` task: it would be stopped"
            )
        return Would(does="nothing", reason=_state(record))
    if (does := _CLOSED_OR_WAITS.get(record.status)) is not None:
        waits = "another step is acting on the service" if does == "wait" else ""
        return Would(does=does, reason=record.reason or waits)
    if updates:
        return Would(does="deploy")
    return Would(does="nothing", reason=f"the service runs {short_name(record.revision)} already")


def _state(record: Deployment) -> str:
    return f"{record.id} is {record.status}"


def _stops(record: Deployment) -> str:
    to = short_name(record.return_to) or "what ran before"
    return f"{record.id} is under way: it would be stopped, and the service would go back to {to}"
