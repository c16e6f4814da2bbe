"""How long each part of a simulated rollout takes, in simulated seconds."""

from __future__ import annotations

from dataclasses import dataclass

RETENTION_OF_STOPPED_TASKS = 3600.0  # DescribeTasks: "stopped tasks ... for at least one hour"
HISTORY = 90 * 86400.0  # "View service history …": service deployments of the last 90 days
LONGEST_BACKOFF = 27 * 60.0  # "Amazon ECS service throttle logic": at most 27 minutes


@dataclass(frozen=True)
class Timings:
    """Durations between the states of a task and of a deployment.

    With the defaults, a good rollout of two tasks without a load balancer takes about 30 seconds,
    until the old tasks are gone. All are inferred unless a line names a page.
    """

    deployment_start: float = (
        1.6  # PENDING -> IN_PROGRESS; AWS CLI example of ListServiceDeployments
    )
    scheduler_delay: float = 1.0  # between a change and the service scheduler's reaction
    stop_request: float = (
        1.0  # STOP_REQUESTED -> STOPPED, ROLLBACK_REQUESTED -> ROLLBACK_IN_PROGRESS
    )

    stage: float = 1.0  # a lifecycle stage in which nothing has to be waited for
    hook: float = 0.5  # between the beginning of a stage and the call of its Lambda hooks
    rollback: float = 15.0  # at least, even if the old tasks never stopped; users saw a minute

    provisioning: float = 3.0  # network interface
    pulling: float = 6.0  # PENDING: image pull and container start
    activating: float = 1.0
    settling: float = 5.0  # RUNNING -> counts as healthy, no health check, no load balancer
    container_health: float = 8.0  # RUNNING -> HEALTHY, where a health check is defined
    target_health: float = 10.0  # RUNNING -> healthy in the target group
    command: float = 8.0  # RUNNING -> exit code 0, of a command that RunTask overrides
    deactivating: float = 2.0
    deregistration: float = 5.0  # added to `deactivating` behind a load balancer
    stopping: float = 3.0
    deprovisioning: float = 3.0

    placement_retry: float = 15.0  # between two attempts to place a task
    first_backoff: float = 5.0  # after a task that never reached RUNNING; doubles each time

    @classmethod
    def documented(cls) -> Timings:
        """The durations with AWS' 40 seconds until a task without checks counts as healthy.

        API reference, DeploymentConfiguration.minimumHealthyPercent. The default above is shorter:
        a good rollout then takes the 30 seconds that operators see with a health check.
        """
        return cls(settling=40.0)

    def backoff(self, failures: int) -> float:
        """Seconds until the next start after `failures` tasks in a row never reached RUNNING."""
        if failures <= 0:
            return 0.0
        return min(self.first_backoff * 2.0 ** min(failures - 1, 12), LONGEST_BACKOFF)
