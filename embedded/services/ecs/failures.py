"""How deployments fail, roll back and are stopped.

Documented: "How the Amazon ECS deployment circuit breaker detects failures" (the last COMPLETED
deployment becomes IN_PROGRESS again under its own id; without one the deployment stalls), "How
CloudWatch alarms detect Amazon ECS deployment failures", "Stopping Amazon ECS service deployments".
Inferred: a rollback without candidate ends the service deployment as ROLLBACK_FAILED; a deployment
that a user stops keeps its rollout state IN_PROGRESS while it drains, and causes no FAILED event;
ABORT leaves the tasks as they are and starts no more.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from embedded.services.ecs import service_deployments as reasons
from embedded.services.ecs import words
from embedded.services.ecs.deployments import Deployments
from embedded.services.ecs.errors import Conflict
from embedded.services.ecs.events import Events
from embedded.services.ecs.rollout import breaker_threshold
from embedded.services.ecs.service import Deployment, Service
from embedded.services.ecs.service_deployments import Rollback, ServiceDeployment
from embedded.services.ecs.simulation import Simulation


@dataclass(frozen=True)
class Failure:
    """Why a deployment is given up, in the words of each place that tells it."""

    event: str
    rollout: str
    service_event: str
    stopped: str
    rolled_back: str
    rolling_back: Callable[[str], str]


BREAKER = Failure(
    event=words.BREAKER_EVENT,
    rollout=words.BREAKER_FAILED,
    service_event="tasks failed to start",
    stopped=reasons.BREAKER_STOP,
    rolled_back=reasons.BREAKER_ROLLBACK,
    rolling_back=words.breaker_rolling_back,
)
ALARM = Failure(
    event=words.ALARM_FAILED,
    rollout=words.ALARM_FAILED,
    service_event="alarm detected",
    stopped=reasons.ALARM_STOP,
    rolled_back=reasons.ALARM_ROLLBACK,
    rolling_back=words.alarm_rolling_back,
)


class Failures:
    """Gives deployments up; `wake` has the scheduler look at a service again."""

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

    def trip_breaker(self, service: Service) -> None:
        """Give the PRIMARY up when its failed tasks have reached the breaker's threshold."""
        primary, ongoing = service.primary, service.ongoing
        if primary is None or ongoing is None or not ongoing.breaker.get("enable"):
            return
        ongoing.threshold = breaker_threshold(
            service.desired_count, ongoing.breaker.get("thresholdConfiguration")
        )
        if ongoing.status == "IN_PROGRESS":
            ongoing.failure_count = primary.failed_tasks
        if primary.failed_tasks < ongoing.threshold or not primary.launches:
            return
        if ongoing.rolling_back:
            self._fail_primary(service, primary, BREAKER)
            ongoing.move("ROLLBACK_FAILED", self._simulation.now(), reasons.ROLLBACK_BROKEN)
        elif ongoing.status == "IN_PROGRESS":
            ongoing.breaker_status = "TRIGGERED"
            self._fail(service, BREAKER, rollback=bool(ongoing.breaker.get("rollback")))

    def alarm(self, service: Service, name: str) -> bool:
        """A CloudWatch alarm goes off; False when no ongoing deployment watches it."""
        ongoing = service.ongoing
        watched = ongoing is not None and ongoing.status == "IN_PROGRESS"
        if ongoing is None or not watched or not ongoing.alarms.get("enable"):
            return False
        if name not in ongoing.alarms.get("alarmNames", []):
            return False
        ongoing.triggered_alarms.append(name)
        self._fail(service, ALARM, rollback=bool(ongoing.alarms.get("rollback")))
        return True

    def stop(self, service: Service, found: ServiceDeployment, kind: str) -> None:
        """StopServiceDeployment: ROLLBACK or ABORT; one that stops already just goes on.

        Raises:
            Conflict: it has finished.
        """
        if found.finished:
            raise Conflict(
                f"The service deployment is in {found.status} state and cannot be stopped."
            )
        if found.status not in ("PENDING", "IN_PROGRESS"):
            return
        now = self._simulation.now()
        if kind == "ABORT":
            self._abort(service, found)
            return
        found.move("ROLLBACK_REQUESTED", now)
        self._simulation.later(
            self._simulation.timings.stop_request,
            lambda: self._roll_back_on_request(service, found),
        )

    def _abort(self, service: Service, found: ServiceDeployment) -> None:
        primary = service.primary
        if primary is not None:
            primary.launches = False
            primary.baking = False
        self._deployments.stop_requested(found, reasons.USER_ABORT)

    def _fail(self, service: Service, failure: Failure, *, rollback: bool) -> None:
        primary, ongoing = service.primary, service.ongoing
        if primary is None or ongoing is None:
            return
        self._fail_primary(service, primary, failure)
        if not rollback:
            self._deployments.stop_requested(ongoing, failure.stopped)
        else:
            self._roll_back(service, ongoing, failure.rolled_back, failure.rolling_back)

    def _fail_primary(self, service: Service, primary: Deployment, failure: Failure) -> None:
        primary.rollout_state = "FAILED"
        primary.rollout_reason = failure.rollout
        primary.updated_at = self._simulation.now()
        primary.launches = False
        primary.baking = False
        told = words.deployment_failed(service, primary.id, failure.service_event)
        self._deployments.tell(service, told)
        self._events.deployment_changed(service, primary.id, "FAILED", failure.event)

    def _roll_back_on_request(self, service: Service, found: ServiceDeployment) -> None:
        if found.status == "ROLLBACK_REQUESTED":
            self._roll_back(service, found, reasons.USER_ROLLBACK, words.in_progress)

    def _roll_back(
        self,
        service: Service,
        found: ServiceDeployment,
        reason: str,
        rolling_back: Callable[[str], str],
    ) -> None:
        """Bring the last COMPLETED deployment back as PRIMARY, under its own id."""
        now = self._simulation.now()
        candidate = service.completed
        primary = service.primary
        if candidate is None or primary is None:
            if primary is not None:
                primary.launches = False
            found.move("ROLLBACK_FAILED", now, reasons.NO_CANDIDATE)
            return
        found.rollback = Rollback(reason, now, candidate.revision.arn)
        found.move("ROLLBACK_IN_PROGRESS", now, reason)
        self._deployments.demote(primary)
        self._deployments.promote(service, candidate, rolling_back(candidate.id))
        self._deployments.tell(service, words.rolling_back(service, candidate.id))
        self._events.deployment_changed(
            service, candidate.id, "IN_PROGRESS", candidate.rollout_reason
        )
        self._wake(service)
