"""A service as ECS tells of it: DescribeServices, DescribeServiceDeployments."""

from __future__ import annotations

from chalicelib.model.base import Frozen, Moment


class EcsDeployment(Frozen):
    """One entry of `Service.deployments`: a revision on its way in, running, or on its way out."""

    id: str
    status: str
    task_definition: str
    desired: int = 0
    running: int = 0
    pending: int = 0
    failed: int = 0
    rollout_state: str = ""
    rollout_reason: str = ""
    created_at: Moment | None = None


class ServiceEvent(Frozen):
    """One line of `Service.events`."""

    at: Moment
    message: str


class BreakerThreshold(Frozen):
    """A circuit breaker's `thresholdConfiguration`: COUNT, BOUNDED_PERCENT, UNBOUNDED_PERCENT."""

    kind: str
    value: int


class Service(Frozen):
    """What DescribeServices says of one service, as far as a deployment depends on it."""

    name: str
    arn: str
    status: str
    task_definition: str
    desired: int
    running: int
    pending: int
    controller: str = "ECS"
    minimum_percent: int | None = None
    maximum_percent: int | None = None
    bake_minutes: int = 0
    early_percent: int | None = None  # of desired tasks, that complete a rollout early
    breaker_threshold: BreakerThreshold | None = None
    deployments: tuple[EcsDeployment, ...] = ()
    service_deployment: str | None = None
    target_groups: tuple[str, ...] = ()
    events: tuple[ServiceEvent, ...] = ()

    @property
    def primary(self) -> EcsDeployment | None:
        """The deployment that ECS works towards."""
        return next((one for one in self.deployments if one.status == "PRIMARY"), None)

    @property
    def steady(self) -> EcsDeployment | None:
        """The PRIMARY deployment when it has ended well.

        Earlier ones may still drain beside it (early success with deferred clean-up).
        `rolloutState` is absent behind a Classic Load Balancer; there, a single deployment whose
        running count is the desired one counts as steady (API reference, Deployment).
        """
        primary = self.primary
        if primary is None:
            return None
        if primary.rollout_state:
            return primary if primary.rollout_state == "COMPLETED" else None
        alone = len(self.deployments) == 1 and not primary.pending
        return primary if alone and primary.running == primary.desired else None


class ServiceDeployment(Frozen):
    """One entry of DescribeServiceDeployments: the truth about how a rollout ended.

    `alarms` are the CloudWatch alarms that were triggered during it.
    """

    arn: str
    status: str
    reason: str = ""
    target_revision: str = ""
    rollback_reason: str = ""
    created_at: Moment | None = None
    alarms: tuple[str, ...] = ()


class RunningTask(Frozen):
    """One task of a deployment that runs (DescribeTasks)."""

    id: str
    started_at: Moment | None = None


class StoppedContainer(Frozen):
    """How one container of a stopped task ended; `exit_code` None: it never ran."""

    name: str
    reason: str = ""
    exit_code: int | None = None


class StoppedTask(Frozen):
    """Why one task of a deployment ended (DescribeTasks); `started_at` None: it never ran.

    `container`, `container_reason` and `exit_code` are those of the container that ended it,
    `containers` all of them (`decide/ending.py`).
    """

    id: str
    stop_code: str = ""
    reason: str = ""
    container: str = ""
    container_reason: str = ""
    exit_code: int | None = None
    started_at: Moment | None = None
    stopped_at: Moment | None = None
    containers: tuple[StoppedContainer, ...] = ()


class Tasks(Frozen):
    """The tasks that one ECS deployment started, as far as they were read.

    `stopped` are those that ended within an hour, newest first; `running` the rest (None: not
    read, and then no crash loop is called). `log` are the last lines of the newest that crashed at
    once, oldest first.
    """

    stopped: tuple[StoppedTask, ...] = ()
    running: tuple[RunningTask, ...] | None = None
    log: tuple[str, ...] = ()
