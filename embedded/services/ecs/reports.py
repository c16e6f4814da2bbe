"""What tasks report to the service scheduler: they run, are healthy, fail a check, have stopped."""

from __future__ import annotations

from collections.abc import Callable

from embedded.services.ecs import words
from embedded.services.ecs.breaker import Breaker, is_failed_task
from embedded.services.ecs.deployments import Deployments
from embedded.services.ecs.faults import UnhealthyTarget
from embedded.services.ecs.service import Deployment, Service
from embedded.services.ecs.simulation import Simulation
from embedded.services.ecs.tasks import Task
from embedded.services.ecs.throttle import Throttle
from embedded.services.ecs.timings import RETENTION_OF_STOPPED_TASKS


class Reports:
    """Takes the reports of the tasks in one account and region (`lifecycle.Observer`).

    `services` are all services there, by CLUSTER/SERVICE, and `tasks` all tasks, by id.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - the parts of the scheduler that a report touches
        self,
        simulation: Simulation,
        services: dict[str, Service],
        tasks: dict[str, Task],
        deployments: Deployments,
        throttle: Throttle,
        breaker: Breaker,
        wake: Callable[[Service], None],
    ) -> None:
        self._simulation = simulation
        self._services = services
        self._tasks = tasks
        self._deployments = deployments
        self._throttle = throttle
        self._breaker = breaker
        self._wake = wake

    def task_running(self, task: Task) -> None:
        service, deployment = self._owners(task)
        self._throttle.start_succeeded(deployment)
        if task.balanced:
            self._deployments.tell(service, words.registered(service, task.target_group))
        service.count_tasks()

    def task_healthy(self, task: Task) -> None:
        service, deployment = self._owners(task)
        self._breaker.reset(service, deployment)
        self._wake(service)

    def task_failed_check(self, task: Task) -> None:
        service, _ = self._owners(task)
        if task.checked and task.health == "UNHEALTHY":
            message = words.unhealthy_container(service, task)
        else:
            description = (task.target_fault or UnhealthyTarget()).description
            message = words.unhealthy_target(service, task, description)
        self._deployments.tell(service, message)
        service.steady = False
        self._wake(service)

    def task_stopped(self, task: Task) -> None:
        self._simulation.later(RETENTION_OF_STOPPED_TASKS, lambda: self._forget(task))
        service, deployment = self._owners(task)
        deployment.tasks.remove(task)
        if task.own_failure or task.failed_health:
            service.steady = False
        if task.own_failure and task.started_at is None:
            self._throttle.start_failed(service, deployment)
        if is_failed_task(task):
            self._breaker.count(service, deployment)
        self._wake(service)

    def grace_period(self, task: Task) -> float:
        service, _ = self._owners(task)
        return float(service.settings.get("healthCheckGracePeriodSeconds") or 0)

    def has_traffic(self, task: Task) -> bool:
        """Whether its revision has production traffic; True where ECS shifts none."""
        service, deployment = self._owners(task)
        return service.production(deployment) != 0

    def _owners(self, task: Task) -> tuple[Service, Deployment]:
        service = self._services[task.service_key]
        return service, service.deployment(str(task.started_by))

    def _forget(self, task: Task) -> None:
        self._tasks.pop(task.id, None)
