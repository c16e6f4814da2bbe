"""The health of a load balancer's target, as DescribeTargetHealth tells it."""

from __future__ import annotations

from chalicelib.model.base import Frozen


class TargetHealth(Frozen):
    """The health of one target, `ID:PORT`. A healthy one has no reason and no description."""

    target: str
    state: str
    reason: str = ""
    description: str = ""
