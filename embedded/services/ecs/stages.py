"""Moves service deployments through their lifecycle stages.

`strategy` says which they are, `traffic` who gets the traffic, `hook_runs` runs the hooks. A stage
lasts as long as its step says, until its hooks have succeeded, and until what it waits for has
happened: SCALE_UP for as many healthy tasks as desired, RECONCILE_SERVICE and CLEAN_UP for the end
of the tasks that have to go.
Documented: "Amazon ECS blue/green service deployments workflow" (a stage fails after 24 hours);
"Lifecycle hooks …" (a hook that fails rolls the deployment back; the hooks of the traffic shifts
run in a rollback too).
Inferred: a stage in which nothing has to be waited for takes `Timings.stage`; the 24 hours do not
count a stage's own bake, nor the time for which it waits for a pause hook; no answer of a hook
stops a rollback; the first deployment of a service calls no hooks. A rolling update has the stages
PRE_SCALE_UP and POST_SCALE_UP, and those only where a hook is configured: before its first new task
starts, and when the rollout has completed, before the bake time.
"""

from __future__ import annotations

from collections.abc import Callable

from embedded.clock.clock import seconds_between
from embedded.services.ecs import traffic
from embedded.services.ecs.deployments import Deployments
from embedded.services.ecs.failures import Failure, Failures
from embedded.services.ecs.hook_runs import HookRuns
from embedded.services.ecs.hooks import AWAITING, TIMED_OUT, HookRun, hooks_at
from embedded.services.ecs.service import Deployment, Service
from embedded.services.ecs.service_deployments import ServiceDeployment
from embedded.services.ecs.simulation import Simulation
from embedded.services.ecs.strategy import CLEAN_UP, RECONCILE_SERVICE, SCALE_UP, Step

LONGEST = 24 * 3600.0  # seconds that a stage may last
_MOMENT = 1e-3  # seconds; clocks count in floats


def _failure(why: str) -> Failure:
    return Failure(
        event=f"ECS deployment failed: {why}.",
        rollout=f"ECS deployment failed: {why}.",
        service_event=why,
        stopped=f"Service deployment stopped because {why}.",
        rolled_back=f"Service deployment rolled back because {why}.",
        rolling_back=lambda identifier: (
            f"ECS deployment failed: rolling back to deploymentId {identifier}."
        ),
    )


def _hook_failure(run: HookRun) -> Failure:
    ended = "timed out" if run.status == TIMED_OUT else "failed"
    return _failure(f"the lifecycle hook {run.id} {ended} at {run.stage}")


class Stages:
    """Moves service deployments on.

    `wake` makes the scheduler look at a service again. `bear_traffic` learns that the tasks of a
    deployment get production traffic.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - the parts of the scheduler that a stage touches
        self,
        simulation: Simulation,
        deployments: Deployments,
        failures: Failures,
        hooks: HookRuns,
        wake: Callable[[Service], None],
        bear_traffic: Callable[[Deployment], None],
    ) -> None:
        self._simulation = simulation
        self._deployments = deployments
        self._failures = failures
        self._hooks = hooks
        self._wake = wake
        self._bear_traffic = bear_traffic

    def advance(self, service: Service) -> None:
        """Go on when all is done that the stage waits for, or roll back when it has failed."""
        ongoing = service.ongoing
        if ongoing is None or not ongoing.moves:
            return
        failed = next((run for run in ongoing.hooks if run.failed), None)
        if failed is not None and not ongoing.rolling_back:
            self._failures.give_up(service, _hook_failure(failed), rollback=True)
        elif self._done(service, ongoing):
            self._leave(service, ongoing)
        elif self._overdue(ongoing):
            hangs = _failure(f"the stage {ongoing.stage} lasted more than 24 hours")
            self._failures.give_up(service, hangs, rollback=True)

    def passes(self, service: Service, ongoing: ServiceDeployment, stage: str) -> bool:
        """Whether a rolling update may go beyond this stage; if not yet, the stage begins."""
        hooked = hooks_at(ongoing.configuration, stage) and ongoing.source_id is not None
        if not hooked or ongoing.rolling_back or stage in ongoing.passed:
            return True
        if ongoing.status == "IN_PROGRESS" and ongoing.stage != stage:
            self._begin(service, ongoing, stage, 0.0)
        return ongoing.stage != stage

    def _done(self, service: Service, ongoing: ServiceDeployment) -> bool:
        """Whether nothing has to be waited for any more in the present stage, if there is one."""
        if any(run.active for run in ongoing.hooks):
            return False
        step = ongoing.step
        if step is None:
            return bool(ongoing.steps or ongoing.hooks)
        return self._spent(ongoing) >= self._duration(step) and _reached(service, step)

    def _overdue(self, ongoing: ServiceDeployment) -> bool:
        paused = any(run.status == AWAITING for run in ongoing.hooks)
        if ongoing.entered_at is None or paused or ongoing.rolling_back:
            return False
        own = ongoing.step.seconds if ongoing.step else 0.0
        return self._spent(ongoing) >= LONGEST + own

    def _leave(self, service: Service, ongoing: ServiceDeployment) -> None:
        if not ongoing.steps:
            ongoing.passed |= {str(ongoing.stage)}
            ongoing.stage, ongoing.entered_at, ongoing.hooks = None, None, ()
            self._wake(service)
        elif ongoing.position + 1 < len(ongoing.steps):
            self._enter(service, ongoing, ongoing.position + 1)
        elif not self._deployments.rollback_lasts(service):
            self._deployments.complete(service)

    def _enter(self, service: Service, ongoing: ServiceDeployment, position: int) -> None:
        ongoing.position = position
        step = ongoing.steps[position]
        for deployment in traffic.shift(service, ongoing, step):
            self._bear_traffic(deployment)
        self._begin(service, ongoing, step.stage, self._duration(step))
        self._wake(service)

    def _begin(
        self, service: Service, ongoing: ServiceDeployment, stage: str, duration: float
    ) -> None:
        ongoing.stage = stage
        ongoing.entered_at = ongoing.updated_at = self._simulation.now()
        for seconds in (duration, LONGEST + duration):
            self._simulation.later(seconds, lambda: self.advance(service))
        if ongoing.source_id is not None:
            self._hooks.start(service, ongoing, stage)

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
