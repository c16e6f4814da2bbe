"""Tasks and their containers."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from embedded.services.ecs.containers import Container
from embedded.services.ecs.tasks import Task
from embedded.services.ecs.views.members import PLATFORM, Moment, epoch, present


def task_view(task: Task, at: Moment = epoch) -> dict[str, Any]:
    """API reference, Task."""

    def when(moment: datetime | None) -> Any:
        return None if moment is None else at(moment)

    body = task.definition.body | task.overrides
    return present(
        attachments=_attachments(task),
        attributes=[],
        availabilityZone=f"{task.arn.split(':')[3]}a",
        capacityProviderName=task.settings.get("capacityProviderName"),
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
        overrides=_overrides(task),
        platformVersion=_platform(task),
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


def _platform(task: Task) -> str | None:
    if not task.fargate:
        return None
    wanted = task.settings.get("platformVersion") or "LATEST"
    return PLATFORM if wanted == "LATEST" else str(wanted)


def _overrides(task: Task) -> dict[str, Any]:
    """API reference, TaskOverride; a container without an override is named alone (inferred)."""
    given = {each["name"]: each for each in task.overrides.get("containerOverrides") or []}
    containers = [given.get(each.name, {"name": each.name}) for each in task.containers]
    return task.overrides | {"containerOverrides": containers}


def _container_view(task: Task, container: Container) -> dict[str, Any]:
    interface = {
        "attachmentId": task.attachment_id,
        "privateIpv4Address": task.address,
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
        networkInterfaces=[interface] if task.address and task.connectivity_at else [],
        healthStatus=container.health,
        cpu=str(container.cpu),
        memory=None if container.memory is None else str(container.memory),
    )


def _attachments(task: Task) -> list[dict[str, Any]]:
    if not task.address:
        return []
    network = (task.settings.get("networkConfiguration") or {}).get("awsvpcConfiguration") or {}
    status = {"PROVISIONING": "PRECREATED", "STOPPED": "DELETED"}.get(task.last_status, "ATTACHED")
    details = [
        {"name": "subnetId", "value": (network.get("subnets") or ["subnet-0"])[0]},
        {"name": "networkInterfaceId", "value": f"eni-{task.attachment_id[:17]}"},
        {"name": "privateIPv4Address", "value": task.address},
    ]
    return [
        {
            "id": task.attachment_id,
            "type": "ElasticNetworkInterface",
            "status": status,
            "details": details,
        }
    ]
