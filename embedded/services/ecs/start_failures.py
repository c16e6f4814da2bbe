"""Why a task does not start."""

from __future__ import annotations

from embedded.services.ecs.faults import PullError, StartError
from embedded.services.ecs.names import Place
from embedded.services.ecs.simulation import Simulation
from embedded.services.ecs.tasks import Task


def start_failure(simulation: Simulation, place: Place, task: Task) -> str | None:
    """The reason of a fault, or of the first image that cannot be pulled; None where it starts."""
    for fault in task.faults:
        if isinstance(fault, PullError | StartError):
            return fault.reason
    look = simulation.pull_problem
    problems = (look(place, each.image) for each in task.containers) if look else ()
    return next((problem for problem in problems if problem), None)
