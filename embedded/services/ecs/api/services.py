"""CreateService, DescribeServices, UpdateService, DeleteService, ListServices."""

from __future__ import annotations

import copy
from typing import Any

from embedded.services.ecs.api.paging import page
from embedded.services.ecs.api.refusals import (
    refuse_configuration,
    refuse_desired_count,
    refuse_for_controller,
    refuse_for_express,
)
from embedded.services.ecs.api.refused_strategies import refuse_missing_bake_time
from embedded.services.ecs.errors import InvalidParameter, ServiceNotActive
from embedded.services.ecs.region import Operations, Region
from embedded.services.ecs.registration import refuse_reserved_tags
from embedded.services.ecs.service import REVISION_SETTINGS, Service
from embedded.services.ecs.strategy import changed as changed_configuration
from embedded.services.ecs.views import service_view

MOST_DESCRIBED = 10
LIST_DEFAULT = 10  # ListServices returns up to 10 unless told otherwise
_KEPT = (
    "availabilityZoneRebalancing",
    "deploymentController",
    "enableECSManagedTags",
    "enableExecuteCommand",
    "healthCheckGracePeriodSeconds",
    "placementConstraints",
    "placementStrategy",
    "propagateTags",
    "schedulingStrategy",
)


def create_service(region: Region, request: dict[str, Any]) -> dict[str, Any]:
    cluster = region.cluster(request)
    name = request["serviceName"]
    existing = region.find_service(cluster, name)
    if existing is not None and existing.status != "INACTIVE":
        raise InvalidParameter("Creation of service was not idempotent.")
    refuse_desired_count(request)
    refuse_reserved_tags(request.get("tags") or [])
    service = _new_service(region, cluster, request)
    refuse_missing_bake_time(request.get("deploymentConfiguration") or {})
    refuse_configuration(service.deployment_configuration, _revision_settings(request))
    if service.controller != "EXTERNAL":
        definition = region.definitions.deployable(request.get("taskDefinition") or "")
        region.revise(service, definition, _revision_settings(request))
    region.services[service.key] = service
    return {"service": service_view(service, tags=True)}


def describe_services(region: Region, request: dict[str, Any]) -> dict[str, Any]:
    cluster = region.cluster(request)
    names = request.get("services") or []
    if not names:
        raise InvalidParameter("Services cannot be empty.")
    if len(names) > MOST_DESCRIBED:
        raise InvalidParameter("Services cannot have more than 10 elements")
    with_tags = "TAGS" in (request.get("include") or [])
    found, failures = [], []
    for name in names:
        service = region.find_service(cluster, name)
        if service is None:
            arn = name if name.startswith("arn:") else region.place.arn(f"service/{cluster}/{name}")
            failures.append({"arn": arn, "reason": "MISSING"})
        else:
            found.append(service_view(service, tags=with_tags))
    return {"services": found, "failures": failures}


def update_service(region: Region, request: dict[str, Any]) -> dict[str, Any]:
    service = region.service(region.cluster(request), request["service"])
    if service.status != "ACTIVE":
        raise ServiceNotActive
    refuse_desired_count(request)
    refuse_for_express(service, request)
    changed = {name: request[name] for name in REVISION_SETTINGS if request.get(name) is not None}
    forced = bool(request.get("forceNewDeployment"))
    refuse_for_controller(service, request, forced=forced or bool(changed))
    _refuse_change(service, request, changed)
    wanted = request.get("taskDefinition")
    definition = region.definitions.deployable(wanted) if wanted else None
    _change_settings(region, service, request)
    primary = service.primary
    if primary is not None:
        revision = primary.revision
        settings = dict(revision.settings) | copy.deepcopy(changed)
        target = definition or revision.definition
        if forced or target is not revision.definition or settings != revision.settings:
            region.revise(service, target, settings)
    region.scheduler.wake(service)
    return {"service": service_view(service)}


def delete_service(region: Region, request: dict[str, Any]) -> dict[str, Any]:
    service = region.service(region.cluster(request), request["service"])
    if service.status == "INACTIVE":
        raise ServiceNotActive
    if service.desired_count and not service.daemon and not request.get("force"):
        raise InvalidParameter("The service cannot be stopped while it is scaled above 0.")
    service.status = "DRAINING"
    service.deleted_at = region.simulation.now()
    service.desired_count = 0
    service.service_deployments.clear()  # "When you delete a service, ECS deletes" them
    region.scheduler.wake(service)
    return {"service": service_view(service)}


def list_services(region: Region, request: dict[str, Any]) -> dict[str, Any]:
    cluster = region.cluster(request)
    arns = [
        service.arn
        for service in region.services.values()
        if service.cluster == cluster
        and service.status != "INACTIVE"
        and _matches(service, request)
    ]
    return page("serviceArns", arns, request, LIST_DEFAULT)


def scale(region: Region, service: Service, desired: int) -> None:
    """What autoscaling does: another desired count, and no new deployment."""
    if desired != service.desired_count:
        service.desired_count = desired
        service.steady = False
    region.scheduler.wake(service)


def _matches(service: Service, request: dict[str, Any]) -> bool:
    launch_type, strategy = request.get("launchType"), request.get("schedulingStrategy")
    primary = service.primary
    runs_on = primary.revision.settings.get("launchType") if primary else None
    if launch_type and launch_type != runs_on:
        return False
    managed_by = request.get("resourceManagementType")
    if managed_by and managed_by != ("CUSTOMER" if service.express is None else "ECS"):
        return False
    return not strategy or strategy == service.settings.get("schedulingStrategy", "REPLICA")


def _new_service(region: Region, cluster: str, request: dict[str, Any]) -> Service:
    daemon = request.get("schedulingStrategy") == "DAEMON"
    desired = region.instances(cluster) if daemon else int(request.get("desiredCount") or 0)
    settings = {name: copy.deepcopy(request[name]) for name in _KEPT if name in request}
    settings["deploymentConfiguration"] = _deployment_defaults(daemon=daemon) | copy.deepcopy(
        request.get("deploymentConfiguration") or {}
    )
    if request.get("role"):
        settings["roleArn"] = request["role"]
    return Service(
        name=request["serviceName"],
        arn=region.service_arn(cluster, request["serviceName"]),
        cluster=cluster,
        cluster_arn=region.place.arn(f"cluster/{cluster}"),
        created_at=region.simulation.now(),
        created_by=f"arn:aws:iam::{region.place.account}:root",
        desired_count=desired,
        settings=settings,
        tags=copy.deepcopy(request.get("tags") or []),
    )


def _deployment_defaults(*, daemon: bool) -> dict[str, Any]:
    """API reference, DeploymentConfiguration: 100 and 200, for a DAEMON 0 and 100."""
    return {
        "deploymentCircuitBreaker": {"enable": False, "rollback": False},
        "maximumPercent": 100 if daemon else 200,
        "minimumHealthyPercent": 0 if daemon else 100,
        "strategy": "ROLLING",
        "bakeTimeInMinutes": 0,
    }


def _revision_settings(request: dict[str, Any]) -> dict[str, Any]:
    settings = {
        name: copy.deepcopy(request[name])
        for name in REVISION_SETTINGS
        if request.get(name) is not None
    }
    if "capacityProviderStrategy" not in settings:
        settings.setdefault("launchType", "EC2")
    return settings


def _refuse_change(service: Service, request: dict[str, Any], changed: dict[str, Any]) -> None:
    before, asked = service.deployment_configuration, request.get("deploymentConfiguration") or {}
    refuse_missing_bake_time(asked, before["strategy"])
    settings = service.primary.revision.settings if service.primary else {}
    refuse_configuration(changed_configuration(before, asked), settings | changed)


def _change_settings(region: Region, service: Service, request: dict[str, Any]) -> None:
    for name in _KEPT:
        if request.get(name) is not None:
            service.settings[name] = copy.deepcopy(request[name])
    if request.get("deploymentConfiguration"):
        service.settings["deploymentConfiguration"] = changed_configuration(
            service.deployment_configuration, copy.deepcopy(request["deploymentConfiguration"])
        )
    if request.get("desiredCount") is not None and not service.daemon:
        scale(region, service, int(request["desiredCount"]))


OPERATIONS: Operations = {
    "CreateService": create_service,
    "DescribeServices": describe_services,
    "UpdateService": update_service,
    "DeleteService": delete_service,
    "ListServices": list_services,
}
