"""A request: somebody wants a service to run an image."""

from __future__ import annotations

from chalicelib.model.base import Frozen, Moment
from chalicelib.model.deployments import Cause


class Request(Frozen):
    """A person or a push asks for an image. `order` is the time of the event or invocation (UTC).

    `observes` says that the target's mode is "observe". For a rollback, `goes_to` is the ARN of the
    existing task definition to deploy, `leaves` is the digest that the rollback leaves, and `holds`
    says that pushes are held afterwards.
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
    holds: bool = False
