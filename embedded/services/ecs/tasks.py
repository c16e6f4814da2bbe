"""A task, as plain values; `lifecycle` moves it through its states."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from embedded.clock.clock import Timer
from embedded.services.ecs.containers import Container
from embedded.services.ecs.definitions import TaskDefinition
from embedded.services.ecs.faults import Fault, UnhealthyTarget

SERVICE_GROUP = "service:"  # what the group of a service's task begins with
# The stop codes of tasks that fail by themselves; all others have a cause outside of the task.
OWN_FAILURES = frozenset({"TaskFailedToStart", "EssentialContainerExited"})


@dataclass
class Task:
    id: str
    arn: str
    cluster_arn: str
    cluster: str
    group: str  # service:NAME; a standalone task has any other
    started_by: str | None  # the id of its deployment; of a standalone task, what RunTask said
    definition: TaskDefinition
    settings: dict[str, Any]  # launchType, platformVersion, … of the service revision or of RunTask
    containers: list[Container]
    created_at: datetime
    attachment_id: str
    faults: tuple[Fault, ...] = ()
    overrides: dict[str, Any] = field(default_factory=dict)  # as RunTask was given them
    tags: list[dict[str, str]] = field(default_factory=list)
    last_status: str = "PROVISIONING"
    desired_status: str = "RUNNING"
    version: int = 1
    connectivity_at: datetime | None = None
    pull_started_at: datetime | None = None
    pull_stopped_at: datetime | None = None
    started_at: datetime | None = None
    stopping_at: datetime | None = None
    execution_stopped_at: datetime | None = None
    stopped_at: datetime | None = None
    stop_code: str | None = None
    stopped_reason: str | None = None
    healthy: bool = False  # counts towards the minimum healthy percent
    was_healthy: bool = False
    failed_health: bool = False  # stopped because a health check failed
    timers: list[Timer] = field(default_factory=list, repr=False)

    @property
    def standalone(self) -> bool:
        """Started by RunTask: it belongs to no service."""
        return not self.group.startswith(SERVICE_GROUP)

    @property
    def owner(self) -> str:
        """CLUSTER/SERVICE; of a standalone task CLUSTER/GROUP."""
        return f"{self.cluster}/{self.group.removeprefix(SERVICE_GROUP)}"

    @property
    def service_key(self) -> str:
        """CLUSTER/SERVICE; empty for a standalone task."""
        return "" if self.standalone else self.owner

    @property
    def live(self) -> bool:
        """Neither STOPPED nor told to stop."""
        return self.desired_status == "RUNNING"

    @property
    def own_failure(self) -> bool:
        """Stops or has stopped by its own fault."""
        return self.stop_code in OWN_FAILURES

    @property
    def failing(self) -> bool:
        """Stops by its own fault: its place is not free before it is STOPPED."""
        return not self.live and self.last_status != "STOPPED" and self.own_failure

    @property
    def checked(self) -> bool:
        """Has an essential container with a health check."""
        return any(each.checked and each.essential for each in self.containers)

    @property
    def address(self) -> str:
        """Its own address in the network mode `awsvpc`; empty in others."""
        awsvpc = self.definition.body.get("networkMode") == "awsvpc"
        return f"10.0.{int(self.id[:2], 16)}.{int(self.id[2:4], 16)}" if awsvpc else ""

    @property
    def target_fault(self) -> UnhealthyTarget | None:
        """Why the load balancer finds it unhealthy, sooner or later."""
        return next((each for each in self.faults if isinstance(each, UnhealthyTarget)), None)

    @property
    def balanced(self) -> bool:
        """Runs behind a load balancer."""
        return bool(self.settings.get("loadBalancers"))

    @property
    def target_group(self) -> str:
        """The target group, or the Classic Load Balancer, that it is registered with."""
        balancer = self._balancer
        return str(balancer.get("targetGroupArn") or balancer.get("loadBalancerName"))

    @property
    def target_port(self) -> int:
        return int(self._balancer.get("containerPort", 0))

    @property
    def _balancer(self) -> dict[str, Any]:
        balancers: list[dict[str, Any]] = self.settings.get("loadBalancers") or [{}]
        return balancers[0]

    @property
    def health(self) -> str:
        """HEALTHY when all essential containers with a check are (API reference, Task)."""
        found = {each.health for each in self.containers if each.checked and each.essential}
        if "UNHEALTHY" in found:
            return "UNHEALTHY"
        return "HEALTHY" if found == {"HEALTHY"} else "UNKNOWN"

    @property
    def fargate(self) -> bool:
        return str(self.settings.get("launchType")) == "FARGATE"

    def cancel_timers(self) -> None:
        for timer in self.timers:
            timer.cancel()
        self.timers.clear()
