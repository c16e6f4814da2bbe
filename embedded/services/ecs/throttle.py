"""How starts of tasks are delayed after starts that failed.

Documented ("Amazon ECS service throttle logic"): tasks that repeatedly never reach RUNNING are
started at growing intervals, of 27 minutes at most. `Timings.backoff` has the intervals.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from embedded.services.ecs.service import Deployment, Service
from embedded.services.ecs.simulation import Simulation


class Throttle:
    """Delays the starts of deployments; `wake` makes the scheduler look at a service again."""

    def __init__(self, simulation: Simulation, wake: Callable[[Service], None]) -> None:
        self._simulation = simulation
        self._wake = wake

    def allows(self, deployment: Deployment) -> bool:
        """Whether the deployment may start tasks now."""
        return deployment.not_before is None or self._simulation.now() >= deployment.not_before

    def start_failed(self, service: Service, deployment: Deployment) -> None:
        """A task never reached RUNNING: each one in a row delays the next start longer."""
        deployment.failed_starts += 1
        self.delay(service, deployment, self._simulation.timings.backoff(deployment.failed_starts))

    def start_succeeded(self, deployment: Deployment) -> None:
        """A task is RUNNING: the next start is not delayed."""
        deployment.failed_starts = 0
        deployment.not_before = None

    def delay(self, service: Service, deployment: Deployment, seconds: float) -> None:
        """Start no task for so many seconds."""
        deployment.not_before = self._simulation.now() + timedelta(seconds=seconds)
        self._simulation.later(seconds, lambda: self._wake(service))
