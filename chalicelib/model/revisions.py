"""What ECS shows of the revisions of a family, and of the services that run them."""

from __future__ import annotations

from chalicelib.model.base import Frozen


class ServiceUse(Frozen):
    """The revisions (ARNs) that a service runs or names, and whether it rolls out now.

    `name` is CLUSTER/SERVICE.
    """

    name: str
    revisions: tuple[str, ...] = ()
    rolls_out: bool = False
