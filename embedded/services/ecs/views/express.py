"""Express services, as the operations of Express Mode show them.

Inferred: `currentDeployment` is the ARN of the newest service deployment; every configuration shows
the service's health check and scaling of now; a revision is active while a task of it remains.
"""

from __future__ import annotations

import copy
from typing import Any

from embedded.services.ecs.express import Express, primary_container
from embedded.services.ecs.service import Deployment, Service
from embedded.services.ecs.service_deployments import ServiceRevision
from embedded.services.ecs.views.members import epoch, present


def express_view(service: Service, express: Express, *, tags: bool = False) -> dict[str, Any]:
    """API reference, ECSExpressGatewayService; the newest configuration comes first."""
    current = service.current
    return present(
        cluster=service.cluster,
        serviceName=service.name,
        serviceArn=service.arn,
        infrastructureRoleArn=express.infrastructure_role,
        status={"statusCode": service.status},
        currentDeployment=current.arn if current else None,
        activeConfigurations=[
            configuration_view(service, express, each.revision) for each in service.deployments
        ],
        tags=(service.tags if tags else None) or None,
        createdAt=epoch(service.created_at),
        updatedAt=epoch(express.updated_at),
    )


def updated_view(service: Service, express: Express, target: Deployment) -> dict[str, Any]:
    """API reference, UpdatedExpressGatewayService."""
    return {
        "serviceArn": service.arn,
        "cluster": service.cluster,
        "serviceName": service.name,
        "status": {"statusCode": service.status},
        "targetConfiguration": configuration_view(service, express, target.revision),
        "createdAt": epoch(service.created_at),
        "updatedAt": epoch(express.updated_at),
    }


def configuration_view(
    service: Service, express: Express, revision: ServiceRevision
) -> dict[str, Any]:
    """API reference, ExpressGatewayServiceConfiguration."""
    body = revision.definition.body
    network = revision.settings["networkConfiguration"]["awsvpcConfiguration"]
    region = service.arn.split(":")[3]
    endpoint = f"{service.name}.ecs.{region}.on.aws"
    return present(
        serviceRevisionArn=revision.arn,
        executionRoleArn=body.get("executionRoleArn"),
        taskRoleArn=body.get("taskRoleArn"),
        taskDefinitionArn=revision.definition.arn,
        cpu=body.get("cpu"),
        memory=body.get("memory"),
        cpuArchitecture=(body.get("runtimePlatform") or {}).get("cpuArchitecture"),
        networkConfiguration={
            name: list(network[name]) for name in ("securityGroups", "subnets") if name in network
        },
        healthCheckPath=express.health_check_path,
        primaryContainer=primary_container(revision.definition),
        scalingTarget=copy.deepcopy(express.scaling),
        ingressPaths=[{"accessType": "PUBLIC", "endpoint": endpoint}],
        createdAt=epoch(revision.created_at),
    )
