"""Moves the deployments of BLUE_GREEN, LINEAR and CANARY through their stages.

`strategy` says which they are, `traffic` who gets the traffic. A stage lasts as long as its step
says, and until what it waits for has happened: SCALE_UP for as many healthy tasks as desired,
RECONCILE_SERVICE and CLEAN_UP for the end of the tasks that have to go.
Documented: "Amazon ECS blue/green service deployments workflow". Inferred: a stage in which nothing
has to be waited for takes `Timings.stage`.
"""

from __future__ import annotations

from collections.abc import Callable

from embedded.clock.clock import seconds_between
from embedded.services.ecs import traffic
from embedded.services.ecs.deployments import Deployments
from embedded.services.ecs.failures import Failures
from embedded.services.ecs.service import Service
from embedded.services.ecs.service_deployments import ServiceDeployment
from embedded.services.ecs.simulation import Simulation
from embedded.services.ecs.strategy import CLEAN_UP, RECONCILE_SERVICE, SCALE_UP, Step

_MOMENT = 1e-3  # seconds; clocks count in floats


class Stages:
    """Moves service deployments on; `wake` makes the scheduler look at a service again."""

    def __init__(
        self,
        simulation: Simulation,
        deployments: Deployments,
        failures: Failures,
        wake: Callable[[Service], None],
    ) -> None:
        self._simulation = simulation
        self._deployments = deployments
        self._failures = failures
        self._wake = wake

    def advance(self, service: Service) -> None:
        """Enter the next stage, or complete, when all is done that the present one waits for."""
        ongoing = service.ongoing
        if ongoing is None or not ongoing.moves or not ongoing.steps:
            return
        step = ongoing.step
        if step is not None and not self._done(service, ongoing, step):
            return
        if ongoing.position + 1 < len(ongoing.steps):
            self._enter(service, ongoing, ongoing.position + 1)
        elif not self._deployments.rollback_lasts(service):
            self._deployments.complete(service)

    def _enter(self, service: Service, ongoing: ServiceDeployment, position: int) -> None:
        ongoing.position = position
        step = ongoing.steps[position]
        ongoing.stage = step.stage
        ongoing.entered_at = ongoing.updated_at = self._simulation.now()
        traffic.shift(service, ongoing, step)
        self._simulation.later(self._duration(step), lambda: self.advance(service))
        self._wake(service)

    def _done(self, service: Service, ongoing: ServiceDeployment, step: Step) -> bool:
        return self._spent(ongoing) >= self._duration(step) and _reached(service, step)

    def _spent(self, ongoing: ServiceDeployment) -> float:
        """Seconds in the present stage."""
        entered = ongoing.entered_at or self._simulation.now()
        return seconds_between(entered, self._simulation.now()) + _MOMENT

    def _duration(self, step: Step) -> float:
        return max(step.seconds, self._simulation.timings.stage)


def _reached(service: Service, step: Step) -> bool:
    """Whether the tasks are as the stage wants them."""
    primary, ongoing = service.primary, service.ongoing
    if primary is None or ongoing is None:
        return False
    if step.stage == RECONCILE_SERVICE:
        kept = (primary.id, ongoing.source_id)
        return all(each.id in kept for each in service.deployments)
    if step.stage not in (SCALE_UP, CLEAN_UP):
        return True
    up = len(primary.healthy) >= service.desired_count
    return up and (step.stage == SCALE_UP or len(service.deployments) == 1)
