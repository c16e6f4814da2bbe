"""The simulated ECS as its users hold it: what runs, what happens to it, and its faults."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Self

from embedded.services.ecs.api import OPERATIONS
from embedded.services.ecs.api.services import scale
from embedded.services.ecs.errors import ServiceNotFound, Throttled
from embedded.services.ecs.faults import Faults
from embedded.services.ecs.lag import Lag, LaggingReads
from embedded.services.ecs.names import Place, short
from embedded.services.ecs.region import Region, any_cluster
from embedded.services.ecs.service import Deployment, Service
from embedded.services.ecs.service_deployments import ServiceDeployment
from embedded.services.ecs.simulation import HookFunction, Simulation
from embedded.services.ecs.stop_reasons import (
    FAILED_CONTAINER_CHECK,
    HOST_FAILURE,
    KILLED,
    OUT_OF_MEMORY,
    RETIREMENT,
    SPOT,
    failed_target_check,
)
from embedded.services.ecs.targets import targets_of
from embedded.services.ecs.tasks import Task

Limiter = Callable[[Place, str, dict[str, Any]], None]


def no_limit(place: Place, operation: str, request: dict[str, Any]) -> None:
    """Let every request pass."""


class Ecs:
    """All regions of one simulated ECS.

    Every request passes `call`, which first asks the `limiter`. That one raises `Throttled` when
    there are too many. Services are named `CLUSTER/SERVICE`, in whichever region they are.
    """

    def __init__(
        self, simulation: Simulation, limiter: Limiter = no_limit, lag: Lag | None = None
    ) -> None:
        self.simulation = simulation
        self.limiter = limiter
        self._lagging = LaggingReads(lag, OPERATIONS) if lag else None
        self.throttled: Counter[str] = Counter()  # requests refused for their rate, by operation
        self._regions: dict[Place, Region] = {}
        self._restore: list[Callable[[], None]] = []

    @property
    def faults(self) -> Faults:
        return self.simulation.faults

    @property
    def breaker_beyond_rolling(self) -> bool:
        """Whether the circuit breaker acts on BLUE_GREEN, LINEAR and CANARY too."""
        return self.simulation.breaker_beyond_rolling

    @breaker_beyond_rolling.setter
    def breaker_beyond_rolling(self, acts: bool) -> None:
        regions = (region.simulation for region in self._regions.values())
        for simulation in (self.simulation, *regions):
            simulation.breaker_beyond_rolling = acts

    @property
    def hooks(self) -> dict[str, HookFunction]:
        """What answers for the Lambda functions of lifecycle hooks, by ARN; it may raise."""
        return self.simulation.hook_functions

    def lose_events(self, key: str) -> None:
        """From now on, no event about the service `CLUSTER/SERVICE` arrives anywhere."""
        self.simulation.silent.add(key)

    def region(self, place: Place) -> Region:
        found = self._regions.get(place)
        return found if found is not None else self.open_region(place)

    def open_region(
        self, place: Place, cluster_exists: Callable[[str], bool] = any_cluster
    ) -> Region:
        """A new, empty region in `place`; one that was there comes to an end."""
        self._end_region(place)
        region = Region(replace(self.simulation), place, cluster_exists)
        if self._lagging is not None:
            self._lagging.follow(region)
        self._regions[place] = region
        return region

    def call(
        self, place: Place, operation: str, request: dict[str, Any], key: str | None = None
    ) -> dict[str, Any]:
        """Answer one API request, which was made with this access key.

        Raises:
            EcsError: the request is refused.
        """
        self.limit(place, operation, request)
        region = self.region(place)
        caller = self.simulation.caller
        region.simulation.calling = caller(key) if caller and key else None
        if self._lagging is not None:
            return self._lagging.answer(region, operation, request)
        return OPERATIONS[operation](region, request)

    def limit(self, place: Place, operation: str, request: dict[str, Any]) -> None:
        """Ask the limiter, and count what it throttles."""
        try:
            self.limiter(place, operation, request)
        except Throttled:
            self.throttled[operation] += 1
            raise

    def service(self, key: str) -> Service:
        """The service `CLUSTER/SERVICE`."""
        return self._find(key)[1]

    def tasks(self, key: str) -> list[Task]:
        """The tasks of a service, oldest first, with those that stopped in the last hour."""
        region, service = self._find(key)
        return region.tasks_of(service)

    def deployments(self, key: str) -> list[Deployment]:
        return list(self.service(key).deployments)

    def service_deployments(self, key: str) -> list[ServiceDeployment]:
        """Newest first."""
        return list(self.service(key).service_deployments)

    def targets(self, place: Place, group: str) -> list[dict[str, Any]] | None:
        """The tasks in a target group, as DescribeTargetHealth does; None if no service has it."""
        region = self._regions.get(place)
        services = region.services.values() if region else ()
        if region is None or not any(group in service.target_groups for service in services):
            return None
        timings, now = self.simulation.timings_behind(place, group), self.simulation.now()
        return targets_of(group, region.tasks.values(), timings, now)

    def scale(self, key: str, desired: int) -> None:
        """Autoscaling changes the desired count."""
        scale(*self._find(key), desired)

    def alarm(self, key: str, name: str) -> bool:
        """A CloudWatch alarm goes off; False when no ongoing deployment watches it."""
        region, service = self._find(key)
        return region.scheduler.alarm(service, name)

    def interrupt_spot(self, task: str) -> None:
        """Fargate Spot takes a task's capacity back."""
        self._end(task, "SpotInterruption", SPOT)

    def retire(self, task: str) -> None:
        """Fargate retires the infrastructure under a task."""
        self._end(task, "TerminationNotice", RETIREMENT)

    def fail_host(self, task: str) -> None:
        """The machine under a task fails."""
        self._end(task, "InfrastructureHealth", HOST_FAILURE)

    def crash(self, task: str, exit_code: int = 1) -> None:
        """A running task's essential container exits."""
        region, found = self._find_task(task)
        region.lifecycle(found).exit(found, exit_code)

    def kill_for_memory(self, task: str) -> None:
        region, found = self._find_task(task)
        region.lifecycle(found).exit(found, KILLED, OUT_OF_MEMORY)

    def fail_container_check(self, task: str) -> None:
        """A running task's container health check fails for good."""
        region, found = self._find_task(task)
        region.lifecycle(found).fail_check(found, FAILED_CONTAINER_CHECK)

    def fail_target_check(self, task: str) -> None:
        """The load balancer finds a running task unhealthy for good."""
        region, found = self._find_task(task)
        region.lifecycle(found).fail_check(found, failed_target_check(found))

    def set_container_instances(self, cluster: str, count: int) -> None:
        """Instances join or leave a cluster: its DAEMON services follow."""
        for region in self._regions.values():
            region.container_instances[cluster] = count
            for service in region.services.values():
                if service.cluster == cluster and service.daemon:
                    scale(region, service, count)

    def uninstall(self) -> None:
        """Give moto its own ECS back, and let no timer act any more."""
        for place in self._regions:
            self._end_region(place)
        while self._restore:
            self._restore.pop()()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.uninstall()

    def on_uninstall(self, action: Callable[[], None]) -> None:
        self._restore.append(action)

    def _end_region(self, place: Place) -> None:
        if place in self._regions:
            self._regions[place].simulation.ended = True

    def _find(self, key: str) -> tuple[Region, Service]:
        for region in self._regions.values():
            if key in region.services:
                return region, region.services[key]
        raise ServiceNotFound

    def _find_task(self, task: str) -> tuple[Region, Task]:
        for region in self._regions.values():
            if short(task) in region.tasks:
                return region, region.tasks[short(task)]
        raise KeyError(task)

    def _end(self, task: str, code: str, reason: str) -> None:
        region, found = self._find_task(task)
        region.stop_task(found, code, reason)
