"""Services, their deployments and task sets."""

from __future__ import annotations

from typing import Any

from embedded.services.ecs.service import Deployment, Service
from embedded.services.ecs.service_deployments import RevisionSummary
from embedded.services.ecs.strategy import rolls
from embedded.services.ecs.views.history import summary_view
from embedded.services.ecs.views.members import PLATFORM, epoch, present


def deployment_view(deployment: Deployment, *, rolling: bool = True) -> dict[str, Any]:
    """API reference, Deployment: `rolloutState` only of rolling updates without a Classic ELB."""
    settings = deployment.revision.settings
    shows_state = rolling and not any(
        each.get("loadBalancerName") for each in settings.get("loadBalancers") or []
    )
    fargate = settings.get("launchType") == "FARGATE"
    return present(
        id=deployment.id,
        status=deployment.status,
        taskDefinition=deployment.revision.definition.arn,
        desiredCount=deployment.desired_count,
        pendingCount=deployment.pending_count,
        runningCount=deployment.running_count,
        failedTasks=deployment.failed_tasks if rolling else 0,
        createdAt=epoch(deployment.created_at),
        updatedAt=epoch(deployment.updated_at),
        capacityProviderStrategy=settings.get("capacityProviderStrategy"),
        launchType=settings.get("launchType"),
        platformVersion=PLATFORM if fargate else None,
        platformFamily="Linux" if fargate else None,
        networkConfiguration=settings.get("networkConfiguration"),
        rolloutState=deployment.rollout_state if shows_state else None,
        rolloutStateReason=deployment.rollout_reason if shows_state else None,
        serviceConnectConfiguration=settings.get("serviceConnectConfiguration"),
        volumeConfigurations=settings.get("volumeConfigurations"),
        vpcLatticeConfigurations=settings.get("vpcLatticeConfigurations"),
    )


def task_set_view(service: Service, deployment: Deployment) -> dict[str, Any]:
    """API reference, TaskSet: what a CODE_DEPLOY service has in place of deployments."""
    settings = deployment.revision.settings
    return present(
        id=deployment.id,
        taskSetArn=service.arn.replace(":service/", ":task-set/", 1) + f"/{deployment.id}",
        serviceArn=service.arn,
        clusterArn=service.cluster_arn,
        startedBy="CODE_DEPLOY",
        status=deployment.status,
        taskDefinition=deployment.revision.definition.arn,
        computedDesiredCount=deployment.desired_count,
        pendingCount=deployment.pending_count,
        runningCount=deployment.running_count,
        createdAt=epoch(deployment.created_at),
        updatedAt=epoch(deployment.updated_at),
        launchType=settings.get("launchType"),
        networkConfiguration=settings.get("networkConfiguration"),
        loadBalancers=settings.get("loadBalancers") or [],
        serviceRegistries=settings.get("serviceRegistries") or [],
        scale={"value": 100.0, "unit": "PERCENT"},
        stabilityStatus="STEADY_STATE" if service.steady else "STABILIZING",
        stabilityStatusAt=epoch(deployment.updated_at),
    )


def service_view(service: Service, *, tags: bool = False) -> dict[str, Any]:
    """API reference, Service."""
    primary = service.primary
    settings = dict(service.settings) | (primary.revision.settings if primary else {})
    fargate = settings.get("launchType") == "FARGATE"
    rolling = service.controller == "ECS"
    current = service.current if rolling else None
    return present(
        serviceArn=service.arn,
        serviceName=service.name,
        clusterArn=service.cluster_arn,
        loadBalancers=settings.get("loadBalancers") or [],
        serviceRegistries=settings.get("serviceRegistries") or [],
        status=service.status,
        desiredCount=service.desired_count,
        runningCount=sum(each.running_count for each in service.deployments),
        pendingCount=sum(each.pending_count for each in service.deployments),
        launchType=settings.get("launchType"),
        capacityProviderStrategy=settings.get("capacityProviderStrategy"),
        platformVersion=settings.get("platformVersion", "LATEST") if fargate else None,
        platformFamily="Linux" if fargate else None,
        taskDefinition=primary.revision.definition.arn
        if primary and service.express is None
        else None,
        deploymentConfiguration=settings["deploymentConfiguration"],
        taskSets=None
        if rolling
        else [task_set_view(service, each) for each in service.deployments],
        deployments=[
            deployment_view(each, rolling=rolls(settings["deploymentConfiguration"]))
            for each in service.deployments
        ]
        if rolling
        else [],
        roleArn=settings.get("roleArn"),
        events=[
            {"id": each.id, "createdAt": epoch(each.created_at), "message": each.message}
            for each in service.events
        ],
        createdAt=epoch(service.created_at),
        currentServiceDeployment=current.arn if current else None,
        currentServiceRevisions=[
            summary_view(RevisionSummary(each.revision, *_counts(each)))
            for each in service.deployments
        ]
        if rolling
        else None,
        placementConstraints=settings.get("placementConstraints") or [],
        placementStrategy=settings.get("placementStrategy") or [],
        networkConfiguration=settings.get("networkConfiguration"),
        healthCheckGracePeriodSeconds=settings.get("healthCheckGracePeriodSeconds", 0),
        schedulingStrategy=settings.get("schedulingStrategy", "REPLICA"),
        deploymentController=settings.get("deploymentController") or {"type": "ECS"},
        tags=(service.tags if tags else None) or None,
        createdBy=service.created_by,
        enableECSManagedTags=bool(settings.get("enableECSManagedTags")),
        propagateTags=settings.get("propagateTags", "NONE"),
        enableExecuteCommand=bool(settings.get("enableExecuteCommand")),
        availabilityZoneRebalancing=settings.get("availabilityZoneRebalancing", "DISABLED"),
        resourceManagementType="CUSTOMER" if service.express is None else "ECS",
    )


def _counts(deployment: Deployment) -> tuple[int, int, int]:
    return deployment.desired_count, deployment.running_count, deployment.pending_count
