"""What containers write to CloudWatch Logs."""

from __future__ import annotations

from embedded.services.ecs.containers import Container
from embedded.services.ecs.names import Place
from embedded.services.ecs.simulation import Simulation
from embedded.services.ecs.tasks import Task


def write(
    simulation: Simulation, place: Place, task: Task, container: Container, lines: tuple[str, ...]
) -> None:
    """Log stream `prefix/container/task-id` ("Using the awslogs log driver")."""
    options = container.log_options
    if not options or not lines or "awslogs-group" not in options:
        return
    prefix = options.get("awslogs-stream-prefix")
    stream = f"{prefix}/{container.name}/{task.id}" if prefix else container.runtime_id
    simulation.write_logs(place, options["awslogs-group"], stream, lines, simulation.now())
