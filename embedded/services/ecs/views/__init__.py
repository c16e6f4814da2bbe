"""Values of the simulation -> the shapes of ECS' API (and of its task events)."""

from __future__ import annotations

from .history import service_deployment_brief, service_deployment_view, service_revision_view
from .members import epoch, present
from .services import service_view
from .tasks import task_view

__all__ = [
    "epoch",
    "present",
    "service_deployment_brief",
    "service_deployment_view",
    "service_revision_view",
    "service_view",
    "task_view",
]
