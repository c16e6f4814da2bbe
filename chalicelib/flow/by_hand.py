"""request by hand -> deployment -> reply: the parts that `deploy` and `rollback` share."""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, StringConstraints, ValidationError

from chalicelib.errors import Refused, Unavailable
from chalicelib.flow.advance import advance
from chalicelib.flow.ports import World
from chalicelib.flow.request import request
from chalicelib.model.deployments import Deployment, Status
from chalicelib.model.images import Image
from chalicelib.model.requests import Request
from chalicelib.model.targets import Target

Text = Annotated[str, StringConstraints(min_length=1, max_length=500, strip_whitespace=True)]
# CLUSTER/SERVICE may have 511 characters, and an image's URI with tag and digest a few more.
Name = Annotated[str, StringConstraints(min_length=1, max_length=1_000, strip_whitespace=True)]
_Model = TypeVar("_Model", bound=BaseModel)


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


def parsed(model: type[_Model], payload: object) -> _Model:
    """Return the payload as a model.

    Raises:
        Refused: when it does not fit; the message names the key and what was expected.
    """
    try:
        return model.model_validate(payload)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        key = ".".join(str(part) for part in first["loc"]) or "payload"
        expected = ", ".join(
            name + ("" if field.is_required() else "?")
            for name, field in model.model_fields.items()
        )
        raise Refused(f"`{key}`: {first['msg']}; expected an object of {expected}") from error


def target_named(world: World, service: str) -> Target:
    """Return the target of `CLUSTER/SERVICE`.

    Raises:
        Refused: when there is no such target; the message names those that there are.
    """
    target = world.targets.named(service)
    if target is None:
        known = ", ".join(target.name for target in world.targets.all)
        raise Refused(f"no target is named {service!r} (CLUSTER/SERVICE); the targets are {known}")
    return target
