"""How deployments fail, roll back and are stopped.

The circuit breaker (`breaker`) and the CloudWatch alarms (`alarms`) decide that a deployment has
failed. What follows is here, and so is StopServiceDeployment.

Documented: "How the Amazon ECS deployment circuit breaker detects failures" (the last COMPLETED
deployment becomes IN_PROGRESS again under its own id; without one the deployment stalls), "Stopping
Amazon ECS service deployments".
Inferred: a rollback without a candidate ends the service deployment as ROLLBACK_FAILED; a
deployment that a user stops keeps its rollout state IN_PROGRESS while its tasks stop, and sends no
FAILED event; ABORT leaves the tasks as they are and starts no more.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from embedded.services.ecs import traffic, words
from embedded.services.ecs.deployments import Deployments
from embedded.services.ecs.errors import Conflict
from embedded.services.ecs.events import Events
from embedded.services.ecs.service import Deployment, Service
from embedded.services.ecs.service_deployments import Rollback, ServiceDeployment
from embedded.services.ecs.simulation import Simulation

# The first text was seen in answers of ECS, the others are worded after it.
NO_CANDIDATE = "No rollback candidate was found to run the rollback."
USER_ROLLBACK = "Service deployment rolled back because a user requested it."
USER_ABORT = "Service deployment stopped because a user requested it."


@dataclass(frozen=True)
class Failure:
    """Why a deployment fails, in the words of each place that tells it."""

    event: str
    rollout: str
    service_event: str
    stopped: str
    rolled_back: str
    rolling_back: Callable[[str], str]


class Failures:
    """Ends deployments that failed; `wake` makes the scheduler look at a service again."""

    def __init__(
        self,
        simulation: Simulation,
        events: Events,
        deployments: Deployments,
        wake: Callable[[Service], None],
    ) -> None:
        self._simulation = simulation
        self._events = events
        self._deployments = deployments
        self._wake = wake

    def give_up(self, service: Service, failure: Failure, *, rollback: bool) -> None:
        """Mark the PRIMARY as FAILED; then roll the service back, or stop the deployment."""
        primary, ongoing = service.primary, service.ongoing
        if primary is None or ongoing is None:
            return
        self.fail(service, primary, failure)
        if not rollback:
            self._deployments.stop_requested(ongoing, failure.stopped)
        else:
            self._roll_back(service, ongoing, failure.rolled_back, failure.rolling_back)

    def fail(self, service: Service, primary: Deployment, failure: Failure) -> None:
        """Mark the PRIMARY as FAILED and say so; it starts no more tasks."""
        primary.rollout_state = "FAILED"
        primary.rollout_reason = failure.rollout
        primary.updated_at = self._simulation.now()
        primary.launches = False
        primary.baking = False
        message = words.deployment_failed(service, primary.id, failure.service_event)
        self._deployments.tell(service, message)
        self._events.deployment_changed(service, primary.id, "FAILED", failure.event)

    def stop(self, service: Service, stopped: ServiceDeployment, kind: str) -> None:
        """StopServiceDeployment with ROLLBACK or ABORT; nothing more when it is stopping already.

        Raises:
            Conflict: the service deployment has finished.
        """
        if stopped.finished:
            raise Conflict(
                f"The service deployment is in {stopped.status} state and cannot be stopped."
            )
        if stopped.status not in ("PENDING", "IN_PROGRESS"):
            return
        if kind == "ABORT":
            self._abort(service, stopped)
            return
        stopped.move("ROLLBACK_REQUESTED", self._simulation.now())
        self._simulation.later(
            self._simulation.timings.stop_request,
            lambda: self._roll_back_on_request(service, stopped),
        )

    def _abort(self, service: Service, aborted: ServiceDeployment) -> None:
        primary = service.primary
        if primary is not None:
            primary.launches = False
            primary.baking = False
        self._deployments.stop_requested(aborted, USER_ABORT)

    def _roll_back_on_request(self, service: Service, requested: ServiceDeployment) -> None:
        if requested.status == "ROLLBACK_REQUESTED":
            self._roll_back(service, requested, USER_ROLLBACK, words.in_progress)

    def _roll_back(
        self,
        service: Service,
        failed: ServiceDeployment,
        reason: str,
        rolling_back: Callable[[str], str],
    ) -> None:
        """Make an earlier deployment the PRIMARY again, under its own id."""
        now = self._simulation.now()
        candidate, primary = service.candidate(failed), service.primary
        if candidate is None or primary is None:
            if primary is not None:
                primary.launches = False
            failed.move("ROLLBACK_FAILED", now, NO_CANDIDATE)
            return
        failed.rollback = Rollback(reason, now, candidate.revision.arn)
        failed.move("ROLLBACK_IN_PROGRESS", now, reason)
        self._deployments.demote(primary)
        self._deployments.promote(service, candidate, rolling_back(candidate.id))
        traffic.turn_back(service, failed)
        self._deployments.tell(service, words.rolling_back(service, candidate.id))
        self._events.deployment_changed(
            service, candidate.id, "IN_PROGRESS", candidate.rollout_reason
        )
        self._wake(service)
