"""A service, its deployments and its events, as plain values; `scheduler` moves them."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from embedded.services.ecs.balancers import target_groups
from embedded.services.ecs.express import Express
from embedded.services.ecs.rollout import Limits
from embedded.services.ecs.service_deployments import ServiceDeployment, ServiceRevision
from embedded.services.ecs.tasks import Task

MAXIMUM_EVENTS = 100  # API reference, Service.events

# A change of one of these makes a new service revision and a deployment ("View service history
# using Amazon ECS service deployments": "updates one or more service properties that require a
# deployment"). They are the members of the ServiceRevision shape.
REVISION_SETTINGS = (
    "capacityProviderStrategy",
    "launchType",
    "loadBalancers",
    "networkConfiguration",
    "platformVersion",
    "serviceConnectConfiguration",
    "serviceRegistries",
    "volumeConfigurations",
    "vpcLatticeConfigurations",
)


@dataclass(frozen=True)
class ServiceEvent:
    id: str
    created_at: datetime
    message: str


@dataclass
class Deployment:
    """One entry of `deployments` in DescribeServices: the tasks of one service revision."""

    id: str
    revision: ServiceRevision
    created_at: datetime
    updated_at: datetime
    desired_count: int
    status: str = "PRIMARY"
    rollout_state: str = "IN_PROGRESS"
    rollout_reason: str = ""
    failed_tasks: int = 0
    evaluated: bool = True  # False once a healthy task has reset the failed task count
    launches: bool = True  # False once it failed or was aborted: no new tasks
    failed_starts: int = 0  # tasks in a row that never reached RUNNING
    not_before: datetime | None = None  # throttled until then
    tasks: list[Task] = field(default_factory=list)  # all that are not STOPPED
    baking: bool = False
    cleaning: bool = False  # other deployments' tasks go now, down to the minimum
    told_stuck: bool = False
    told_impaired: bool = False

    @property
    def live(self) -> list[Task]:
        return [task for task in self.tasks if task.live]

    @property
    def healthy(self) -> list[Task]:
        return [task for task in self.tasks if task.live and task.healthy]

    @property
    def running_count(self) -> int:
        return sum(task.last_status == "RUNNING" for task in self.tasks)

    @property
    def pending_count(self) -> int:
        waiting = ("PROVISIONING", "PENDING", "ACTIVATING")
        return sum(task.last_status in waiting and task.live for task in self.tasks)


@dataclass
class Service:
    name: str
    arn: str
    cluster: str
    cluster_arn: str
    created_at: datetime
    created_by: str
    desired_count: int
    settings: dict[str, Any]  # what was asked for, apart from the revision's settings
    tags: list[dict[str, str]] = field(default_factory=list)
    status: str = "ACTIVE"
    deleted_at: datetime | None = None
    deployments: list[Deployment] = field(default_factory=list)  # newest first
    completed: Deployment | None = None  # the last one that completed: where a rollback goes
    service_deployments: list[ServiceDeployment] = field(default_factory=list)  # newest first
    revisions: list[ServiceRevision] = field(default_factory=list)
    events: deque[ServiceEvent] = field(default_factory=lambda: deque(maxlen=MAXIMUM_EVENTS))
    steady: bool = False
    wake_pending: bool = False
    express: Express | None = None  # what only an Express service has

    @property
    def key(self) -> str:
        return f"{self.cluster}/{self.name}"

    @property
    def controller(self) -> str:
        return str((self.settings.get("deploymentController") or {}).get("type", "ECS"))

    @property
    def daemon(self) -> bool:
        return self.settings.get("schedulingStrategy") == "DAEMON"

    @property
    def primary(self) -> Deployment | None:
        return next((each for each in self.deployments if each.status == "PRIMARY"), None)

    @property
    def tasks(self) -> list[Task]:
        """All tasks that are not STOPPED."""
        return [task for deployment in self.deployments for task in deployment.tasks]

    def deployment(self, deployment_id: str) -> Deployment:
        """The deployment with this id; there is one as long as any of its tasks is not STOPPED."""
        return next(each for each in self.deployments if each.id == deployment_id)

    def find(self, deployment_id: str | None) -> Deployment | None:
        """The deployment with this id, unless its last task is gone."""
        return next((each for each in self.deployments if each.id == deployment_id), None)

    @property
    def active(self) -> list[Deployment]:
        """The deployments whose tasks are not all told to stop, and the PRIMARY."""
        return [each for each in self.deployments if each.live or each.status == "PRIMARY"]

    @property
    def leading(self) -> Deployment | None:
        """Of the active deployments, the one with the most production traffic.

        Where ECS shifts none, it is the one that completed, or else the one with the most tasks.
        """

        def rank(each: Deployment) -> tuple[float, bool, int]:
            return self.production(each) or 0.0, each is self.completed, len(each.healthy)

        return max(self.active, key=rank, default=None)

    def production(self, deployment: Deployment) -> float | None:
        """The percent of the production traffic that it gets; None where ECS shifts none."""
        found = self.current.summary(deployment.revision.arn) if self.current else None
        return found.production if found else None

    def candidate(self, failed: ServiceDeployment) -> Deployment | None:
        """Where a rollback goes: to what was replaced, or to the last one that completed."""
        return self.find(failed.source_id) if failed.steps else self.completed

    def live_beside(self, primary: Deployment) -> list[Task]:
        """The live tasks of all deployments but the PRIMARY."""
        return [task for each in self.deployments if each is not primary for task in each.live]

    def count_tasks(self) -> None:
        """Bring the task counts of the ongoing service deployment up to date."""
        ongoing = self.ongoing
        if ongoing is None:
            return
        by_revision = {each.revision.arn: each for each in self.deployments}
        for summary in (ongoing.target, *ongoing.sources):
            deployment = by_revision.get(summary.revision.arn)
            summary.requested = deployment.desired_count if deployment else 0
            summary.running = deployment.running_count if deployment else 0
            summary.pending = deployment.pending_count if deployment else 0

    @property
    def current(self) -> ServiceDeployment | None:
        """The newest service deployment."""
        return self.service_deployments[0] if self.service_deployments else None

    @property
    def target_groups(self) -> set[str]:
        """The target groups of all its revisions, also of those whose tasks still drain."""
        return {group for revision in self.revisions for group in target_groups(revision.settings)}

    @property
    def ongoing(self) -> ServiceDeployment | None:
        current = self.current
        return current if current is not None and not current.finished else None

    @property
    def deployment_configuration(self) -> dict[str, Any]:
        found: dict[str, Any] = self.settings["deploymentConfiguration"]
        return found

    @property
    def limits(self) -> Limits:
        configuration = self.deployment_configuration
        return Limits.of(
            self.desired_count,
            configuration["minimumHealthyPercent"],
            configuration["maximumPercent"],
        )
