"""request by hand -> deployment -> reply: the parts that `deploy` and `rollback` share."""

from __future__ import annotations

from typing import Any

from chalicelib.errors import Unavailable
from chalicelib.flow.advance import advance
from chalicelib.flow.ports import World
from chalicelib.flow.request import request
from chalicelib.model.deployments import Deployment, Status
from chalicelib.model.images import Image
from chalicelib.model.requests import Request
from chalicelib.model.targets import Target


def ask(world: World, target: Target, asked: Request, image: Image) -> dict[str, Any]:
    """Record a request by hand, take its first step, and return the reply.

    When AWS does not answer the first step, the reply still tells where the deployment stands.

    Raises:
        Unavailable: when the request could not be recorded.
    """
    made = request(world, target, asked, image)
    try:
        return reply_of(advance(world, target.name, made.deployment))
    except Unavailable:
        # The request is recorded, and its watcher goes on with it.
        record = world.ledger.deployment(target.name, made.deployment)
        if record is None:
            raise
        return reply_of(record)


def reply_of(record: Deployment) -> dict[str, Any]:
    """Return the reply `{"deployment", "status"}`.

    A refused deployment has an `error`, and one that is held or only observed has a `reason`.
    """
    reply = {"deployment": record.id, "status": record.status.value}
    if record.status is Status.REFUSED:
        return {**reply, "error": record.reason}
    if record.status in {Status.HELD, Status.OBSERVED}:
        return {**reply, "reason": record.reason}
    return reply
