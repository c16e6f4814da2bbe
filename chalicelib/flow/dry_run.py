"""world -> a world in which nothing changes: it keeps what is written, and tells nobody.

A plan is the real step in such a world, so it follows the same rules as the step itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from chalicelib.errors import Unreadable
from chalicelib.flow.ports import (
    Ledger,
    Revisions,
    ScheduledTasks,
    Services,
    StandaloneTasks,
    Watchers,
    World,
)
from chalicelib.model.changes import changed_head
from chalicelib.model.deployments import Delivery, Deployment, Notice
from chalicelib.model.heads import Head
from chalicelib.model.outcomes import Outlines
from chalicelib.model.revisions import ServiceUse
from chalicelib.model.runs import StandaloneTask
from chalicelib.model.scheduled import FollowSettings, Kind, ScheduledTask, ScheduledTasksFound
from chalicelib.model.services import (
    RunningTask,
    Service,
    ServiceDeployment,
    ServiceTasks,
    StoppedTask,
)
from chalicelib.model.task_definitions import TaskDefinition
from chalicelib.model.times import RolloutTimes, TaskTimes


@dataclass(frozen=True)
class DryRun:
    """A world in which nothing changes, with its ledger and its ECS."""

    world: World
    ledger: DryLedger
    services: DryServices


def dry_run(world: World) -> DryRun:
    """Return a dry run of `world`. Everything is read from the real world."""
    ledger, services = DryLedger(world.ledger), DryServices(world.services)
    dry = replace(
        world,
        ledger=ledger,
        services=services,
        standalone=_DryTasks(world.standalone, services),
        scheduled=_DryScheduled(world.scheduled, services),
        revisions=_DryRevisions(world.revisions),
        watchers=_DryWatchers(world.watchers),
        topic=_Nobody(),
        load_balancers=None,
        logs=None,
        counts=None,
    )
    return DryRun(world=dry, ledger=ledger, services=services)


class DryLedger:
    """A ledger that keeps its writes in memory.

    `first` holds each record as it was first written.
    """

    def __init__(self, real: Ledger) -> None:
        self._real = real
        self._heads: dict[str, Head] = {}
        self._records: dict[str, Deployment] = {}
        self.first: dict[str, Deployment] = {}

    def head(self, service: str) -> Head | None:
        return self._heads.get(service) or self._real.head(service)

    def deployment(self, service: str, deployment: str) -> Deployment | None:
        return self._records.get(deployment) or self._real.deployment(service, deployment)

    def read_heads(self, services: Sequence[str]) -> Mapping[str, Head | Unreadable]:
        written = {name: self._heads[name] for name in services if name in self._heads}
        return {**self._real.read_heads(services), **written}

    def read_deployments(
        self, keys: Sequence[tuple[str, str]]
    ) -> Mapping[tuple[str, str], Deployment | Unreadable]:
        written = {key: self._records[key[1]] for key in keys if key[1] in self._records}
        return {**self._real.read_deployments(keys), **written}

    def as_it_is(self, service: str, deployment: str) -> Deployment | None:
        """Return the record as the real ledger has it."""
        return self._real.deployment(service, deployment)

    def service_of(self, deployment: str) -> str | None:
        written = self._records.get(deployment)
        return written.service if written else self._real.service_of(deployment)

    def save(self, head: Head, deployment: Deployment | None = None) -> Head:
        head = changed_head(head, version=head.version + 1)
        self._heads[head.service] = head
        if deployment is not None:
            self._records[deployment.id] = deployment
            self.first.setdefault(deployment.id, deployment)
        return head

    def unfinished(self) -> Sequence[tuple[str, str]]:
        return self._real.unfinished()

    def history(self, service: str, limit: int) -> Sequence[Deployment]:
        return self._real.history(service, limit)

    def outlines(self, service: str, behind: str, limit: int) -> Outlines:
        return self._real.outlines(service, behind, limit)


class DryServices:
    """An ECS that accepts every change and makes none. `updates` says whether one was asked for."""

    def __init__(self, real: Services) -> None:
        self._real = real
        self._registered: dict[str, TaskDefinition] = {}
        self.updates = False

    def register(self, registration: Mapping[str, Any]) -> TaskDefinition:
        arn = f"{registration['family']}:(new)"
        body = {key: value for key, value in registration.items() if key != "tags"}
        made = TaskDefinition(body={**body, "taskDefinitionArn": arn, "status": "ACTIVE"})
        self._registered[arn] = made
        return made

    def update(self, cluster: str, service: Service, task_definition: str) -> Service:
        self.updates = True
        return service

    def stop(self, service_deployment: str) -> None:
        self.updates = True

    def answer_hook(self, service_deployment: str, hook: str, *, back: bool) -> None:
        self.updates = True

    def task_definition(self, name: str) -> TaskDefinition | None:
        return self._registered.get(name) or self._real.task_definition(name)

    def service(self, cluster: str, service: str) -> Service | None:
        return self._real.service(cluster, service)

    def rollout_times(self, cluster: str, service: str) -> RolloutTimes:
        return self._real.rollout_times(cluster, service)

    def task_times(self, cluster: str, ids: Sequence[str]) -> Sequence[TaskTimes]:
        return self._real.task_times(cluster, ids)

    def services(self, cluster: str, services: Sequence[str]) -> Sequence[Service]:
        return self._real.services(cluster, services)

    def service_deployment(self, arn: str) -> ServiceDeployment | None:
        return self._real.service_deployment(arn)

    def newest_service_deployment(
        self, cluster: str, service: str, status: str | None = None
    ) -> ServiceDeployment | None:
        return self._real.newest_service_deployment(cluster, service, status)

    def service_deployments_since(
        self, cluster: str, service: str, since: datetime
    ) -> Sequence[ServiceDeployment]:
        return self._real.service_deployments_since(cluster, service, since)

    def revision_task_definition(self, service_revision: str) -> str:
        return self._real.revision_task_definition(service_revision)

    def express_task_definitions(self, service: str) -> Sequence[str]:
        return self._real.express_task_definitions(service)

    def newest_revisions(self, family: str) -> Sequence[str]:
        return self._real.newest_revisions(family)

    def stopped_tasks(
        self, cluster: str, service: str, ecs_deployment: str
    ) -> Sequence[StoppedTask]:
        return self._real.stopped_tasks(cluster, service, ecs_deployment)

    def running_tasks(
        self, cluster: str, service: str, ecs_deployment: str
    ) -> Sequence[RunningTask] | None:
        return self._real.running_tasks(cluster, service, ecs_deployment)

    def service_tasks(self, cluster: str, service: str) -> ServiceTasks:
        return self._real.service_tasks(cluster, service)


class _DryTasks:
    """Standalone tasks of which none is started and none stopped."""

    def __init__(self, real: StandaloneTasks, services: DryServices) -> None:
        self._real, self._services = real, services

    def run_task(self, request: Mapping[str, Any]) -> str:
        self._services.updates = True
        return "(new)"

    def stop_task(self, cluster: str, task: str, reason: str) -> None:
        self._services.updates = True

    def task_settings(self, cluster: str, service: str) -> Mapping[str, Any]:
        return self._real.task_settings(cluster, service)

    def standalone_task(self, cluster: str, task: str) -> StandaloneTask | None:
        return self._real.standalone_task(cluster, task)

    def find_task(self, cluster: str, family: str, started_by: str) -> StandaloneTask | None:
        return self._real.find_task(cluster, family, started_by)

    def ended_tasks(self, cluster: str, family: str) -> Sequence[StandaloneTask]:
        return self._real.ended_tasks(cluster, family)


class _DryScheduled:
    """Scheduled tasks of which none is changed."""

    def __init__(self, real: ScheduledTasks, services: DryServices) -> None:
        self._real, self._services = real, services

    def move(self, task: ScheduledTask, revision: str) -> None:
        self._services.updates = True

    def found(self, settings: FollowSettings) -> ScheduledTasksFound:
        return self._real.found(settings)

    def scheduled_task(self, kind: Kind, name: str, target: str) -> ScheduledTask | None:
        return self._real.scheduled_task(kind, name, target)


class _DryRevisions:
    """Revisions of which none is deregistered."""

    def __init__(self, real: Revisions) -> None:
        self._real = real

    def deregister(self, revision: str) -> None:
        """Deregister nothing."""

    def active(self, family: str) -> Sequence[str]:
        return self._real.active(family)

    def clusters(self) -> Sequence[str]:
        return self._real.clusters()

    def uses(self, clusters: Sequence[str]) -> Sequence[ServiceUse]:
        return self._real.uses(clusters)

    def tasks(self, clusters: Sequence[str], family: str) -> Sequence[str]:
        return self._real.tasks(clusters, family)


class _DryWatchers:
    """Watchers of which none is started."""

    def __init__(self, real: Watchers) -> None:
        self._real = real

    def start(self, deployment: str, number: int) -> None:
        """Start nothing."""

    def alive(self, deployment: str, number: int) -> bool:
        return self._real.alive(deployment, number)


class _Nobody:
    """The way of notices to nobody."""

    def publish(
        self, notice: Notice, deployment: str, service: str, record: Deployment | None = None
    ) -> Delivery:
        return Delivery()
