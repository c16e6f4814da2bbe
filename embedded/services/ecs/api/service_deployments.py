"""The operations on service deployments and service revisions.

Documented ("View service history using Amazon ECS service deployments"): ECS keeps 90 days.
"""

from __future__ import annotations

from typing import Any

from embedded.services.ecs.api.paging import page
from embedded.services.ecs.errors import (
    InvalidParameter,
    ServiceDeploymentNotFound,
    UnsupportedFeature,
)
from embedded.services.ecs.hooks import CONTINUE, ROLLBACK
from embedded.services.ecs.region import Operations, Region
from embedded.services.ecs.service_deployments import ServiceDeployment
from embedded.services.ecs.views import (
    service_deployment_brief,
    service_deployment_view,
    service_revision_view,
)

MOST_DESCRIBED = 20  # "You can specify a maximum of 20 ARNs."
LIST_DEFAULT = 20


def list_service_deployments(region: Region, request: dict[str, Any]) -> dict[str, Any]:
    service = region.service(region.cluster(request), request["service"])
    if service.controller != "ECS":
        raise UnsupportedFeature(
            f"Services with a {service.controller} deployment controller have none."
        )
    _refuse_old_times(region, request)
    found = [each for each in region.history(service) if _matches(each, request)]
    briefs = [service_deployment_brief(each) for each in found]
    return page("serviceDeployments", briefs, request, LIST_DEFAULT)


def describe_service_deployments(region: Region, request: dict[str, Any]) -> dict[str, Any]:
    found, failures = [], []
    for arn in _arns(request, "serviceDeploymentArns"):
        known = region.service_deployment(arn)
        if known is None:
            failures.append({"arn": arn, "reason": "MISSING"})
        else:
            found.append(service_deployment_view(known[1]))
    return {"serviceDeployments": found, "failures": failures}


def describe_service_revisions(region: Region, request: dict[str, Any]) -> dict[str, Any]:
    found, failures = [], []
    for arn in _arns(request, "serviceRevisionArns"):
        known = region.service_revision(arn)
        if known is None:
            failures.append({"arn": arn, "reason": "MISSING"})
        else:
            found.append(service_revision_view(known))
    return {"serviceRevisions": found, "failures": failures}


def stop_service_deployment(region: Region, request: dict[str, Any]) -> dict[str, Any]:
    arn = request["serviceDeploymentArn"]
    known = region.service_deployment(arn)
    if known is None:
        raise ServiceDeploymentNotFound
    kind = request.get("stopType") or "ROLLBACK"
    if kind not in ("ROLLBACK", "ABORT"):
        raise InvalidParameter(f"Invalid stop type: {kind}.")
    region.scheduler.failures.stop(*known, kind)
    return {"serviceDeploymentArn": arn}


def continue_service_deployment(region: Region, request: dict[str, Any]) -> dict[str, Any]:
    arn = request["serviceDeploymentArn"]
    known = region.service_deployment(arn)
    if known is None:
        raise ServiceDeploymentNotFound
    action = request.get("action") or CONTINUE
    if action not in (CONTINUE, ROLLBACK):
        raise InvalidParameter(f"Invalid action: {action}.")
    region.scheduler.hooks.resolve(*known, request["hookId"], action)
    return {"serviceDeploymentArn": arn}


def _refuse_old_times(region: Region, request: dict[str, Any]) -> None:
    """Reported in hashicorp/terraform-provider-aws#43502; the wording is inferred."""
    after = (request.get("createdAt") or {}).get("after")
    if after is not None and after < region.history_begins.timestamp():
        raise InvalidParameter("createdAt must be within the last 90 days.")


def _matches(found: ServiceDeployment, request: dict[str, Any]) -> bool:
    statuses, created = request.get("status"), request.get("createdAt") or {}
    moment = found.created_at.timestamp()
    if statuses and found.status not in statuses:
        return False
    return bool(created.get("after", 0) <= moment <= created.get("before", moment))


def _arns(request: dict[str, Any], member: str) -> list[str]:
    arns: list[str] = request.get(member) or []
    if len(arns) > MOST_DESCRIBED:
        raise InvalidParameter(f"{member} cannot have more than {MOST_DESCRIBED} elements")
    return arns


OPERATIONS: Operations = {
    "ListServiceDeployments": list_service_deployments,
    "DescribeServiceDeployments": describe_service_deployments,
    "DescribeServiceRevisions": describe_service_revisions,
    "StopServiceDeployment": stop_service_deployment,
    "ContinueServiceDeployment": continue_service_deployment,
}
