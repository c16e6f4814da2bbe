"""Starts the tasks that the scheduler wants, or says that there is no room for them."""

from __future__ import annotations

from embedded.services.ecs import words
from embedded.services.ecs.breaker import Breaker
from embedded.services.ecs.containers import containers_of
from embedded.services.ecs.deployments import Deployments
from embedded.services.ecs.events import Events
from embedded.services.ecs.faults import Fault, NoCapacity
from embedded.services.ecs.lifecycle import Lifecycle
from embedded.services.ecs.names import Place
from embedded.services.ecs.service import Deployment, Service
from embedded.services.ecs.simulation import Simulation
from embedded.services.ecs.tasks import SERVICE_GROUP, Task
from embedded.services.ecs.throttle import Throttle


class Placement:
    """Places tasks in one account and region; `tasks` are all tasks there, by id."""

    def __init__(  # noqa: PLR0913, PLR0917 - the parts of the scheduler that a start touches
        self,
        simulation: Simulation,
        place: Place,
        tasks: dict[str, Task],
        events: Events,
        deployments: Deployments,
        lifecycle: Lifecycle,
        throttle: Throttle,
        breaker: Breaker,
    ) -> None:
        self._simulation = simulation
        self._place = place
        self._tasks = tasks
        self._events = events
        self._deployments = deployments
        self._lifecycle = lifecycle
        self._throttle = throttle
        self._breaker = breaker

    def start(self, service: Service, deployment: Deployment, count: int) -> None:
        """Start up to `count` tasks: fewer where capacity ends, none while starts are delayed."""
        if not count or not self._throttle.allows(deployment):
            return
        started: list[Task] = []
        images = deployment.revision.definition.images
        for _ in range(count):
            faults = self._simulation.faults.strike(images, service.key)
            full = next((each for each in faults if isinstance(each, NoCapacity)), None)
            if full is not None:
                self._not_placed(service, deployment, full.reason)
                break
            started.append(self._start_task(service, deployment, faults))
        if started:
            self._deployments.tell(service, words.started(service, started))

    def _start_task(
        self, service: Service, deployment: Deployment, faults: tuple[Fault, ...]
    ) -> Task:
        task_id = self._simulation.ids.hexadecimal()
        arn = self._place.arn(f"task/{service.cluster}/{task_id}")
        definition = deployment.revision.definition
        execute = service.settings.get("enableExecuteCommand")
        task = Task(
            id=task_id,
            arn=arn,
            cluster_arn=service.cluster_arn,
            cluster=service.cluster,
            group=f"{SERVICE_GROUP}{service.name}",
            started_by=deployment.id,
            definition=definition,
            settings=deployment.revision.settings
            | {"enableExecuteCommand": execute, "loadBalancers": deployment.revision.balancers},
            containers=containers_of(definition, self._simulation, self._place, arn),
            created_at=self._simulation.now(),
            attachment_id=self._simulation.ids.dashed(),
            faults=faults,
        )
        self._tasks[task_id] = task
        deployment.tasks.append(task)
        self._lifecycle.start(task)
        return task

    def _not_placed(self, service: Service, deployment: Deployment, reason: str) -> None:
        fargate = deployment.revision.settings.get("launchType") == "FARGATE"
        self._deployments.tell(service, words.not_placed(service, reason, fargate=fargate))
        self._events.service_action(service, "ERROR", "SERVICE_TASK_PLACEMENT_FAILURE", reason)
        self._throttle.delay(service, deployment, self._simulation.timings.placement_retry)
        self._breaker.count(service, deployment)
