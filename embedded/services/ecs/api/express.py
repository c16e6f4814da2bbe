"""Create-, Describe-, Update- and DeleteExpressGatewayService.

Inferred: a service without a name is called `express-` and eight characters; the errors of a
service that is missing, or that is not an Express service; that a service may be recreated under
its name; that an update which changes nothing of the revision begins no deployment.
"""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

from embedded.iam.actions.ecs import OF_AN_EXPRESS_TASK
from embedded.services.ecs.api.services import create_service, delete_service, scale
from embedded.services.ecs.definitions import TaskDefinition
from embedded.services.ecs.errors import (
    InvalidParameter,
    ResourceNotFound,
    ServiceNotActive,
    ServiceNotFound,
)
from embedded.services.ecs.express import (
    CONFIGURATION,
    Express,
    load_balancer,
    managed_body,
    primary_container,
    refuse_two_sources,
    refuse_unfit,
    scaling_of,
)
from embedded.services.ecs.region import Operations, Region
from embedded.services.ecs.service import Service
from embedded.services.ecs.views.express import express_view, updated_view

_BY_ECS = "ecs.amazonaws.com"


def create_express_gateway_service(region: Region, request: dict[str, Any]) -> dict[str, Any]:
    cluster = region.cluster(request)
    token = region.simulation.ids.hexadecimal()[:8]
    name = request.get("serviceName") or f"express-{token}"
    refuse_two_sources(request)
    if not request.get("taskDefinitionArn"):
        _refuse_incomplete(request)
    definition = _definition(region, f"{cluster}-{name}", request)
    scaling = scaling_of(request)
    port = primary_container(definition)["containerPort"]
    role = request["infrastructureRoleArn"]
    create_service(
        region,
        {
            "cluster": cluster,
            "serviceName": name,
            "taskDefinition": definition.arn,
            "desiredCount": scaling["minTaskCount"],
            "launchType": "FARGATE",
            "deploymentConfiguration": CONFIGURATION,
            "networkConfiguration": _network(request),
            "loadBalancers": [load_balancer(region.place, name, port, role)],
            "tags": request.get("tags") or [],
        },
    )
    service = region.service(cluster, name)
    service.express = Express(
        infrastructure_role=role,
        updated_at=region.simulation.now(),
        health_check_path=request.get("healthCheckPath") or "/ping",
        scaling=scaling,
    )
    return {"service": express_view(service, service.express, tags=True)}


def describe_express_gateway_service(region: Region, request: dict[str, Any]) -> dict[str, Any]:
    service = _named(region, request["serviceArn"])
    if service is None:
        raise ResourceNotFound("The specified service was not found.")
    tags = "TAGS" in (request.get("include") or [])
    return {"service": express_view(service, _express(service), tags=tags)}


def update_express_gateway_service(region: Region, request: dict[str, Any]) -> dict[str, Any]:
    service = _named(region, request["serviceArn"])
    if service is None:
        raise ServiceNotFound
    express = _express(service)
    primary = service.primary
    if service.status != "ACTIVE" or primary is None:
        raise ServiceNotActive
    refuse_two_sources(request)
    definition = primary.revision.definition
    if request.get("taskDefinitionArn") or any(request.get(name) for name in OF_AN_EXPRESS_TASK):
        family = f"{service.cluster}-{service.name}"
        definition = _definition(region, family, request, definition)
    settings = dict(primary.revision.settings)
    if request.get("networkConfiguration"):
        settings["networkConfiguration"] = _network(request)
    service.express = _changed(region, express, request)
    if request.get("scalingTarget"):
        scale(region, service, max(service.desired_count, service.express.scaling["minTaskCount"]))
    if definition is not primary.revision.definition or settings != primary.revision.settings:
        primary = region.revise(service, definition, settings)
    region.scheduler.wake(service)
    return {"service": updated_view(service, service.express, primary)}


def delete_express_gateway_service(region: Region, request: dict[str, Any]) -> dict[str, Any]:
    service = _named(region, request["serviceArn"])
    if service is None:
        raise ServiceNotFound
    express = _express(service)
    delete_service(region, {"cluster": service.cluster, "service": service.name, "force": True})
    return {"service": express_view(service, express)}


def _named(region: Region, arn: str) -> Service | None:
    """The service of an ARN; only the long form of ARNs has its cluster."""
    key = arn.split(":", 5)[-1].removeprefix("service/")
    return region.services.get(key)


def _express(service: Service) -> Express:
    if service.express is None:
        raise InvalidParameter("The specified service is not an Express Gateway service.")
    return service.express


def _refuse_incomplete(request: dict[str, Any]) -> None:
    for wanted in ("primaryContainer", "executionRoleArn"):
        if not request.get(wanted):
            raise InvalidParameter(f"{wanted} is required without taskDefinitionArn.")


def _definition(
    region: Region, family: str, request: dict[str, Any], before: TaskDefinition | None = None
) -> TaskDefinition:
    """The task definition that a request names, or the one that ECS makes for it."""
    if named := request.get("taskDefinitionArn"):
        definition = region.definitions.deployable(named)
        refuse_unfit(definition)
        return definition
    body = managed_body(region.place, family, request, before.body if before else None)
    return region.definitions.register(body, region.simulation.now(), _BY_ECS)


def _network(request: dict[str, Any]) -> dict[str, Any]:
    """The network that is asked for, else one that stands for the default VPC."""
    given = copy.deepcopy(request.get("networkConfiguration") or {})
    default = {"subnets": ["subnet-0default"], "securityGroups": ["sg-0express"]}
    return {"awsvpcConfiguration": {**default, **given, "assignPublicIp": "ENABLED"}}


def _changed(region: Region, express: Express, request: dict[str, Any]) -> Express:
    return replace(
        express,
        updated_at=region.simulation.now(),
        health_check_path=request.get("healthCheckPath") or express.health_check_path,
        scaling=scaling_of(request, express.scaling),
    )


OPERATIONS: Operations = {
    "CreateExpressGatewayService": create_express_gateway_service,
    "DescribeExpressGatewayService": describe_express_gateway_service,
    "UpdateExpressGatewayService": update_express_gateway_service,
    "DeleteExpressGatewayService": delete_express_gateway_service,
}
