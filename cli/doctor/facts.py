"""What doctor knows: plain values. None means that AWS did not say; a rule then finds nothing."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from chalicelib.model.base import Frozen, Moment
from chalicelib.model.services import Service
from chalicelib.model.targets import Target
from cli.package.globs import meet


class HealthCheck(Frozen):
    """A container's health check (ECS API reference, HealthCheck, with its defaults)."""

    interval: int = 30
    retries: int = 3
    start_period: int = 0


class Container(Frozen):
    """One container of a task definition. `log_group` is that of the awslogs driver, if any."""

    name: str
    image: str
    essential: bool = True
    health_check: HealthCheck | None = None
    stop_timeout: int | None = None
    log_group: str = ""
    log_region: str = ""
    creates_log_group: bool = False


class Revision(Frozen):
    """A task definition's revision, as far as doctor judges it. Empty where nothing is set."""

    arn: str
    family: str
    containers: tuple[Container, ...]
    task_role: str = ""
    execution_role: str = ""
    architecture: str = ""
    system: str = ""
    active: bool = True

    @property
    def roles(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(filter(None, (self.task_role, self.execution_role))))


class TargetGroup(Frozen):
    """A target group's health check and its deregistration delay, in seconds."""

    arn: str
    interval: int
    timeout: int
    unhealthy_threshold: int
    delay: int | None = None

    @property
    def name(self) -> str:
        return self.arn.rpartition(":targetgroup/")[2].partition("/")[0]


class ServiceSettings(Frozen):
    """What DescribeServices says besides `Service`; `configuration` is ECS' own JSON."""

    breaker: bool = False
    rollback: bool = False
    fargate: bool = False
    grace: int | None = None
    configuration: dict[str, Any] = Field(default_factory=dict)


class TasksSeen(Frozen):
    """What the service's tasks show: pull times (seconds), and containers killed with SIGKILL."""

    pulls: tuple[float, ...] = ()
    killed: tuple[str, ...] = ()


class Measured(Frozen):
    """The medians of so many recent `deployments`, in seconds (see docs/where-the-time-went.md).

    `pull` is how long new tasks pulled, and `start` how long they waited for capacity and started.
    """

    deployments: int
    pull: float
    start: float


class StoredImage(Frozen):
    """One tagged image of a repository; `size` is the compressed size in bytes.

    One that was archived is there, and cannot be pulled.
    """

    digest: str
    tags: tuple[str, ...]
    pushed_at: Moment
    size: int = 0
    archived: bool = False


class Expiry(Frozen):
    """A lifecycle rule that deletes images: those beyond `count`, or older than `days`.

    It selects every image, or those that have a tag like each of the `patterns` (`*` is anything).
    """

    count: int | None = None
    days: int | None = None
    patterns: tuple[str, ...] = ()

    def selects(self, image: StoredImage) -> bool:
        return all(any(meet(wanted, tag) for tag in image.tags) for wanted in self.patterns)


class Repository(Frozen):
    """A repository. `images` are the tagged ones, newest push first."""

    exists: bool | None = None
    mutable: bool | None = None
    scans: bool | None = None
    images: tuple[StoredImage, ...] | None = None
    expiries: tuple[Expiry, ...] | None = None
    # of the newest image that the target's rule lets deploy, as "linux/arm64"
    platforms: tuple[str, ...] | None = None


class RollbackImage(Frozen):
    """The image of an older revision that a rollback may need."""

    revision: str
    digest: str
    there: bool


class ScheduledFacts(Frozen):
    """A rule's ECS target, or a schedule, that follows a target.

    `task_definition` is the ARN that it names, empty for a universal target. `role` is the one with
    which AWS starts its tasks. `runs_next` says whether that role may run the family's next
    revision, and `not_passed` are the roles of the task definition that it may not pass.
    """

    label: str
    task_definition: str = ""
    role: str = ""
    active: bool | None = None
    runs_next: bool | None = None
    not_passed: tuple[str, ...] = ()


class TargetFacts(Frozen):
    """Everything about one target."""

    stage: str
    target: Target
    others: tuple[str, ...] | None = None  # the cluster's services, when ours is not among them
    exists: bool | None = None
    service: Service | None = None
    settings: ServiceSettings | None = None
    running: Revision | None = None
    family_exists: bool | None = None
    base: Revision | None = None  # what the next revision is rendered from
    log_groups: dict[str, bool] = Field(default_factory=dict)  # those that were looked up
    target_groups: tuple[TargetGroup, ...] | None = None
    tasks: TasksSeen | None = None
    measured: Measured | None = None
    repository: Repository = Repository()
    returns: tuple[RollbackImage, ...] | None = None
    not_passed: tuple[str, ...] | None = None  # roles that IAM itself says may not be passed
    scheduled: tuple[ScheduledFacts, ...] | None = None
    follows_nothing: tuple[str, ...] = ()  # names in `follow` that lead to no ECS target


class EventRule(Frozen):
    """An EventBridge rule of the stack."""

    name: str
    enabled: bool


class StackFacts(Frozen):
    """Everything about the stack `slipway-STAGE`."""

    stage: str
    exists: bool | None = None
    status: str = ""
    version: str | None = None  # None: AWS did not say; empty: its package said none
    checkout: str = ""
    missing_functions: tuple[str, ...] | None = None
    rules: tuple[EventRule, ...] | None = None
    queue: str = ""
    waiting: int | None = None  # events in the dead-letter queue
    alarms: tuple[str, ...] | None = None  # those that ring
    failed_executions: tuple[str, ...] | None = None
    secrets: dict[str, bool] = Field(default_factory=dict)  # of the channels, by their names

    @property
    def name(self) -> str:
        return f"slipway-{self.stage}"
