"""One simulated ECS: its task definitions, services and tasks in one account and region."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from embedded.services.ecs import traffic
from embedded.services.ecs.definitions import TaskDefinition, TaskDefinitions
from embedded.services.ecs.errors import ClusterNotFound, ServiceNotFound
from embedded.services.ecs.lifecycle import Lifecycle
from embedded.services.ecs.names import Place, short
from embedded.services.ecs.scheduler import Scheduler
from embedded.services.ecs.service import REVISION_SETTINGS, Deployment, Service
from embedded.services.ecs.service_deployments import ServiceDeployment, ServiceRevision
from embedded.services.ecs.simulation import Simulation
from embedded.services.ecs.standalone import StandaloneTasks
from embedded.services.ecs.tasks import Task
from embedded.services.ecs.timings import HISTORY


def any_cluster(_name: str) -> bool:
    """Every cluster exists. That is enough where there is no moto."""
    return True


class Region:
    """What the operations in `api` work on."""

    def __init__(
        self,
        simulation: Simulation,
        place: Place,
        cluster_exists: Callable[[str], bool],
    ) -> None:
        self.simulation = simulation
        self.place = place
        self.definitions = TaskDefinitions(place)
        self.services: dict[str, Service] = {}  # by CLUSTER/SERVICE
        self.tasks: dict[str, Task] = {}  # by id; stopped ones stay for an hour
        self.container_instances: dict[str, int] = {}  # by cluster
        self.scheduler = Scheduler(simulation, place, self.services, self.tasks)
        self.standalone = StandaloneTasks(simulation, place, self.tasks)
        self._cluster_exists = cluster_exists

    def cluster(self, request: dict[str, Any]) -> str:
        """The name of the request's cluster ("default" when none is named)."""
        name = short(request.get("cluster") or "default")
        if not self._cluster_exists(name):
            raise ClusterNotFound
        return name

    def service_arn(self, cluster: str, name: str) -> str:
        """A service's ARN, without its cluster where the service is so old.

        "Amazon ECS account settings": a resource keeps the format that it was made with.
        """
        old = f"{cluster}/{name}" in self.simulation.short_arns
        return self.place.arn(f"service/{name}" if old else f"service/{cluster}/{name}")

    def find_service(self, cluster: str, name_or_arn: str) -> Service | None:
        return self.services.get(f"{cluster}/{short(name_or_arn)}")

    def service(self, cluster: str, name_or_arn: str) -> Service:
        found = self.find_service(cluster, name_or_arn)
        if found is None:
            raise ServiceNotFound
        return found

    def tasks_of(self, service: Service) -> list[Task]:
        """Its tasks, oldest first, with those that stopped in the last hour."""
        return [
            task
            for task in self.tasks.values()
            if task.service_key == service.key and task.created_at >= service.created_at
        ]

    def lifecycle(self, task: Task) -> Lifecycle:
        """What moves this task through its states."""
        return self.standalone.lifecycle if task.standalone else self.scheduler.lifecycle

    def stop_task(self, task: Task, code: str, reason: str) -> None:
        """Stop a task; the scheduler replaces one that a service wants."""
        self.lifecycle(task).stop(task, code, reason)
        if task.standalone:
            return
        service = self.services[task.service_key]
        service.steady = False
        self.scheduler.wake(service)

    def history(self, service: Service) -> list[ServiceDeployment]:
        """The service deployments that ECS still knows: newest first, those of the last 90 days."""
        begin = self.history_begins
        known = service.service_deployments
        return [each for each in known if each.created_at >= begin or not each.finished]

    @property
    def history_begins(self) -> datetime:
        return self.simulation.now() - timedelta(seconds=HISTORY)

    def service_deployment(self, arn: str) -> tuple[Service, ServiceDeployment] | None:
        for service in self.services.values():
            for found in self.history(service):
                if found.arn == arn:
                    return service, found
        return None

    def service_revision(self, arn: str) -> ServiceRevision | None:
        everything = (each for service in self.services.values() for each in service.revisions)
        return next((each for each in everything if each.arn == arn), None)

    def revise(
        self, service: Service, definition: TaskDefinition, settings: dict[str, Any]
    ) -> Deployment:
        """Deploy `service` with a new service revision."""
        identifier = self.simulation.ids.digits()
        revision = ServiceRevision(
            arn=self.place.arn(f"service-revision/{service.key}/{identifier}"),
            id=identifier,
            service_arn=service.arn,
            cluster_arn=service.cluster_arn,
            definition=definition,
            settings={name: settings[name] for name in REVISION_SETTINGS if name in settings},
            digests={
                each["name"]: self.simulation.digest(self.place, each["image"])
                for each in definition.containers
            },
            created_at=self.simulation.now(),
            alternate=traffic.alternates(service, settings),
        )
        return self.scheduler.deploy(service, revision)

    def instances(self, cluster: str) -> int:
        """How many container instances a DAEMON service gets a task on."""
        return self.container_instances.get(cluster, 1)


Operation = Callable[[Region, dict[str, Any]], dict[str, Any]]
Operations = dict[str, Operation]
