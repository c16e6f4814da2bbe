"""A service, its deployments and its tasks, as ECS' Describe operations show them."""

from __future__ import annotations

import math

from chalicelib.model.base import Frozen, Moment
from chalicelib.model.stages import RECURRING, Hook

_NETWORK_LOAD_BALANCER_MINUTES = 10
_ROLLING_OUT = frozenset({"PENDING", "IN_PROGRESS"})


class EcsDeployment(Frozen):
    """One entry of `Service.deployments`: a revision that starts, runs, or drains."""

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


class HookSettings(Frozen):
    """A lifecycle hook that a service configures; `minutes` is its time-out, if it sets one."""

    kind: str
    stages: tuple[str, ...] = ()
    minutes: float | None = None


class Strategy(Frozen):
    """How ECS rolls a service out; the defaults are ECS' (API reference, DeploymentConfiguration).

    LINEAR moves `step_percent` of the traffic at a time, and waits `step_minutes` after each step
    but the last. CANARY moves a small part, waits `canary_minutes`, and moves the rest. All
    strategies then watch the new revision for `bake_minutes`. Behind a Network Load Balancer, each
    move of traffic takes about ten minutes more (Amazon ECS developer guide, "Network Load Balancer
    resources for blue/green, linear, and canary deployments"). A hook that is a Lambda function may
    take as long as its time-out says, where it sets one. A hook that pauses takes none of the time:
    ECS waits for a person then.
    """

    name: str = "ROLLING"
    bake_minutes: float = 0
    step_percent: float = 10
    step_minutes: float = 6
    canary_minutes: float = 10
    network_load_balancer: bool = False
    hooks: tuple[HookSettings, ...] = ()

    @property
    def rolling(self) -> bool:
        return self.name == "ROLLING"

    @property
    def minutes(self) -> float:
        """The minutes that the strategy itself takes when all goes well, without task starts."""
        waits = {
            "LINEAR": self.step_minutes * (self._steps - 1),
            "CANARY": self.canary_minutes,
        }.get(self.name, 0)
        balancer = _NETWORK_LOAD_BALANCER_MINUTES * self._moves if self.network_load_balancer else 0
        return self.bake_minutes + waits + balancer + self._hook_minutes

    @property
    def _moves(self) -> int:
        """How many times traffic is moved."""
        return {"BLUE_GREEN": 1, "LINEAR": self._steps, "CANARY": 2}.get(self.name, 0)

    @property
    def _hook_minutes(self) -> float:
        """The time-outs that the hooks of Lambda functions set; those of one stage run together."""
        longest: dict[str, float] = {}
        for hook in self.hooks:
            if hook.kind == "AWS_LAMBDA" and hook.minutes is not None:
                for stage in hook.stages:
                    longest[stage] = max(longest.get(stage, 0), hook.minutes)
        return sum(
            minutes * (max(1, self._moves) if stage in RECURRING else 1)
            for stage, minutes in longest.items()
        )

    @property
    def _steps(self) -> int:
        return math.ceil(100 / self.step_percent) if self.step_percent > 0 else 1


class BreakerThreshold(Frozen):
    """A circuit breaker's `thresholdConfiguration`.

    `kind` is COUNT, BOUNDED_PERCENT or UNBOUNDED_PERCENT.
    """

    kind: str
    value: int


class Service(Frozen):
    """The part of DescribeServices' answer that a deployment depends on.

    `express` says that ECS manages the service (API reference, Service: `resourceManagementType` is
    ECS). Such a service has no `task_definition` of its own; its deployments name theirs.
    """

    name: str
    arn: str
    status: str
    task_definition: str
    desired: int
    running: int
    pending: int
    controller: str = "ECS"
    express: bool = False
    minimum_percent: int | None = None
    maximum_percent: int | None = None
    strategy: Strategy = Strategy()
    early_percent: int | None = None  # of the desired tasks: so many complete a rollout early
    breaker_threshold: BreakerThreshold | None = None
    alarms: tuple[str, ...] = ()  # the CloudWatch alarms that guard its deployments
    deployments: tuple[EcsDeployment, ...] = ()
    service_deployment: str | None = None
    target_groups: tuple[str, ...] = ()
    events: tuple[ServiceEvent, ...] = ()

    @property
    def primary(self) -> EcsDeployment | None:
        """The PRIMARY deployment, which ECS works towards; None when there is none."""
        return next(
            (deployment for deployment in self.deployments if deployment.status == "PRIMARY"), None
        )

    @property
    def revision(self) -> str:
        """The ARN of the revision that ECS works towards: PRIMARY's, else the service's own."""
        return self.primary.task_definition if self.primary else self.task_definition

    def runs(self, revision: str) -> bool:
        """Whether ECS works towards this revision (an ARN)."""
        return self.primary is not None and self.primary.task_definition == revision

    @property
    def steady(self) -> EcsDeployment | None:
        """The PRIMARY deployment when its rollout has ended well, else None.

        Earlier deployments may still drain beside it (early success with deferred clean-up). Behind
        a Classic Load Balancer, ECS gives no `rolloutState`; there, a single deployment that runs
        the desired number of tasks counts as steady (API reference, Deployment).
        """
        primary = self.primary
        if primary is None:
            return None
        if primary.rollout_state:
            return primary if primary.rollout_state == "COMPLETED" else None
        alone = len(self.deployments) == 1 and not primary.pending
        return primary if alone and primary.running == primary.desired else None


class ServiceDeployment(Frozen):
    """One entry of DescribeServiceDeployments, which alone tells for sure how a rollout ended.

    `ended_at` is when it finished or was stopped (UTC). `alarms` names the CloudWatch alarms that
    it triggered. `stage` is its lifecycle stage, and `hooks` are those of this stage. `traffic` is
    the percentage of the production traffic that ECS directs to the new revision; it is None where
    ECS directs none.
    """

    arn: str
    status: str
    reason: str = ""
    target_revision: str = ""
    rollback_reason: str = ""
    created_at: Moment | None = None
    ended_at: Moment | None = None
    alarms: tuple[str, ...] = ()
    stage: str = ""
    traffic: float | None = None
    hooks: tuple[Hook, ...] = ()

    @property
    def rolls_out(self) -> bool:
        """Whether it goes on, and nothing has stopped it or turned it back."""
        return self.status in _ROLLING_OUT

    @property
    def waiting_hooks(self) -> tuple[Hook, ...]:
        """The hooks that wait for a person."""
        if not self.rolls_out:
            return ()
        return tuple(hook for hook in self.hooks if hook.awaits_a_person)


class RunningTask(Frozen):
    """One running task of a deployment (DescribeTasks)."""

    id: str
    started_at: Moment | None = None


class StoppedContainer(Frozen):
    """How one container of a stopped task ended. `exit_code` is None when it never ran."""

    name: str
    reason: str = ""
    exit_code: int | None = None


class StoppedTask(Frozen):
    """Why one task of a deployment ended (DescribeTasks). `started_at` is None if it never ran.

    `container`, `container_reason` and `exit_code` are those of the container that ended the task
    (`explain/ending.py` finds it); `containers` holds all of them.
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


class ServiceTask(Frozen):
    """One task of a service, as a person sees it (DescribeTasks); `end` is None while it runs.

    `status` is ECS' `lastStatus`, and `ecs_deployment` is the ECS deployment that started it.
    """

    id: str
    task_definition: str
    status: str
    health: str = ""
    ecs_deployment: str = ""
    created_at: Moment | None = None
    started_at: Moment | None = None
    end: StoppedTask | None = None


class ServiceTasks(Frozen):
    """The tasks of a service that run, and those that ended within the last hour, newest first.

    `complete` says that ECS had no more than were read.
    """

    tasks: tuple[ServiceTask, ...]
    complete: bool = True


class Tasks(Frozen):
    """The tasks that one ECS deployment started, as far as Slipway read them.

    `stopped` are those that ended within the last hour, newest first. `running` are the others; it
    is None when they were not read, and then no crash loop is called. `log` holds the last log
    lines, oldest first, of the newest task that crashed at once.
    """

    stopped: tuple[StoppedTask, ...] = ()
    running: tuple[RunningTask, ...] | None = None
    log: tuple[str, ...] = ()
