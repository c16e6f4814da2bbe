"""Why tasks stop, in ECS' words ("Amazon ECS stopped tasks error messages"), and exit codes."""

from __future__ import annotations

from embedded.services.ecs.tasks import Task

EXITED = "Essential container in task exited"
OUT_OF_MEMORY = "OutOfMemoryError: Container killed due to memory usage"
FAILED_CONTAINER_CHECK = "Task failed container health checks"
FAILED_START = "Task failed to start"
SPOT = "Your Spot Task was interrupted."
RETIREMENT = "ECS is performing maintenance on the underlying infrastructure hosting the task."
HOST_FAILURE = "Host EC2 (instance i-0123456789abcdef0) terminated."
KILLED = 137  # 128 + SIGKILL
TERMINATED = 143  # 128 + SIGTERM


def failed_target_check(task: Task) -> str:
    return f"Task failed ELB health checks in (target-group {task.target_group})"
