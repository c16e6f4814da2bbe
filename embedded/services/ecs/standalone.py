"""Starts the tasks that RunTask asks for, and takes what they report: no service is told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from embedded.services.ecs.client_tokens import ClientTokens
from embedded.services.ecs.containers import containers_of
from embedded.services.ecs.definitions import TaskDefinition
from embedded.services.ecs.events import Events
from embedded.services.ecs.faults import Fault, NoCapacity
from embedded.services.ecs.lifecycle import Lifecycle
from embedded.services.ecs.names import Place
from embedded.services.ecs.simulation import Simulation
from embedded.services.ecs.tasks import Task
from embedded.services.ecs.timings import RETENTION_OF_STOPPED_TASKS


@dataclass(frozen=True)
class Launch:
    """What RunTask asks for, once for each of its tasks."""

    cluster: str
    definition: TaskDefinition
    group: str
    started_by: str | None
    settings: dict[str, Any]  # launchType, capacityProviderName, networkConfiguration, …
    overrides: dict[str, Any]
    tags: list[dict[str, str]]

    @property
    def container_overrides(self) -> list[dict[str, Any]]:
        return self.overrides.get("containerOverrides") or []

    @property
    def overridden(self) -> set[int]:
        """The places of the containers that run another command than their image's."""
        names = {each["name"] for each in self.container_overrides if each.get("command")}
        bodies = enumerate(self.definition.containers)
        return {place for place, body in bodies if body["name"] in names}


class StandaloneTasks:
    """The standalone tasks of one account and region (`observer.Observer` of their lives).

    `tasks` are all tasks there, by id.
    """

    def __init__(self, simulation: Simulation, place: Place, tasks: dict[str, Task]) -> None:
        self._simulation = simulation
        self._place = place
        self._tasks = tasks
        self.tokens = ClientTokens()
        self.lifecycle = Lifecycle(simulation, place, Events(simulation, place), self)

    def start(self, launch: Launch) -> Task | NoCapacity:
        """A new task, which is PROVISIONING; or the fault that leaves no room for it."""
        faults = self._simulation.faults.strike(
            launch.definition.images, f"{launch.cluster}/{launch.group}", launch.overridden
        )
        full = next((each for each in faults if isinstance(each, NoCapacity)), None)
        if full is not None:
            return full
        task = self._task(launch, faults)
        self._tasks[task.id] = task
        self.lifecycle.start(task)
        return task

    def _task(self, launch: Launch, faults: tuple[Fault, ...]) -> Task:
        ids, place = self._simulation.ids, self._place
        task_id = ids.hexadecimal()
        arn = place.arn(f"task/{launch.cluster}/{task_id}")
        return Task(
            id=task_id,
            arn=arn,
            cluster_arn=place.arn(f"cluster/{launch.cluster}"),
            cluster=launch.cluster,
            group=launch.group,
            started_by=launch.started_by,
            definition=launch.definition,
            settings=launch.settings,
            containers=containers_of(
                launch.definition, self._simulation, place, arn, launch.container_overrides
            ),
            created_at=self._simulation.now(),
            attachment_id=ids.dashed(),
            faults=faults,
            overrides=launch.overrides,
            tags=[dict(tag) for tag in launch.tags],
        )

    def task_stopped(self, task: Task) -> None:
        self._simulation.later(RETENTION_OF_STOPPED_TASKS, lambda: self._forget(task))

    def _forget(self, task: Task) -> None:
        self._tasks.pop(task.id, None)

    def task_running(self, task: Task) -> None: ...

    def task_healthy(self, task: Task) -> None: ...

    def task_failed_check(self, task: Task) -> None: ...

    def grace_period(self, _task: Task) -> float:
        """None: a standalone task is behind no load balancer."""
        return 0.0

    def has_traffic(self, _task: Task) -> bool:
        """Its program bears its load as soon as it runs."""
        return True
