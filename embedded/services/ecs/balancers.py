"""A service revision's settings → whether and where ECS shifts traffic for it.

Documented, API reference, AdvancedConfiguration: the alternate target group, the listener rules, of
which a Network Load Balancer has listeners in their place. "Amazon ECS blue/green deployments":
the green tasks register with the target group that the blue tasks do not use; a service without a
load balancer and without Service Connect may use BLUE_GREEN, and then no traffic is shifted.
Inferred: an ARN with `/net/` in it is a Network Load Balancer's.
"""

from __future__ import annotations

from typing import Any

Settings = dict[str, Any]


def has_traffic(settings: Settings) -> bool:
    """Whether ECS can shift traffic between revisions with these settings."""
    connect = settings.get("serviceConnectConfiguration") or {}
    return bool(settings.get("loadBalancers") or connect.get("enabled"))


def has_test_traffic(settings: Settings) -> bool:
    return any(each.get("testListenerRule") for each in _advanced(settings))


def behind_network_balancer(settings: Settings) -> bool:
    return any(
        "/net/" in str(each.get(rule) or "")
        for each in _advanced(settings)
        for rule in ("productionListenerRule", "testListenerRule")
    )


def has_alternate(settings: Settings) -> bool:
    return any(each.get("alternateTargetGroupArn") for each in _advanced(settings))


def resolved(settings: Settings, *, alternate: bool) -> list[dict[str, Any]]:
    """The load balancers, each with the target group that the tasks register with."""
    found: list[dict[str, Any]] = settings.get("loadBalancers") or []
    return [_alternate(each) for each in found] if alternate else found


def target_groups(settings: Settings) -> set[str]:
    """Both target groups of each load balancer."""
    balancers: list[dict[str, Any]] = settings.get("loadBalancers") or []
    named = {each["targetGroupArn"] for each in balancers if "targetGroupArn" in each}
    alternates = {each.get("alternateTargetGroupArn") for each in _advanced(settings)}
    return named | {each for each in alternates if each}


def _alternate(balancer: dict[str, Any]) -> dict[str, Any]:
    group = (balancer.get("advancedConfiguration") or {}).get("alternateTargetGroupArn")
    return balancer | {"targetGroupArn": group} if group else balancer


def _advanced(settings: Settings) -> list[dict[str, Any]]:
    balancers = settings.get("loadBalancers") or []
    return [each.get("advancedConfiguration") or {} for each in balancers]
