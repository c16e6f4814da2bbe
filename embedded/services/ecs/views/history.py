"""Service deployments and service revisions."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from embedded.services.ecs.hooks import HookRun
from embedded.services.ecs.service_deployments import (
    RevisionSummary,
    ServiceDeployment,
    ServiceRevision,
)
from embedded.services.ecs.views.members import PLATFORM, epoch, present


def summary_view(summary: RevisionSummary) -> dict[str, Any]:
    return {
        "arn": summary.revision.arn,
        "requestedTaskCount": summary.requested,
        "runningTaskCount": summary.running,
        "pendingTaskCount": summary.pending,
        **present(
            requestedProductionTrafficWeight=summary.production,
            requestedTestTrafficWeight=summary.test,
        ),
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
        sourceServiceRevisions=[summary_view(each) for each in found.sources],
        targetServiceRevision=summary_view(found.target),
        status=found.status,
        statusReason=found.reason,
        lifecycleStage=found.stage,
        lifecycleHookDetails=[_hook_view(each) for each in found.hooks] or None,
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


def _hook_view(run: HookRun) -> dict[str, Any]:
    """API reference, DeploymentLifecycleHookDetail."""
    return present(
        hookId=run.id,
        targetType=run.kind,
        targetArn=run.arn,
        status=run.status,
        expiresAt=epoch(run.expires_at),
        timeoutAction=run.timeout_action,
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
            imageDigest=found.digests[container["name"]],
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
        platformVersion=PLATFORM if fargate else None,
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
        resolvedConfiguration=_resolved(found) if settings.get("loadBalancers") else None,
    )


def _resolved(found: ServiceRevision) -> dict[str, Any]:
    """API reference, ResolvedConfiguration: the target groups that the revision really uses."""
    balancers = [
        present(
            targetGroupArn=each.get("targetGroupArn"),
            productionListenerRule=(each.get("advancedConfiguration") or {}).get(
                "productionListenerRule"
            ),
        )
        for each in found.balancers
    ]
    return {"loadBalancers": balancers}
