"""Service revisions and service deployments: the history of a service.

Documented ("View service history using Amazon ECS service deployments"): PENDING, IN_PROGRESS;
STOP_REQUESTED then STOPPED when a user starts another deployment, or when it fails and rollback is
not in use; ROLLBACK_REQUESTED then ROLLBACK_IN_PROGRESS when a user asks for a rollback;
ROLLBACK_IN_PROGRESS ends as ROLLBACK_SUCCESSFUL or ROLLBACK_FAILED.
Inferred: a deployment that rolls back while another one starts ends as ROLLBACK_FAILED (the only
way out that is documented, besides success).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from embedded.services.ecs.balancers import resolved
from embedded.services.ecs.definitions import TaskDefinition
from embedded.services.ecs.hooks import HookRun
from embedded.services.ecs.strategy import Step, rolls

UNDECIDED = frozenset({"PENDING", "IN_PROGRESS"})
FINISHED = frozenset({"SUCCESSFUL", "STOPPED", "ROLLBACK_SUCCESSFUL", "ROLLBACK_FAILED"})


@dataclass(frozen=True)
class ServiceRevision:
    arn: str
    id: str
    service_arn: str
    cluster_arn: str
    definition: TaskDefinition
    settings: dict[str, Any]
    digests: dict[str, str | None]  # of each container's image, by container name
    created_at: datetime
    alternate: bool = False  # registers with the alternate target groups

    @property
    def balancers(self) -> list[dict[str, Any]]:
        """Its load balancers, with the target groups that its tasks register with."""
        return resolved(self.settings, alternate=self.alternate)


@dataclass
class RevisionSummary:
    """Task counts and traffic of one revision in a service deployment; frozen when that finishes.

    The traffic is in percent; None where ECS shifts none.
    """

    revision: ServiceRevision
    requested: int = 0
    running: int = 0
    pending: int = 0
    production: float | None = None
    test: float | None = None


@dataclass
class Rollback:
    reason: str
    started_at: datetime
    service_revision_arn: str | None


@dataclass
class ServiceDeployment:
    arn: str
    service_arn: str
    cluster_arn: str
    deployment_id: str  # the `ecs-svc/…` that it brings up
    configuration: dict[str, Any]
    target: RevisionSummary
    sources: list[RevisionSummary]
    created_at: datetime
    updated_at: datetime
    status: str = "PENDING"
    reason: str | None = None
    stage: str | None = None
    steps: tuple[Step, ...] = ()  # all stages; none for a rolling update
    position: int = -1  # in `steps`
    entered_at: datetime | None = None  # when the stage began
    hooks: tuple[HookRun, ...] = ()  # those of the stage
    passed: frozenset[str] = frozenset()  # stages of a rolling update whose hooks have succeeded
    source_id: str | None = None  # the `ecs-svc/…` that it replaces: blue
    started_at: datetime | None = None
    finished_at: datetime | None = None
    stopped_at: datetime | None = None
    decided_at: datetime | None = None  # when it stopped being UNDECIDED; no API tells it
    rollback: Rollback | None = None
    threshold: int = 0  # of the circuit breaker, and so are the next two
    failure_count: int = 0
    breaker_status: str = "MONITORING"
    triggered_alarms: list[str] = field(default_factory=list)

    @property
    def finished(self) -> bool:
        return self.status in FINISHED

    @property
    def rolling_back(self) -> bool:
        return self.status == "ROLLBACK_IN_PROGRESS"

    @property
    def moves(self) -> bool:
        """Whether it goes on: forward, or back."""
        return self.status in ("IN_PROGRESS", "ROLLBACK_IN_PROGRESS")

    @property
    def rolling(self) -> bool:
        """Whether its strategy is the rolling update."""
        return rolls(self.configuration)

    @property
    def step(self) -> Step | None:
        """The step that it is in; None before the first one and of a rolling update."""
        return self.steps[self.position] if self.position >= 0 else None

    def runs(self, deployment_id: str) -> bool:
        """Whether the step, or the first one, keeps this deployment at full size.

        A deployment in stages keeps the two environments, or one of them.
        """
        step = self.step or self.steps[0]
        if deployment_id == self.source_id:
            return step.blue
        return deployment_id == self.deployment_id and step.green

    def summary(self, revision_arn: str) -> RevisionSummary | None:
        everything = (self.target, *self.sources)
        return next((each for each in everything if each.revision.arn == revision_arn), None)

    @property
    def breaker(self) -> dict[str, Any]:
        return self.configuration.get("deploymentCircuitBreaker") or {}

    @property
    def early(self) -> dict[str, Any]:
        """The early success criteria, while they are in use."""
        found = self.configuration.get("earlySuccessCriteria") or {}
        return found if found.get("enable") and self.status == "IN_PROGRESS" else {}

    @property
    def alarms(self) -> dict[str, Any]:
        return self.configuration.get("alarms") or {}

    def move(self, status: str, now: datetime, reason: str | None = None) -> None:
        """Take on `status`, with the timestamps that belong to it."""
        self.status = status
        self.updated_at = now
        self.reason = reason or self.reason
        if status not in UNDECIDED:
            self.decided_at = self.decided_at or now
        if status == "IN_PROGRESS":
            self.started_at = now
        if status in FINISHED:
            self.finished_at = now
            self.hooks = ()
            if self.breaker_status == "MONITORING":
                self.breaker_status = "MONITORING_COMPLETE"
        if status == "STOPPED":
            self.stopped_at = now
