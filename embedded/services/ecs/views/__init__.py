"""Values of the simulation → the shapes of ECS' API, and of its task events."""

from __future__ import annotations

from embedded.services.ecs.views.history import (
    service_deployment_brief,
    service_deployment_view,
    service_revision_view,
)
from embedded.services.ecs.views.members import epoch, present
from embedded.services.ecs.views.services import service_view
from embedded.services.ecs.views.tasks import task_view

__all__ = [
    "epoch",
    "present",
    "service_deployment_brief",
    "service_deployment_view",
    "service_revision_view",
    "service_view",
    "task_view",
]
