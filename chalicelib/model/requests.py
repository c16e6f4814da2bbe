"""What somebody asks for: that a service runs an image."""

from __future__ import annotations

from chalicelib.model.base import Frozen, Moment
from chalicelib.model.deployments import Cause


class Request(Frozen):
    """Somebody wants a service to run an image. `order` is the event's or invocation's time.

    `observes`: the target's mode is "observe". `goes_to` names an existing task definition to
    deploy, instead of one to render (a rollback); `leaves` is the digest that a rollback leaves.
    """

    service: str
    cause: Cause
    digest: str
    order: Moment
    pushed_at: Moment | None = None
    tag: str = ""
    tags: tuple[str, ...] = ()
    key: str = ""
    by: str = ""
    why: str = ""
    override: bool = False
    observes: bool = False
    goes_to: str = ""
    leaves: str = ""
