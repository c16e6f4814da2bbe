"""Values of the simulation -> the shapes of ECS' API (and of its task events).

`Moment` turns a time into what the outlet wants: epoch seconds in answers, ISO text in events.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from .service import Deployment, Service
from .service_deployments import RevisionSummary, ServiceDeployment, ServiceRevision
from .tasks import Container, Task

Moment = Callable[[datetime], Any]
_PLATFORM = "1.4.0"  # what LATEST means for Linux on Fargate


def epoch(moment: datetime) -> float:
    return round(moment.timestamp(), 3)


def present(**members: Any) -> dict[str, Any]:
    """The members that are not None."""
    return {name: value for name, value in members.items() if value is not None}


def task_view(task: Task, at: Moment = epoch) -> dict[str, Any]:
    """API reference, Task."""

    def when(moment: datetime | None) -> Any:
        return None if moment is None else at(moment)

    body = task.definition.body
    return present(
        attachments=_attachments(task),
        attributes=[],
        availabilityZone=f"{task.arn.split(':')[3]}a",
        clusterArn=task.cluster_arn,
        connectivity="CONNECTED" if task.connectivity_at else None,
        connectivityAt=when(task.connectivity_at),
        containers=[_container_view(task, each) for each in task.containers],
        cpu=body.get("cpu") or str(sum(each.cpu for each in task.containers)),
        createdAt=at(task.created_at),
        desiredStatus=task.desired_status,
        enableExecuteCommand=bool(task.settings.get("enableExecuteCommand")),
        executionStoppedAt=when(task.execution_stopped_at),
        group=task.group,
        healthStatus=task.health,
        lastStatus=task.last_status,
        launchType=task.settings.get("launchType"),
        memory=body.get("memory") or str(sum(each.memory or 0 for each in task.containers)),
        overrides={"containerOverrides": [{"name": each.name} for each in task.containers]},
        platformVersion=_PLATFORM if task.fargate else None,
        platformFamily="Linux" if task.fargate else None,
        pullStartedAt=when(task.pull_started_at),
        pullStoppedAt=when(task.pull_stopped_at),
        startedAt=when(task.started_at),
        startedBy=task.started_by,
        stopCode=task.stop_code,
        stoppedAt=when(task.stopped_at),
        stoppedReason=task.stopped_reason,
        stoppingAt=when(task.stopping_at),
        taskArn=task.arn,
        taskDefinitionArn=task.definition.arn,
        version=task.version,
        ephemeralStorage={"sizeInGiB": 20} if task.fargate else None,
    )


def _container_view(task: Task, container: Container) -> dict[str, Any]:
    awsvpc = task.definition.body.get("networkMode") == "awsvpc"
    interface = {
        "attachmentId": task.attachment_id,
        "privateIpv4Address": _address(task),
    }
    return present(
        containerArn=container.arn,
        taskArn=task.arn,
        name=container.name,
        image=container.image,
        imageDigest=container.image_digest if container.last_status != "PENDING" else None,
        runtimeId=container.runtime_id if container.last_status != "PENDING" else None,
        lastStatus=container.last_status,
        exitCode=container.exit_code,
        reason=container.reason,
        networkBindings=[],
        networkInterfaces=[interface] if awsvpc and task.connectivity_at else [],
        healthStatus=container.health,
        cpu=str(container.cpu),
        memory=None if container.memory is None else str(container.memory),
    )


def _address(task: Task) -> str:
    return f"10.0.{int(task.id[:2], 16)}.{int(task.id[2:4], 16)}"


def _attachments(task: Task) -> list[dict[str, Any]]:
    if task.definition.body.get("networkMode") != "awsvpc":
        return []
    network = (task.settings.get("networkConfiguration") or {}).get("awsvpcConfiguration") or {}
    status = {"PROVISIONING": "PRECREATED", "STOPPED": "DELETED"}.get(task.last_status, "ATTACHED")
    details = [
        {"name": "subnetId", "value": (network.get("subnets") or ["subnet-0"])[0]},
        {"name": "networkInterfaceId", "value": f"eni-{task.attachment_id[:17]}"},
        {"name": "privateIPv4Address", "value": _address(task)},
    ]
    return [
        {
            "id": task.attachment_id,
            "type": "ElasticNetworkInterface",
            "status": status,
            "details": details,
        }
    ]


def deployment_view(deployment: Deployment) -> dict[str, Any]:
    """API reference, Deployment: no `rolloutState` behind a Classic Load Balancer."""
    settings = deployment.revision.settings
    shows_state = not any(
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
        failedTasks=deployment.failed_tasks,
        createdAt=epoch(deployment.created_at),
        updatedAt=epoch(deployment.updated_at),
        capacityProviderStrategy=settings.get("capacityProviderStrategy"),
        launchType=settings.get("launchType"),
        platformVersion=_PLATFORM if fargate else None,
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
        taskDefinition=primary.revision.definition.arn if primary else None,
        deploymentConfiguration=settings["deploymentConfiguration"],
        taskSets=None
        if rolling
        else [task_set_view(service, each) for each in service.deployments],
        deployments=[deployment_view(each) for each in service.deployments] if rolling else [],
        roleArn=settings.get("roleArn"),
        events=[
            {"id": each.id, "createdAt": epoch(each.created_at), "message": each.message}
            for each in service.events
        ],
        createdAt=epoch(service.created_at),
        currentServiceDeployment=current.arn if current else None,
        currentServiceRevisions=[
            _summary_view(RevisionSummary(each.revision, *_counts(each)))
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
    )


def _counts(deployment: Deployment) -> tuple[int, int, int]:
    return deployment.desired_count, deployment.running_count, deployment.pending_count


def _summary_view(summary: RevisionSummary) -> dict[str, Any]:
    return {
        "arn": summary.revision.arn,
        "requestedTaskCount": summary.requested,
        "runningTaskCount": summary.running,
        "pendingTaskCount": summary.pending,
    }


def service_deployment_view(found: ServiceDeployment) -> dict[str, Any]:
    """API reference, ServiceDeployment."""

    def when(moment: datetime | None) -> float | None:
        return None if moment is None else epoch(moment)

    return present(
        serviceDeploymentArn=found.arn,
        serviceArn=found.service_arn,
        clusterArn=found.cluster_arn,
        createdAt=epoch(found.created_at),
        startedAt=when(found.started_at),
        finishedAt=when(found.finished_at),
        stoppedAt=when(found.stopped_at),
        updatedAt=epoch(found.updated_at),
        sourceServiceRevisions=[_summary_view(each) for each in found.sources],
        targetServiceRevision=_summary_view(found.target),
        status=found.status,
        statusReason=found.reason,
        lifecycleStage=found.stage,
        deploymentConfiguration=found.configuration,
        rollback=present(
            reason=found.rollback.reason,
            startedAt=epoch(found.rollback.started_at),
            serviceRevisionArn=found.rollback.service_revision_arn,
        )
        if found.rollback
        else None,
        deploymentCircuitBreaker={
            "status": found.breaker_status if found.breaker.get("enable") else "DISABLED",
            "failureCount": found.failure_count,
            "threshold": found.threshold,
        },
        alarms={
            "status": _alarm_status(found),
            "alarmNames": found.alarms.get("alarmNames", []),
            "triggeredAlarmNames": found.triggered_alarms,
        },
    )


def _alarm_status(found: ServiceDeployment) -> str:
    if not found.alarms.get("enable"):
        return "DISABLED"
    if found.triggered_alarms:
        return "TRIGGERED"
    return "MONITORING_COMPLETE" if found.finished else "MONITORING"


def service_deployment_brief(found: ServiceDeployment) -> dict[str, Any]:
    """API reference, ServiceDeploymentBrief."""
    full = service_deployment_view(found)
    wanted = (
        "serviceDeploymentArn",
        "serviceArn",
        "clusterArn",
        "startedAt",
        "createdAt",
        "finishedAt",
        "status",
        "statusReason",
    )
    brief = {name: full[name] for name in wanted if name in full}
    return brief | {"targetServiceRevisionArn": found.target.revision.arn}


def service_revision_view(found: ServiceRevision) -> dict[str, Any]:
    """API reference, ServiceRevision."""
    settings = found.settings
    fargate = settings.get("launchType") == "FARGATE"
    images = [
        present(
            containerName=container["name"],
            image=container["image"],
            imageDigest=container["image"].partition("@")[2] or None,
        )
        for container in found.definition.containers
    ]
    return present(
        serviceRevisionArn=found.arn,
        serviceArn=found.service_arn,
        clusterArn=found.cluster_arn,
        taskDefinition=found.definition.arn,
        capacityProviderStrategy=settings.get("capacityProviderStrategy"),
        launchType=settings.get("launchType"),
        platformVersion=_PLATFORM if fargate else None,
        platformFamily="Linux" if fargate else None,
        loadBalancers=settings.get("loadBalancers") or None,
        serviceRegistries=settings.get("serviceRegistries") or None,
        networkConfiguration=settings.get("networkConfiguration"),
        containerImages=images,
        guardDutyEnabled=False,
        serviceConnectConfiguration=settings.get("serviceConnectConfiguration"),
        volumeConfigurations=settings.get("volumeConfigurations"),
        createdAt=epoch(found.created_at),
        vpcLatticeConfigurations=settings.get("vpcLatticeConfigurations"),
    )
