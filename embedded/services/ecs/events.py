"""The events that ECS sends to EventBridge ("Amazon ECS events" in the developer guide).

Members beyond the published samples are those of the DescribeTasks answer, with ISO times.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from embedded.services.ecs.hooks import FAILED, TIMED_OUT, HookRun
from embedded.services.ecs.names import Place
from embedded.services.ecs.service import Service
from embedded.services.ecs.service_deployments import ServiceDeployment
from embedded.services.ecs.simulation import Simulation
from embedded.services.ecs.tasks import Task
from embedded.services.ecs.views import task_view

_TASK = "ECS Task State Change"
_DEPLOYMENT = "ECS Deployment State Change"
_ACTION = "ECS Service Action"
_HOOK = "ECS Hook State Change"


def seconds(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def milliseconds(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Events:
    """Sends the events of one account and region."""

    def __init__(self, simulation: Simulation, place: Place) -> None:
        self._simulation = simulation
        self._place = place

    def task_changed(self, task: Task) -> None:
        self._send(task.owner, _TASK, task.arn, task_view(task, milliseconds))

    def deployment_changed(
        self, service: Service, deployment_id: str, name: str, reason: str
    ) -> None:
        """`name` is what follows SERVICE_DEPLOYMENT_."""
        detail = {
            "eventType": "ERROR" if name == "FAILED" else "INFO",
            "eventName": f"SERVICE_DEPLOYMENT_{name}",
            "deploymentId": deployment_id,
            "updatedAt": seconds(self._simulation.now()),
            "reason": reason,
        }
        self._send(service.key, _DEPLOYMENT, service.arn, detail)

    def service_action(
        self, service: Service, level: str, name: str, reason: str | None = None
    ) -> None:
        detail: dict[str, Any] = {
            "eventType": level,
            "eventName": name,
            "clusterArn": service.cluster_arn,
        }
        primary = service.primary
        strategy = primary.revision.settings.get("capacityProviderStrategy") if primary else None
        if strategy:
            detail["capacityProviderArns"] = [
                self._place.arn(f"capacity-provider/{item['capacityProvider']}")
                for item in strategy
            ]
        if reason is not None:
            detail["reason"] = reason
        detail["createdAt"] = milliseconds(self._simulation.now())
        self._send(service.key, _ACTION, service.arn, detail)

    def hook_changed(self, found: ServiceDeployment, run: HookRun) -> None:
        """As in "Amazon ECS service deployment hook state change events".

        Inferred: `eventType` is ERROR for FAILED and TIMED_OUT.
        """
        detail = {
            "eventType": "ERROR" if run.status in (FAILED, TIMED_OUT) else "INFO",
            "eventName": f"HOOK_{run.status}",
            "hookId": run.id,
            "hookType": run.kind,
            "expiresAt": seconds(run.expires_at),
            "lifecycleStage": run.stage,
            "clusterArn": found.cluster_arn,
            "serviceArn": found.service_arn,
            "serviceDeploymentArn": found.arn,
            "updatedAt": milliseconds(self._simulation.now()),
        }
        key = found.arn.partition("/")[2].rpartition("/")[0]
        self._send(key, _HOOK, found.arn, detail)

    def _send(self, key: str, detail_type: str, resource: str, detail: dict[str, Any]) -> None:
        """`key` is the CLUSTER/SERVICE, or the CLUSTER/GROUP, that the event is about."""
        if key in self._simulation.silent:
            return
        self._simulation.emit(
            {
                "version": "0",
                "id": self._simulation.ids.dashed(),
                "detail-type": detail_type,
                "source": "aws.ecs",
                "account": self._place.account,
                "time": seconds(self._simulation.now()),
                "region": self._place.region,
                "resources": [resource],
                "detail": detail,
            }
        )
