"""A target of a load balancer: DescribeTargetHealth."""

from __future__ import annotations

from chalicelib.model.base import Frozen


class TargetHealth(Frozen):
    """What is said of one target, `ID:PORT`; a healthy one has no reason and no description."""

    target: str
    state: str
    reason: str = ""
    description: str = ""
