"""How deployments begin, complete, fail, roll back and are stopped.

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

from . import service_deployments as reasons
from . import words
from .errors import Conflict
from .events import Events
from .names import Place
from .rollout import breaker_threshold
from .service import Deployment, Service, ServiceEvent
from .service_deployments import (
    RevisionSummary,
    Rollback,
    ServiceDeployment,
    ServiceRevision,
)
from .simulation import Simulation


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


class Deployments:
    """Changes the deployments of services; `wake` has the scheduler look at a service again."""

    def __init__(
        self,
        simulation: Simulation,
        place: Place,
        events: Events,
        wake: Callable[[Service], None],
    ) -> None:
        self._simulation = simulation
        self._place = place
        self._events = events
        self._wake = wake

    def tell(self, service: Service, message: str) -> None:
        """Add a service event, newest first."""
        now = self._simulation.now()
        service.events.appendleft(ServiceEvent(self._simulation.ids.dashed(), now, message))

    def begin(self, service: Service, revision: ServiceRevision) -> Deployment:
        """Make `revision` the PRIMARY; what was PRIMARY becomes ACTIVE and drains."""
        now = self._simulation.now()
        identifier = f"ecs-svc/{self._simulation.ids.digits()}"
        deployment = Deployment(
            id=identifier,
            revision=revision,
            created_at=now,
            updated_at=now,
            desired_count=service.desired_count,
            rollout_reason=words.in_progress(identifier),
        )
        for older in service.deployments:
            self._demote(older)
        service.revisions.append(revision)
        if service.controller == "ECS":
            self._supersede(service)
            self._record(service, deployment)
        service.deployments.insert(0, deployment)
        service.steady = False
        self._simulation.later(
            self._simulation.timings.deployment_start, lambda: self._launch(service, deployment)
        )
        return deployment

    def complete(self, service: Service) -> None:
        """The PRIMARY runs all its tasks, and nothing else runs."""
        now = self._simulation.now()
        primary = service.primary
        if primary is None or service.controller != "ECS":
            return
        primary.rollout_state = "COMPLETED"
        primary.rollout_reason = words.completed(primary.id)
        primary.updated_at = now
        primary.baking = False
        service.completed = primary
        ongoing = service.ongoing
        if ongoing is not None:
            ongoing.stage = None
            ongoing.move("ROLLBACK_SUCCESSFUL" if ongoing.rolling_back else "SUCCESSFUL", now)
        self.tell(service, words.deployment_completed(service, primary.id))
        self._events.deployment_changed(service, primary.id, "COMPLETED", primary.rollout_reason)

    def bake(self, service: Service, deployment: Deployment, seconds: float) -> None:
        """Watch the alarms for the bake time before the deployment counts as completed."""
        deployment.baking = True
        ongoing = service.ongoing
        if ongoing is not None:
            ongoing.stage = "BAKE_TIME"

        def end() -> None:
            if deployment.baking and service.primary is deployment:
                self.complete(service)

        self._simulation.later(seconds, end)

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

    def _launch(self, service: Service, deployment: Deployment) -> None:
        found = self._of(service, deployment)
        if found is not None and found.status == "PENDING":
            found.move("IN_PROGRESS", self._simulation.now())
            self._events.deployment_changed(
                service, deployment.id, "IN_PROGRESS", deployment.rollout_reason
            )
        self._wake(service)

    @staticmethod
    def _of(service: Service, deployment: Deployment) -> ServiceDeployment | None:
        matching = (
            each for each in service.service_deployments if each.deployment_id == deployment.id
        )
        return next(matching, None)

    def _record(self, service: Service, deployment: Deployment) -> None:
        now = self._simulation.now()
        path = f"service-deployment/{service.key}/{self._simulation.ids.token()}"
        configuration = service.deployment_configuration
        breaker = configuration.get("deploymentCircuitBreaker") or {}
        found = ServiceDeployment(
            arn=self._place.arn(path),
            service_arn=service.arn,
            cluster_arn=service.cluster_arn,
            deployment_id=deployment.id,
            configuration=dict(configuration),
            target=RevisionSummary(deployment.revision, requested=service.desired_count),
            sources=[
                RevisionSummary(each.revision, each.desired_count, each.running_count)
                for each in service.deployments
            ],
            created_at=now,
            updated_at=now,
            threshold=breaker_threshold(
                service.desired_count, breaker.get("thresholdConfiguration")
            ),
        )
        service.service_deployments.insert(0, found)

    def _supersede(self, service: Service) -> None:
        ongoing = service.ongoing
        if ongoing is None:
            return
        if ongoing.rolling_back or ongoing.status == "ROLLBACK_REQUESTED":
            ongoing.move("ROLLBACK_FAILED", self._simulation.now(), reasons.ROLLBACK_SUPERSEDED)
        else:
            self._stop_requested(ongoing, reasons.SUPERSEDED)

    def _stop_requested(self, found: ServiceDeployment, reason: str) -> None:
        found.move("STOP_REQUESTED", self._simulation.now(), reason)
        self._simulation.later(
            self._simulation.timings.stop_request,
            lambda: found.move("STOPPED", self._simulation.now()),
        )

    def _abort(self, service: Service, found: ServiceDeployment) -> None:
        primary = service.primary
        if primary is not None:
            primary.launches = False
            primary.baking = False
        self._stop_requested(found, reasons.USER_ABORT)

    def _fail(self, service: Service, failure: Failure, *, rollback: bool) -> None:
        primary, ongoing = service.primary, service.ongoing
        if primary is None or ongoing is None:
            return
        self._fail_primary(service, primary, failure)
        if not rollback:
            self._stop_requested(ongoing, failure.stopped)
        else:
            self._roll_back(service, ongoing, failure.rolled_back, failure.rolling_back)

    def _fail_primary(self, service: Service, primary: Deployment, failure: Failure) -> None:
        primary.rollout_state = "FAILED"
        primary.rollout_reason = failure.rollout
        primary.updated_at = self._simulation.now()
        primary.launches = False
        primary.baking = False
        told = words.deployment_failed(service, primary.id, failure.service_event)
        self.tell(service, told)
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
        self._demote(primary)
        self._promote(service, candidate, rolling_back(candidate.id))
        self.tell(service, words.rolling_back(service, candidate.id))
        self._events.deployment_changed(
            service, candidate.id, "IN_PROGRESS", candidate.rollout_reason
        )
        self._wake(service)

    def _demote(self, deployment: Deployment) -> None:
        deployment.status = "ACTIVE"
        deployment.baking = False
        deployment.updated_at = self._simulation.now()

    def _promote(self, service: Service, deployment: Deployment, reason: str) -> None:
        deployment.status = "PRIMARY"
        deployment.rollout_state, deployment.rollout_reason = "IN_PROGRESS", reason
        deployment.updated_at = self._simulation.now()
        deployment.desired_count = service.desired_count
        deployment.launches = deployment.evaluated = True
        deployment.failed_tasks = deployment.failed_starts = 0
        deployment.not_before = None
        deployment.told_impaired = deployment.told_stuck = False
        others = [each for each in service.deployments if each is not deployment]
        service.deployments = [deployment, *others]
        service.completed = None  # not eligible again before it is COMPLETED
        service.steady = False
