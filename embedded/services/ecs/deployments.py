"""How deployments begin, complete, and take each other's place.

Documented: "View service history using Amazon ECS service deployments" (a new deployment stops the
one under way), "How CloudWatch alarms detect Amazon ECS deployment failures" (the bake time), and
for early success criteria their API reference and "Complete Amazon ECS rolling deployments early
with early success criteria": the healthy tasks are rounded up; then the bake time; BLOCKING cleans
up and completes, DEFERRED completes and cleans up; no breaker and no alarm acts after that.
Inferred: a deployment that begins while another rolls back ends that rollback as ROLLBACK_FAILED.
Inferred of early success:
  cleaning up stops all old tasks at once, down to the minimum; until then, also in the bake time,
  the rollout goes on like any other; a task that fails does not end a bake time that has begun;
  0 percent completes as soon as ECS looks; a rollback ends in the ordinary way; the criteria are
  those from the beginning of the deployment; until the old tasks are gone, their deployment stays
  ACTIVE beside the COMPLETED one; the steady state is told once both are done; a rolling deployment
  has the stage CLEAN_UP too.
"""

from __future__ import annotations

from collections.abc import Callable

from embedded.clock.clock import seconds_between
from embedded.services.ecs import traffic, words
from embedded.services.ecs.events import Events
from embedded.services.ecs.names import Place
from embedded.services.ecs.service import Deployment, Service, ServiceEvent
from embedded.services.ecs.service_deployments import (
    RevisionSummary,
    ServiceDeployment,
    ServiceRevision,
)
from embedded.services.ecs.simulation import Simulation

SUPERSEDED = "Service deployment stopped because a new service deployment was started."  # inferred
ROLLBACK_SUPERSEDED = "Rollback ended because a new service deployment was started."  # inferred


class Deployments:
    """Changes the deployments of services; `wake` makes the scheduler look at a service again."""

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
        """Make `revision` the PRIMARY; the one before becomes ACTIVE, and its tasks stop."""
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
        service.revisions.append(revision)
        if service.controller == "ECS":
            self._supersede(service)
            self._record(service, deployment)
        for older in service.deployments:
            self.demote(older)
        service.deployments.insert(0, deployment)
        service.steady = False
        self._simulation.later(
            self._simulation.timings.deployment_start, lambda: self._launch(service, deployment)
        )
        return deployment

    def complete(self, service: Service) -> None:
        """The PRIMARY runs all its tasks and nothing else runs, or it succeeds early."""
        now = self._simulation.now()
        primary = service.primary
        if primary is None or service.controller != "ECS":
            return
        primary.rollout_state = "COMPLETED"
        primary.rollout_reason = words.completed(primary.id)
        primary.updated_at = now
        primary.baking = False
        primary.cleaning = True
        service.completed = primary
        ongoing = service.ongoing
        if ongoing is not None:
            ongoing.stage = None
            ongoing.move("ROLLBACK_SUCCESSFUL" if ongoing.rolling_back else "SUCCESSFUL", now)
        self.tell(service, words.deployment_completed(service, primary.id))
        self._events.deployment_changed(service, primary.id, "COMPLETED", primary.rollout_reason)
        if len(service.deployments) > 1:
            self._wake(service)

    def clean_up(self, service: Service) -> None:
        """The bake time is over: complete; where the old tasks block that, stop them first."""
        primary, ongoing = service.primary, service.ongoing
        if primary is None:
            return
        primary.baking = False
        early = ongoing is not None and ongoing.early.get("sourceServiceRevisionCleanup")
        if ongoing is not None and early == "BLOCKING" and len(service.deployments) > 1:
            primary.cleaning = True
            ongoing.stage = "CLEAN_UP"
            self._wake(service)
        else:
            self.complete(service)

    def bake(self, service: Service, deployment: Deployment, seconds: float) -> None:
        """Wait for a rolling deployment's bake time; alarms can still fail it."""
        deployment.baking = True
        ongoing = service.ongoing
        if ongoing is not None:
            ongoing.stage = "BAKE_TIME"

        def end() -> None:
            if deployment.baking and service.primary is deployment:
                self.clean_up(service)

        self._simulation.later(seconds, end)

    def rollback_lasts(self, service: Service) -> bool:
        """Whether a rollback has not lasted long enough; if so, look again when it has."""
        ongoing = service.ongoing
        if ongoing is None or ongoing.rollback is None:
            return False
        lasted = seconds_between(ongoing.rollback.started_at, self._simulation.now())
        remaining = self._simulation.timings.rollback - lasted
        if remaining > 0:
            self._simulation.later(remaining, lambda: self._wake(service))
        return remaining > 0

    def _launch(self, service: Service, deployment: Deployment) -> None:
        found = self._of(service, deployment)
        if found is not None and found.status == "PENDING":
            found.move("IN_PROGRESS", self._simulation.now())
            found.stage = found.steps[0].stage if found.steps else None
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
        now, leading = self._simulation.now(), service.leading
        path = f"service-deployment/{service.key}/{self._simulation.ids.token()}"
        configuration = service.deployment_configuration
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
            source_id=leading.id if leading else None,
        )
        traffic.begin(service, found)
        service.service_deployments.insert(0, found)

    def _supersede(self, service: Service) -> None:
        ongoing = service.ongoing
        if ongoing is None:
            return
        now = self._simulation.now()
        if ongoing.rolling_back:
            ongoing.move("ROLLBACK_FAILED", now, ROLLBACK_SUPERSEDED)
        elif ongoing.status == "ROLLBACK_REQUESTED":
            ongoing.move("STOPPED", now, SUPERSEDED)
        elif ongoing.status != "STOP_REQUESTED":
            self.stop_requested(ongoing, SUPERSEDED)

    def stop_requested(self, found: ServiceDeployment, reason: str) -> None:
        """STOP_REQUESTED, and STOPPED a moment later."""
        found.move("STOP_REQUESTED", self._simulation.now(), reason)
        self._simulation.later(
            self._simulation.timings.stop_request,
            lambda: found.move("STOPPED", self._simulation.now()),
        )

    def demote(self, deployment: Deployment) -> None:
        """Make it ACTIVE: the scheduler stops its tasks."""
        deployment.status = "ACTIVE"
        deployment.baking = deployment.cleaning = False
        deployment.updated_at = self._simulation.now()

    def promote(self, service: Service, deployment: Deployment, reason: str) -> None:
        """Bring an earlier deployment back as PRIMARY, under its own id."""
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
