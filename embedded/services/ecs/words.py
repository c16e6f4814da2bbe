"""The texts that the service scheduler writes: service events, rollout state reasons.

The wording is that of "Viewing Amazon ECS service event messages". The texts of the circuit
breaker, of alarms and of stops are beside their rules, in `breaker`, `alarms` and `failures`.
"""

from __future__ import annotations

from collections.abc import Sequence

from embedded.services.ecs.service import Service
from embedded.services.ecs.tasks import Task


def in_progress(deployment_id: str) -> str:
    return f"ECS deployment {deployment_id} in progress."


def completed(deployment_id: str) -> str:
    return f"ECS deployment {deployment_id} completed."


def _about(service: Service) -> str:
    return f"(service {service.name})"


def _list(tasks: Sequence[Task]) -> str:
    return " ".join(f"(task {task.id})" for task in tasks)


def started(service: Service, tasks: Sequence[Task]) -> str:
    return f"{_about(service)} has started {len(tasks)} tasks: {_list(tasks)}."


def stopped(service: Service, tasks: Sequence[Task]) -> str:
    return f"{_about(service)} has stopped {len(tasks)} running tasks: {_list(tasks)}."


def registered(service: Service, group: str) -> str:
    return f"{_about(service)} registered 1 targets in (target-group {group})"


def deregistered(service: Service, count: int, group: str) -> str:
    return f"{_about(service)} deregistered {count} targets in (target-group {group})"


def draining(service: Service, count: int) -> str:
    return f"{_about(service)} has begun draining connections on {count} tasks."


def steady(service: Service) -> str:
    return f"{_about(service)} has reached a steady state."


def deployment_completed(service: Service, deployment_id: str) -> str:
    return f"{_about(service)} (deployment {deployment_id}) deployment completed."


def deployment_failed(service: Service, deployment_id: str, why: str) -> str:
    return f"{_about(service)} (deployment {deployment_id}) deployment failed: {why}."


def rolling_back(service: Service, deployment_id: str) -> str:
    return f"{_about(service)} rolling back to deployment {deployment_id}."


def unhealthy_container(service: Service, task: Task) -> str:
    return f"{_about(service)} (task {task.id}) failed container health checks."


def unhealthy_target(service: Service, task: Task, description: str) -> str:
    return (
        f"{_about(service)} (task {task.id}) (port {task.target_port}) is unhealthy in "
        f"(target-group {task.target_group}) due to (reason {description})."
    )


def not_placed(service: Service, reason: str, *, fargate: bool) -> str:
    if fargate:
        return (
            f"{_about(service)} was unable to place a task. Reason: Capacity is unavailable at "
            "this time. Please try again later or in a different availability zone."
        )
    missing = reason.removeprefix("RESOURCE:").lower()
    return (
        f"{_about(service)} was unable to place a task because no container instance met all of "
        f"its requirements. The closest matching container-instance has insufficient {missing} "
        "available."
    )


def impaired(service: Service) -> str:
    return f"{_about(service)} is unable to consistently start tasks successfully."


def stuck(service: Service) -> str:
    return (
        f"{_about(service)} was unable to stop or start tasks during a deployment because of the "
        "service deployment configuration. Update the minimumHealthyPercent or maximumPercent "
        "value and try again."
    )


def scaling(deployment_id: str) -> str:
    """`stoppedReason` of a task that is no longer wanted."""
    return f"Scaling activity initiated by (deployment {deployment_id})"
