"""ELB DescribeTargetHealth -> target health: implements the flows' `LoadBalancers`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from chalicelib.aws.clients import client_quick
from chalicelib.aws.errors import translated
from chalicelib.model.health import TargetHealth


class ElasticLoadBalancing:
    """Elastic Load Balancing (application, network, gateway) in one account and region."""

    def target_health(self, target_group: str) -> Sequence[TargetHealth]:
        """Return the health of all targets of a group; one call answers draining ones too."""
        name = target_group.rpartition(":targetgroup/")[2]
        with translated(f"read the health of the targets of {name}"):
            answer = client_quick("elbv2").describe_target_health(TargetGroupArn=target_group)
        return tuple(
            _target_health(description) for description in answer["TargetHealthDescriptions"]
        )


def _target_health(answer: Mapping[str, Any]) -> TargetHealth:
    target, health = answer["Target"], answer["TargetHealth"]
    return TargetHealth(
        target=":".join(str(target[part]) for part in ("Id", "Port") if part in target),
        state=health["State"],
        reason=health.get("Reason", ""),
        description=health.get("Description", ""),
    )
