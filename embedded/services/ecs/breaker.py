"""The deployment circuit breaker: when a rollout has failed, and what follows.

It works in this order, and so does this file:

1. `Breaker.watch`: a service deployment begins, and the breaker sets its threshold.
2. `is_failed_task`: which of the tasks that stopped count as failed.
3. `Breaker.count`: a failed task of the PRIMARY deployment raises its `failedTasks`.
4. `Breaker.reset`: the first healthy task sets the count back to 0 and ends the counting.
5. `Breaker._trip`: at the threshold the rollout has failed. A rollout is rolled back if the
   service asks for it, else it is stopped. A rollback that fails in turn ends as ROLLBACK_FAILED.

How a deployment is marked FAILED and how the service goes back to the last COMPLETED one is in
`failures`, because CloudWatch alarms and StopServiceDeployment do the same.

Documented, developer guide, "How the Amazon ECS deployment circuit breaker detects failures":
  the threshold is half the desired count, at least 3, at most 200; tasks that never become healthy
  count until one does; with `rollback`, the last COMPLETED deployment becomes IN_PROGRESS again
  under its own id; without such a deployment the rollout stalls.
Documented, API reference, DeploymentCircuitBreaker and ThresholdConfiguration:
  `thresholdConfiguration` changes the threshold; with `resetOnHealthyTask` off, a healthy task does
  not reset the count.
Documented, API reference, DeploymentEarlySuccessCriteria:
  the breaker no longer acts on a deployment that has completed.
AWS' pages disagree on BLUE_GREEN, LINEAR and CANARY:
  the API reference says that the breaker is for rolling updates only, and so it is here, unless
  `Simulation.breaker_beyond_rolling` is set.
Inferred:
  the threshold is rounded up, and UNBOUNDED_PERCENT gives at least 1; a task that reaches RUNNING
  and exits before it counts as healthy is a failed task; so is a task that cannot be placed; spot
  interruptions, failing hosts and people who stop tasks do not count; after three failed tasks ECS
  says that the service cannot start tasks consistently; a breaker that does not act is DISABLED.
"""

from __future__ import annotations

import math

from embedded.services.ecs import words
from embedded.services.ecs.deployments import Deployments
from embedded.services.ecs.events import Events
from embedded.services.ecs.failures import Failure, Failures
from embedded.services.ecs.service import Deployment, Service
from embedded.services.ecs.service_deployments import ServiceDeployment
from embedded.services.ecs.simulation import Simulation
from embedded.services.ecs.tasks import Task

THRESHOLD_TYPES = ("BOUNDED_PERCENT", "COUNT", "UNBOUNDED_PERCENT")
FEWEST_FAILURES, MOST_FAILURES = 3, 200  # the bounds of BOUNDED_PERCENT
HALF = 50  # percent of the desired count
IMPAIRED_AFTER = 3  # failed tasks; inferred


def _rolling_back(deployment_id: str) -> str:
    return f"ECS deployment circuit breaker: rolling back to deploymentId {deployment_id}."


# The text of a rollback was seen in answers of ECS, the text of a stop is worded after it. The
# event of AWS' published sample says "task failed", DescribeServices says "tasks failed".
BREAKER = Failure(
    event="ECS deployment circuit breaker: task failed to start.",
    rollout="ECS deployment circuit breaker: tasks failed to start.",
    service_event="tasks failed to start",
    stopped="Service deployment stopped because the circuit breaker threshold was exceeded.",
    rolled_back=(
        "Service deployment rolled back because the circuit breaker threshold was exceeded."
    ),
    rolling_back=_rolling_back,
)
ROLLBACK_BROKEN = "Rollback failed because the circuit breaker threshold was exceeded."


def breaker_threshold(desired: int, configuration: dict[str, object] | None = None) -> int:
    """How many failed tasks trip the breaker, at this desired count.

    `configuration` is the service's `thresholdConfiguration`.
    """
    chosen = configuration or {}
    kind, value = chosen.get("type", "BOUNDED_PERCENT"), int(str(chosen.get("value", HALF)))
    if kind == "COUNT":
        return max(1, value)
    share = math.ceil(desired * value / 100)
    if kind == "UNBOUNDED_PERCENT":
        return max(1, share)
    return min(max(share, FEWEST_FAILURES), MOST_FAILURES)


def is_failed_task(task: Task) -> bool:
    """Whether a stopped task counts: it failed before it was healthy, or a health check failed."""
    return task.failed_health or (task.own_failure and not task.was_healthy)


class Breaker:
    """Counts the failed tasks of all services of one account and region."""

    def __init__(
        self, simulation: Simulation, events: Events, deployments: Deployments, failures: Failures
    ) -> None:
        self._simulation = simulation
        self._events = events
        self._deployments = deployments
        self._failures = failures

    def watch(self, service: Service) -> None:
        """Set the threshold of the ongoing service deployment from the present desired count."""
        ongoing = service.ongoing
        if ongoing is None:
            return
        if not self._acts(ongoing):
            ongoing.breaker_status = "DISABLED"
            return
        configuration = ongoing.breaker.get("thresholdConfiguration")
        ongoing.threshold = breaker_threshold(service.desired_count, configuration)

    def _acts(self, ongoing: ServiceDeployment) -> bool:
        """Whether it acts on deployments of this strategy."""
        return ongoing.rolling or self._simulation.breaker_beyond_rolling

    def count(self, service: Service, deployment: Deployment) -> None:
        """Count one failed task, if the deployment is the PRIMARY, rolls out and is evaluated."""
        rolls_out = deployment.rollout_state == "IN_PROGRESS"
        if deployment is not service.primary or not rolls_out or not deployment.evaluated:
            return
        deployment.failed_tasks += 1
        deployment.updated_at = self._simulation.now()
        self._tell_impaired(service, deployment)
        self._trip(service, deployment)

    def reset(self, service: Service, deployment: Deployment) -> None:
        """A task is healthy: forget the failed tasks and stop counting, unless told otherwise."""
        ongoing = service.ongoing
        resets = ongoing is None or ongoing.breaker.get("resetOnHealthyTask", True)
        if not resets or deployment is not service.primary:
            return
        deployment.failed_tasks = 0
        deployment.evaluated = False
        if ongoing is not None and ongoing.breaker_status == "MONITORING":
            ongoing.failure_count = 0
            ongoing.breaker_status = "MONITORING_COMPLETE"

    def _trip(self, service: Service, deployment: Deployment) -> None:
        """Fail the rollout when its failed tasks have reached the threshold."""
        ongoing = service.ongoing
        if ongoing is None or not ongoing.breaker.get("enable") or not self._acts(ongoing):
            return
        self.watch(service)  # the desired count may have changed
        if ongoing.status == "IN_PROGRESS":
            ongoing.failure_count = deployment.failed_tasks
        if deployment.failed_tasks < ongoing.threshold or not deployment.launches:
            return
        if ongoing.rolling_back:
            self._failures.fail(service, deployment, BREAKER)
            ongoing.move("ROLLBACK_FAILED", self._simulation.now(), ROLLBACK_BROKEN)
        elif ongoing.status == "IN_PROGRESS":
            ongoing.breaker_status = "TRIGGERED"
            rollback = bool(ongoing.breaker.get("rollback"))
            self._failures.give_up(service, BREAKER, rollback=rollback)

    def _tell_impaired(self, service: Service, deployment: Deployment) -> None:
        if deployment.failed_tasks >= IMPAIRED_AFTER and not deployment.told_impaired:
            deployment.told_impaired = True
            self._deployments.tell(service, words.impaired(service))
            self._events.service_action(service, "WARN", "SERVICE_TASK_START_IMPAIRED")
